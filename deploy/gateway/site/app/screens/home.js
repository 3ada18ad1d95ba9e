// The first screen, for anyone: what this is, the honest answer to the obvious objection, search, the newest roles.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {away, isAway, part} from '../parts.js';
import {configuration} from '../session.js';
import {card, list} from '../ui.js';
import {t} from '../words.js';
import {searchForm} from './search.js';

export const title = () => t('home.title');

export async function load(page) {
  const [newest, settings] = await Promise.all([
    part(page, (signal) => get('/v1/listings?limit=6', {anonymous: true, signal})),
    part(page, configuration),
  ]);
  return {newest, settings};
}

export const view = ({newest, settings}, page) => html`
  <h1 tabindex="-1">${t('home.title')}</h1>
  <p class="lead">${t('home.what')}</p>
  ${searchForm(page)}
  ${settings.people
    ? html`<p class="note">${t('home.development')} <a href="/flow">${t('home.flow')}</a> · <a href="/sign-in">${t('home.continue')}</a></p>`
    : nothing}
  <section aria-labelledby="bribery">
    <h2 id="bribery">${t('home.bribery')}</h2>
    <ul>
      <li>${t('home.consent')}</li>
      <li>${t('home.cap')}</li>
      <li>${t('home.no_hire')}</li>
      <li>${t('home.free_first')}</li>
    </ul>
  </section>
  <section aria-labelledby="newest">
    <h2 id="newest">${t('home.newest')}</h2>
    ${isAway(newest) ? away() : list(newest.items, (each) => card(each), t('search.empty'))}
    <p><a href="/search">${t('home.all')}</a></p>
  </section>
`;
