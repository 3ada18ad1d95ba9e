// The queues of staff: where each is read, who may, and how one of its entries is drawn and decided.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {post} from './api.js';
import {money, moment} from './format.js';
import {onto} from './onto.js';
import {titles} from './parts.js';
import {badge, button, card, field, form, spot, when} from './ui.js';
import {named, t} from './words.js';

const RETURNS = ['contact_data', 'employer_named', 'unclear', 'unlawful', 'not_genuine', 'other'];
const sum = (each) => (each.amount === undefined ? '' : money({amount: each.amount, currency: each.currency}));
const deal = (id) => html`<a href=${`/deals/${id}`}>${t('queue.deal')} ${id.slice(-8)}</a>`;

const reason = (page, id, values) => field(page, 'reason', t('report.reason'), html`<select name="reason">${values.map((each) => html`<option value=${each}>${named('return', each)}</option>`)}</select>`);
const note = (page) => field(page, 'note', t('step.reason_free'), html`<textarea name="note" maxlength="1000" dir="auto"></textarea>`);

/** About the listing as it was read. */
const decides = (listing, act, body = {}) => onto(listing, `/v1/listings/${listing.id}`, 'POST', `/v1/listings/${listing.id}/${act}`, body);

const listing = (each, page) => html`
  ${card(each)}
  <ul class="muted">${each.duties.map((duty) => html`<li dir="auto">${duty}</li>`)}</ul>
  ${each.review ? html`<p class="note">${named('outcome', each.review.outcome)}: ${[...(each.review.rules || []), ...(each.review.reasons || []).map((found) => `${spot(found.pointer)}: ${found.rule}`)].join(', ')}</p>` : nothing}
  <p class="buttons">${button(page, t('queue.publish'), () => decides(each, 'publish'), {primary: true})}</p>
  ${['return', 'remove'].map((act) => html`<details class="step"><summary>${t(`queue.${act}`)}</summary>
    ${form(page, `${act}-${each.id}`, html`${reason(page, each.id, RETURNS)}${note(page)}`, (values) => decides(each, act, values), {words: t(`queue.${act}`), primary: false})}</details>`)}`;

/** Reports of listings, each with its listing's title. */
async function titled(found, page) {
  const known = await titles(page, found.items.map((each) => each.id));
  return {...found, items: found.items.map((each) => ({...each, title: known.get(each.id)}))};
}

const reported = (path, what, decisions) => (each, page) => html`
  <article class="card"><h3><a href=${`${what}/${each.id}`} dir="auto">${(what === '/listings' && each.title) || `${t(`queue.about${what}`)} ${each.id.slice(-8)}`}</a> ${badge('report', each.status)}</h3>
    <p>${t('queue.reported', {people: each.people, addresses: each.addresses})} ${when(each.since)}</p>
    <ul class="chips">${each.reasons.map((found) => html`<li>${named('report', found.reason)}: ${found.count}</li>`)}</ul>
    ${each.reports.map((found) => html`<p class="bubble" dir="auto">${named('report', found.reason)}: ${found.text || ''}</p>`)}
    ${each.status === 'open'
      ? form(page, `decide-${each.id}`, html`${field(page, 'decision', t('step.decision'), html`<select name="decision">${decisions.map((one) => html`<option value=${one}>${named('decision', one)}</option>`)}</select>`)}${note(page)}`, (values) => onto(each, null, 'POST', `${path}/${each.id}/decide`, values), {words: t('queue.decide')})
      : nothing}
  </article>`;

const money_ = (each) => html`
  <article class="card"><h3>${deal(each.offer_id)} ${each.status ? badge('escrow', each.status) : nothing}</h3>
    <p>${sum(each)} ${each.since ? html`· ${moment(each.since)} (${when(each.since)})` : nothing} ${each.reason ? html`<br><span dir="auto">${each.reason}</span>` : nothing}</p></article>`;

const employer = (each, page) => html`
  <article class="card"><h3 dir="auto">${each.name}</h3><p>${each.domain} · ${each.mailboxes.join(', ')} ${badge('employer', each.status)}</p>
    ${each.status === 'registered' ? button(page, t('queue.remove_employer'), () => onto(each, `/v1/employers/${each.id}`, 'POST', `/v1/employers/${each.id}/remove`, {}), {danger: true}) : nothing}</article>`;

const register = (page) => html`
  <details class="step"><summary>${t('queue.register')}</summary>
    ${form(page, 'register', html`
      ${field(page, 'name', t('role_new.employer_name'), html`<input name="name" maxlength="120" required dir="auto">`)}
      ${field(page, 'domain', t('role_new.domain'), html`<input name="domain" required autocapitalize="none">`)}
      ${field(page, 'mailboxes', t('queue.mailboxes'), html`<input name="mailboxes" required autocapitalize="none">`, t('profile.comma'))}`,
      ({name, domain, mailboxes}) => post('/v1/employers', {name, domain, mailboxes: (mailboxes || '').split(',').map((each) => each.trim()).filter(Boolean)}), {words: t('queue.register')})}
  </details>`;

const reconciled = (each) => html`
  <article class="card"><h3>${deal(each.offer_id)}</h3><ul class="chips">${Object.entries(each).filter(([name, value]) => value && !['offer_id', 'version'].includes(name) && typeof value !== 'object').map(([name, value]) => html`<li>${name.replaceAll('_', ' ')}: ${value}</li>`)}</ul></article>`;

const ats = (each) => html`
  <article class="card"><h3 dir="auto">${each.application}</h3><p>${badge('ats', each.status)} ${each.rule || ''} ${moment(each.received_at)}</p>${each.offers.map(deal)}</article>`;

export const QUEUES = {
  listings: {path: '/v1/listings?status=in_review&limit=20', roles: ['moderator'], draw: listing},
  reports: {path: '/v1/reports?limit=20', roles: ['moderator'], draw: reported('/v1/reports', '/listings', ['keep', 'remove']), fill: titled},
  insiders: {path: '/v1/insider-reports?limit=20', roles: ['moderator'], draw: reported('/v1/insider-reports', '/insiders', ['keep', 'act'])},
  disputes: {path: '/v1/reconciliation/disputes?limit=20', roles: ['arbiter', 'operator'], draw: money_},
  employers: {path: '/v1/employers?limit=20', roles: ['operator'], draw: employer, head: register},
  held: {path: '/v1/reconciliation/held?limit=20', roles: ['operator'], draw: money_},
  payouts: {path: '/v1/reconciliation/payouts?limit=20', roles: ['operator'], draw: money_},
  refused: {path: '/v1/reconciliation/refused?limit=20', roles: ['operator'], draw: money_},
  reconciliation: {path: '/v1/reconciliation?limit=20', roles: ['operator'], draw: reconciled},
  ats: {path: '/v1/ats-events?limit=20', roles: ['operator'], draw: ats},
};
