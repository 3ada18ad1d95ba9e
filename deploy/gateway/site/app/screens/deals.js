// One's deals, newest first: what waits for one stands out.
import {html} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {money} from '../format.js';
import {titles} from '../parts.js';
import {badge, helpName, list, refusal, when} from '../ui.js';
import {t} from '../words.js';

export const title = () => t('frame.deals');

export const load = async (page) => named(await get('/v1/offers?limit=20', {signal: page.leaving.signal}), page);

/** Each offer with its role's title. */
async function named(offers, page) {
  const known = await titles(page, offers.items.map((each) => each.listing_id));
  return {...offers, items: offers.items.map((each) => ({...each, title: known.get(each.listing_id)}))};
}

export const news = (event, page) => page.reload();

export function view(data, page) {
  const more = () => page.more(async (cursor) => named(await get(`/v1/offers?limit=20&cursor=${cursor}`), page));
  const draw = (each) => html`
    <article class="card">
      <h3><a href=${`/deals/${each.id}`} dir="auto">${each.title || t('deal.role')}</a></h3>
      <p>${badge('offer', each.status)} ${each.price.amount ? money(each.price) : t('money.free')} · ${each.help.map(helpName).join(', ')}</p>
      <p class="muted">${when(each.updated_at)}</p>
    </article>`;
  return html`<h1 tabindex="-1">${t('frame.deals')}</h1>${list(data.items, draw, t('deals.empty'), data.next ? more : null)} ${refusal(page)}`;
}
