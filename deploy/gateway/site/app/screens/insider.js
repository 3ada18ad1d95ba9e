// What came of an insider's help: hires, how long they lasted, what was said.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {number} from '../format.js';
import {report} from '../report.js';
import {t} from '../words.js';

const STARS = ['five', 'four', 'three', 'two', 'one'];
export const title = () => t('insider.title');
export const load = ({params, leaving}) => get(`/v1/insiders/${encodeURIComponent(params.person)}`, {signal: leaving.signal, patient: false});

export const view = (record, page) => html`
  <h1 tabindex="-1">${t('insider.title')}</h1>
  <dl class="facts">
    <dt>${t('insider.hires')}</dt><dd>${number(record.hires)}</dd>
    <dt>${t('insider.free')}</dt><dd>${number(record.for_nothing)}</dd>
    <dt>${t('insider.running')}</dt><dd>${number(record.lasted.running)}</dd>
    <dt>${t('insider.ended')}</dt><dd>${number(record.lasted.ended)}</dd>
    ${record.lasted.median_days === null ? nothing : html`<dt>${t('insider.median')}</dt><dd>${t('insider.days', {count: record.lasted.median_days})}</dd>`}
  </dl>
  <h2>${t('deal.reviews')}</h2>
  <ul>${STARS.map((each, at) => html`<li><span aria-hidden="true">${'★'.repeat(5 - at)}</span> <span>${t('insider.stars', {count: 5 - at})}</span>: ${number(record.stars[each])}</li>`)}</ul>
  ${record.reviews.map((each) => html`<p class="bubble"><span dir="auto">${each.text || ''}</span> ${each.offer_id ? html`<a href=${`/deals/${each.offer_id}`}>${t('queue.deal')}</a>` : nothing}</p>`)}
  ${report(`/v1/insiders/${encodeURIComponent(page.params.person)}/reports`, page)}
`;
