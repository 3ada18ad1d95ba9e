// The staff's desk: each queue with how much waits in it, and the health of the system's own books.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {QUEUES} from '../queues.js';
import {session} from '../session.js';
import {number} from '../format.js';
import {away, isAway, part} from '../parts.js';
import {refusal} from '../ui.js';
import {t} from '../words.js';

export const title = () => t('frame.staff');

export async function load(page) {
  const mine = Object.entries(QUEUES).filter(([, each]) => session.has(...each.roles));
  const firsts = await Promise.all(mine.map(([, each]) => part(page, (signal) => get(each.path, {signal, patient: false}))));
  return mine.map(([name], at) => ({name, page: firsts[at]}));
}

const many = ({items, next}) => html`<b>${number(items.length)}${next ? '+' : ''}</b>`;

export const view = (queues, page) => html`
  <h1 tabindex="-1">${t('frame.staff')}</h1>
  ${refusal(page)}
  <ul class="list grid">
    ${session.has('operator') ? html`<li class="card"><h3><a href="/staff/system">${t('system.title')}</a></h3><p class="muted">${t('system.what')}</p></li>` : nothing}
    ${queues.map(({name, page: first}) => html`<li class="card"><h3><a href=${`/staff/${name}`}>${t(`queue.${name}`)}</a></h3>
      <p>${isAway(first) ? nothing : many(first)} <span class="muted">${t(`queue.${name}.what`)}</span></p>${isAway(first) ? away() : nothing}
      ${first.counts ? html`<p class="muted">${Object.entries(first.counts).map(([kind, count]) => `${t(`count.${kind}`)}: ${number(count)}`).join(' · ')}</p>` : nothing}</li>`)}
  </ul>
`;
