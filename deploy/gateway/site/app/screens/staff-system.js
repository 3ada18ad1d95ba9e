// The operator's look at the system: each service says for itself how it is, and what waits in it.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {ago, moment, number} from '../format.js';
import {refusal} from '../ui.js';
import {t} from '../words.js';

const SERVICES = ['listing', 'matching', 'escrow', 'notify'];
const AGAIN = 5000; // ms between two looks
const LATE = 30; // seconds

export const title = () => t('system.title');

export async function load(page) {
  const ask = (path) => get(path, {signal: page.leaving.signal, patient: false}).catch((problem) => ({problem}));
  const [webhooks, ...services] = await Promise.all(['/v1/webhooks/health', ...SERVICES.map((each) => `/v1/status/${each}`)].map(ask));
  const refused = services.find(({problem}) => [401, 403].includes(problem?.status));
  if (refused) throw refused.problem;
  page.leaving.signal.throwIfAborted();
  clearTimeout(page.state.timer);
  page.state.timer = setTimeout(() => page.isHere && page.reload(), AGAIN);
  return {webhooks, services: services.map((each, at) => ({...each, service: SERVICES[at]}))};
}

/** What is not as it should be, in words; nothing: all is well. */
function faults({problem, outbox, overdue, clock_right, workers}) {
  if (problem) return [t('system.no_answer')];
  const seen = workers.filter((each) => each.seen_seconds <= LATE);
  return [
    clock_right ? '' : t('system.clock'),
    seen.length ? '' : t('system.no_worker'),
    outbox.oldest_seconds > LATE ? t('system.outbox_old') : '',
    overdue ? t('system.overdue_some') : '',
    ...seen.flatMap(({stuck, reading}) => [
      stuck.length ? t('system.stuck', {loops: stuck.join(', ')}) : '',
      reading ? '' : t('system.no_broker'),
      reading?.paused.length ? t('system.paused', {topics: reading.paused.join(', ')}) : '',
    ]),
  ].filter((each, at, all) => each && all.indexOf(each) === at);
}

const row = (words, value) => html`<dt>${words}</dt><dd>${value}</dd>`;

function service(each) {
  const wrong = faults(each);
  const {reading} = each.problem ? {} : each.workers.reduce((one, other) => (one && one.seen_seconds <= other.seen_seconds ? one : other), null) || {};
  return html`<li class="card" data-service=${each.service}>
    <h3>${t(`system.${each.service}`)} <span class="badge" data-status=${wrong.length ? 'unwell' : 'well'}>${wrong.length ? t('system.look') : t('system.well')}</span></h3>
    ${wrong.length ? html`<ul class="wrong">${wrong.map((words) => html`<li>${words}</li>`)}</ul>` : nothing}
    ${each.problem ? nothing : html`
      <dl class="sums">
        ${row(t('system.outbox'), number(each.outbox.documents))}
        ${row(t('system.oldest'), each.outbox.documents ? ago(each.outbox.oldest_seconds) : '–')}
        ${row(t('system.lag'), reading ? number(reading.lag) : '–')}
        ${row(t('system.dead'), reading ? number(reading.dead_letters) : '–')}
        ${row(t('system.parked'), number(each.parked))}
        ${row(t('system.overdue'), number(each.overdue))}
      </dl>
      ${reading?.dead_letters ? html`<p class="note">${t('system.redrive')} <code>golem dlq list --service ${each.service}</code></p>` : nothing}
      <ul class="plain muted">${each.workers.map((one) => html`<li>${t('system.worker')} <span dir="auto">${one.slot}</span>, ${t('system.seen', {when: ago(one.seen_seconds)})}, ${t('system.began', {when: ago(one.up_seconds + one.seen_seconds)})}</li>`)}</ul>
      <p class="muted">${t('system.version', {version: each.version})}</p>`}
  </li>`;
}

const hooks = (health) => html`<li class="card"><h3>${t('system.webhooks')}</h3>
  ${health.problem ? html`<p>${t('system.no_answer')}</p>` : html`
    <dl class="sums">
      ${row(t('system.hooks_active'), number(health.active))} ${row(t('system.hooks_failing'), number(health.failing))}
      ${row(t('system.hooks_waiting'), number(health.waiting))} ${row(t('system.hooks_overdue'), health.overdue_seconds ? ago(health.overdue_seconds) : '–')}
    </dl>
    ${health.failing_since ? html`<p>${t('system.hooks_since', {when: moment(health.failing_since)})}</p>` : nothing}`}
</li>`;

export const view = ({services, webhooks}, page) => html`
  <p><a href="/staff">${t('frame.staff')}</a></p>
  <h1 tabindex="-1">${t('system.title')}</h1>
  <p class="muted">${t('system.what')}</p>
  ${refusal(page)}
  <ul class="list grid">${services.map(service)} ${hooks(webhooks)}</ul>
  <p><a href="/staff/reconciliation">${t('queue.reconciliation')}</a> · ${t('system.more')} <code>golem status</code>, <code>golem dlq</code></p>
`;
