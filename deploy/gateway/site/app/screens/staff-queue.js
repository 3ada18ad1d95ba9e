// One queue of staff, with what is needed to decide.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {money} from '../format.js';
import {QUEUES} from '../queues.js';
import {list, refusal} from '../ui.js';
import {t} from '../words.js';

export const title = (data, page) => QUEUES[page.params.queue] && t(`queue.${page.params.queue}`);

export async function load(page) {
  const {params, leaving} = page;
  const queue = QUEUES[params.queue];
  if (!queue) throw Object.assign(new Error(), {status: 404});
  return filled(queue, await get(queue.path, {signal: leaving.signal, patient: false}), page);
}

/** A page of the queue with what its entries alone do not say. */
const filled = (queue, found, page) => (queue.fill ? queue.fill(found, page) : found);

export function view(data, page) {
  const queue = QUEUES[page.params.queue];
  const more = () => page.more(async (cursor) => filled(queue, await get(`${queue.path}&cursor=${cursor}`), page));
  return html`
    <p><a href="/staff">${t('frame.staff')}</a></p>
    <h1 tabindex="-1">${t(`queue.${page.params.queue}`)}</h1>
    <p class="muted">${t(`queue.${page.params.queue}.what`)}</p>
    ${refusal(page)} ${queue.head ? queue.head(page) : nothing}
    ${(data.totals || []).length ? html`<p>${t('queue.totals')} ${data.totals.map((each) => money(each)).join(', ')}</p>` : nothing}
    ${list(data.items, (each) => queue.draw(each, page), t('queue.empty'), data.next ? more : null)}
  `;
}
