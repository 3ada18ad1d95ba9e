// Signing in: by the identity provider, or on a development stack as one of its people.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {go} from '../main.js';
import {configuration, people, session} from '../session.js';
import {refusal} from '../ui.js';
import {t} from '../words.js';

export const title = () => t('frame.sign_in');
export const load = async () => ({settings: await configuration(), people: await people()});

/** Where to go afterwards: a path of this page, whatever the address says. */
const back = (query) => (/^\/(?!\/)[\x21-\x7e]*$/.test(query.get('back') || '') ? query.get('back') : '/');

export const view = ({settings, people}, page) => html`
  <h1 tabindex="-1">${t('frame.sign_in')}</h1>
  ${refusal(page)}
  ${settings.issuer
    ? html`<p><button class="primary" @click=${() => page.act(() => session.signIn(back(page.query)))}>${t('sign_in.provider', {provider: new URL(settings.issuer).host})}</button></p>`
    : nothing}
  ${people.length
    ? html`<p class="note">${t('sign_in.development')}</p>
        <ul class="list">${people.map((each) => html`<li>
          <button @click=${() => (session.continueAs(each), go(back(page.query)))}>${t('sign_in.continue', {name: each.name})}</button>
          <span class="muted">${t(`sign_in.role.${each.roles[0] || each.is}`)}</span></li>`)}</ul>`
    : nothing}
  ${settings.issuer || people.length ? nothing : html`<p>${t('sign_in.none')}</p>`}
`;
