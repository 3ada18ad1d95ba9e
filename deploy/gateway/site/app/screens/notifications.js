// What one was told, newest first.
import {html} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {live} from '../live.js';
import {list, refusal, when} from '../ui.js';
import {t} from '../words.js';

export const title = () => t('frame.notifications');

export async function load({leaving}) {
  const page = await get('/v1/notifications?limit=30', {signal: leaving.signal});
  if (page.items.length) live.looked(page.items[0].created_at);
  return page;
}

export const news = (event, page) => page.reload();

/** Without its last paragraph, which names the offer: the heading leads there. */
const text = ({text}) => text.split('\n\n').slice(0, -1).join('\n\n') || text;

export function view(data, page) {
  const more = () => page.more((cursor) => get(`/v1/notifications?limit=30&cursor=${cursor}`));
  const to = (each) =>
    each.kind === 'matches.found' ? '/matches' : each.offer_id ? `/deals/${each.offer_id}` : each.listing_id ? `/roles/${each.listing_id}` : '/me';
  const draw = (each) => html`
    <article class="card"><h3><a href=${to(each)}>${each.subject}</a></h3><p class="pre" dir="auto">${text(each)}</p><p class="muted">${when(each.created_at)}</p></article>`;
  return html`<h1 tabindex="-1">${t('frame.notifications')}</h1>${list(data.items, draw, t('notifications.empty'), data.next ? more : null)} ${refusal(page)}`;
}
