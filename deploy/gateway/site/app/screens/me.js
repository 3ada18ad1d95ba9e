// Oneself: how one is reached, where one is paid, what one is told, and leaving.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {ask, find, get, post} from '../api.js';
import {moment, money} from '../format.js';
import {go} from '../main.js';
import {onto} from '../onto.js';
import {away, isAway, part} from '../parts.js';
import {session} from '../session.js';
import {button, dialog, field, form, open, refusal} from '../ui.js';
import {languages, t} from '../words.js';

export const title = () => t('me.title');

export async function load(page) {
  const having = (asking, path) => part(page, (signal) => asking(path, {signal}));
  const [contact, work, payout, preferences, account] = await Promise.all([
    having(find, '/v1/me/contact'),
    having(find, '/v1/me/work-mail'),
    having(find, '/v1/me/payout'),
    having(get, '/v1/me/preferences'),
    having(get, '/v1/account'),
  ]);
  return {contact, work, payout, preferences, account};
}

/** All that is held of one, from the four services, as one file. */
async function exported() {
  const {shares} = await get('/v1/me/export');
  const whole = {};
  for (const {service, href} of shares) {
    const pages = [];
    let next = null;
    do {
      const page = await get(next ? `${href}?cursor=${encodeURIComponent(next)}` : href);
      pages.push(page);
      next = page.next;
    } while (next);
    whole[service] = pages;
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(whole, null, 2)], {type: 'application/json'}));
  link.download = 'good-golem-export.json';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Set or delete one's own, as it stands there. */
const set = (held, path, body) => onto(held, path, 'PUT', path, body);
const drop = (held, path) => onto(held, path, 'DELETE', path);

const section = (heading, held, content) => html`<section><h2>${heading}</h2>${isAway(held) ? away() : content()}</section>`;

const address = (page, name, path, held, words) => section(t(`me.${name}`), held, () => html`
    <p>${held?.email ? html`<b dir="auto">${held.email}</b> ${held.verified ? t('me.verified') : t('me.unverified')}` : t('me.none')}</p>
    ${held && !held.verified
      ? html`${form(page, `${name}-code`, field(page, 'code', t('me.code'), html`<input name="code" inputmode="numeric" autocomplete="one-time-code" required>`, t('me.code_hint')), ({code}) => post(`${path}/verify`, {code}), {words: t('me.verify')})}`
      : nothing}
    ${form(page, name, field(page, 'email', words, html`<input type="email" name="email" required autocomplete="email">`), ({email}) => set(held, path, {email}), {words: t('me.save')})}
    ${held ? button(page, t('me.delete'), () => drop(held, path)) : nothing}`);

/** Groups of e-mails that one may go without. */
const groups = ({mail}) => Object.keys(mail).filter((each) => each !== 'money');

/** What was shown, but for what was chosen otherwise: it replaces all of it, with what this page does not show. */
function preferred({version, ...held}, values) {
  const mail = {...held.mail, ...Object.fromEntries(groups(held).map((each) => [each, values[`mail-${each}`] === 'yes']))};
  return {...held, language: values.language, matches: values['of-matches'], mail};
}

const preferences = (page, held) => section(t('me.preferences'), held, () => html`
    ${form(page, 'preferences', html`
      ${field(page, 'language', t('frame.language'), html`<select name="language">${languages.map((each) => html`<option value=${each} ?selected=${held.language === each}>${t(`language.${each}`)}</option>`)}</select>`)}
      <fieldset><legend>${t('me.mails')}</legend>${groups(held).map((each) => html`<label class="check"><input type="checkbox" name=${`mail-${each}`} value="yes" ?checked=${held.mail[each]}> ${t(`me.mail.${each}`)}</label>`)}
        <p class="muted">${t('me.mail.money')}</p></fieldset>
      ${field(page, 'matches', t('me.matches'), html`<select name="of-matches">${['off', 'at_once', 'daily', 'weekly'].map((each) => html`<option value=${each} ?selected=${held.matches === each}>${t(`me.matches.${each}`)}</option>`)}</select>`)}`,
      (values) => set(held, '/v1/me/preferences', preferred(held, values)), {words: t('me.save')})}`);

export const view = ({contact, work, payout, preferences: held, account}, page) => html`
  <h1 tabindex="-1">${t('me.title')}</h1>
  ${refusal(page)}
  <div class="grid">
    ${address(page, 'contact', '/v1/me/contact', contact, t('me.email'))}
    ${address(page, 'work', '/v1/me/work-mail', work, t('me.work_email'))}
    ${section(t('me.payout'), payout, () => html`
      <p>${payout ? html`<b>${payout.account}</b> ${payout.serves_from ? t('me.serves_from', {when: moment(payout.serves_from)}) : nothing}` : t('me.no_payout')}</p>
      ${form(page, 'payout', field(page, 'account', t('me.account'), html`<input name="account" required autocomplete="off" placeholder="acct_…">`, t('me.account_hint')), ({account}) => set(payout, '/v1/me/payout', {account}), {words: t('me.save')})}`)}
    ${preferences(page, held)}
    ${section(t('me.limits'), account, () => html`
      <p>${t('me.requests', {left: account.requests.left, all: account.requests.a_week})}</p>
      <p>${t('me.exposure', {sum: money(account.exposure.left)})}</p>`)}
    <section><h2>${t('me.data')}</h2>
      <p class="buttons">${button(page, t('me.export'), exported)} <button type="button" class="danger" @click=${() => open('leave')}>${t('me.leave')}</button></p>
      ${dialog('leave', t('me.leave'), html`<p>${t('me.leave_words')}</p>${refusal(page)}${button(page, t('me.leave'), async () => {
        await ask('DELETE', '/v1/me');
        session.signOut();
        await go('/');
      }, {danger: true})}`)}
    </section>
  </div>
`;
