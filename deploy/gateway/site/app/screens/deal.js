// One deal on one page: where it stands, what may be done next, the money, what was said, what happened.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {all, find, get, post} from '../api.js';
import {day, moment} from '../format.js';
import {moneyBar} from '../money-bar.js';
import {away, isAway, part} from '../parts.js';
import {commands, deadlines, step} from '../steps.js';
import {badge, breakdown, field, form, helpName, refusal, when} from '../ui.js';
import {named, t} from '../words.js';

const MISSING = [403, 404];

export const title = (data) => data && t('deal.title', {role: data.listing?.title || t('deal.role')});

/** What is there to see, or null: not everything is everybody's. */
const quiet = (path, signal) => find(path, {signal}).catch((problem) => (problem.status === 403 ? null : Promise.reject(problem)));

/** Offer and escrow, with what may be done, are needed; the rest may be away. */
export async function load(page) {
  const {signal} = page.leaving;
  const id = encodeURIComponent(page.params.id);
  const offer = await get(`/v1/offers/${id}`, {signal});
  const beside = (path) => part(page, (signal) => quiet(path, signal));
  const listed = (path) => part(page, (signal) => all(path, {signal, patient: false}).catch((problem) => (MISSING.includes(problem.status) ? [] : Promise.reject(problem))));
  const [explain, escrow, escrowExplain, listing, contact, reviews, link, history, moves] = await Promise.all([
    get(`/v1/offers/${id}/explain`, {signal}),
    quiet(`/v1/escrows/${id}`, signal),
    quiet(`/v1/escrows/${id}/explain`, signal),
    beside(`/v1/listings/${offer.listing_id}`),
    offer.begun_at ? beside(`/v1/contacts/${id}`) : null,
    beside(`/v1/offers/${id}/reviews`),
    beside(`/v1/employer-links/${id}`),
    listed(`/v1/offers/${id}/history?limit=100`),
    listed(`/v1/escrows/${id}/history?limit=100`),
  ]);
  const happened = [history, moves].filter((each) => !isAway(each)).flat().sort((one, other) => (one.at < other.at ? -1 : 1));
  return {
    offer, explain, escrow, listing, contact, reviews, link, happened,
    escrowExplain: escrow && escrowExplain, // what may be done is done to what is shown
    isHistoryWhole: ![history, moves].some(isAway),
  };
}

/** Something happened somewhere: if it was here, show it. */
export function news({type, body}, page) {
  const offer = body?.data?.offer_id || body?.offer_id || body?.subject;
  if (type === 'poll' || !offer || offer === page.params.id) page.reload();
}

const steps = (page, deal) => {
  const explains = [deal.explain, deal.escrowExplain];
  const found = commands(explains, deal);
  const mine = found.map((each) => (each?.yours ? each : null));
  const others = found.filter((each) => each && !each.yours);
  return html`
    <section aria-labelledby="next">
      <h2 id="next">${t('deal.next')}</h2>
      ${refusal(page)}
      ${deal.escrow?.declined && mine.some((each) => each?.request.id === 'fundEscrow') ? html`<p class="note" role="alert">${t('deal.payment_declined')}</p>` : nothing}
      ${mine.some(Boolean) ? html`<ul class="list">${mine.map((each) => (each ? step(page, deal, each) : nothing))}</ul>` : html`<p class="muted">${t('deal.nothing_to_do')}</p>`}
      ${others.length ? html`<details><summary>${t('deal.others')}</summary><ul class="list">${others.map((each) => step(page, deal, each))}</ul></details>` : nothing}
      ${deadlines(explains).map((each) => html`<p class="muted">${t('deal.by_itself', {what: named('timer', each.name.replace('timer:', ''))})} <time datetime=${each.at}>${moment(each.at)}</time> (${when(each.at)})</p>`)}
    </section>
  `;
};

const employer = (page, {offer, link, explain}) =>
  ['hire_claimed', 'active'].includes(offer.status) && ['insider', 'seeker'].some((each) => explain.you_are.includes(each))
    ? html`<details class="step"><summary>${t('deal.ask_employer')}</summary>
        ${isAway(link) ? away() : link ? html`<p>${t('deal.asked', {status: named('link', link.status)})}</p>` : nothing}
        ${form(page, 'employer-link', html`
          ${field(page, 'address', t('deal.employer_address'), html`<input type="email" name="address" required autocomplete="off">`, t('deal.employer_hint'))}
          ${field(page, 'reference', t('deal.employer_reference'), html`<input name="reference" maxlength="120" required>`)}`,
          (values) => post('/v1/employer-links', {offer_id: offer.id, ...values}), {words: t('deal.ask_employer')})}
      </details>`
    : nothing;

const reached = ({contact, offer}) =>
  isAway(contact)
    ? html`<section><h2>${t('deal.contact')}</h2>${away()}</section>`
    : offer.begun_at && contact
    ? html`<section><h2>${t('deal.contact')}</h2><p>${contact.email ? html`<a href=${`mailto:${contact.email}`}>${contact.email}</a>` : t('deal.no_contact')}</p></section>`
    : nothing;

const said = ({reviews}) => {
  if (isAway(reviews)) return html`<section><h2>${t('deal.reviews')}</h2>${away()}</section>`;
  const shown = Object.entries(reviews || {}).filter(([, each]) => each?.stars);
  return shown.length
    ? html`<section><h2>${t('deal.reviews')}</h2>${shown.map(([of, each]) => html`<p><b>${named('who', of)}</b>: ${'★'.repeat(each.stars)} <span dir="auto">${each.text || ''}</span></p>`)}</section>`
    : nothing;
};

export function view(deal, page) {
  const {offer, escrow, happened} = deal;
  const listing = isAway(deal.listing) ? null : deal.listing;
  return html`
    <h1 tabindex="-1" dir="auto">${listing?.title || t('deal.role')}</h1>
    <p>
      ${badge('offer', offer.status)} ${escrow ? badge('escrow', escrow.status) : nothing}
      <span class="muted">${t('deal.you_are', {who: deal.explain.you_are.filter((each) => ['insider', 'seeker'].includes(each)).map((each) => named('who', each)).join(', ') || t('deal.staff')})}</span>
    </p>
    <p class="lead" role="status">${named('state', offer.status)} ${escrow && escrow.status !== offer.status ? named('money_state', escrow.status) : nothing}</p>
    ${steps(page, deal)} ${employer(page, deal)}
    <section aria-labelledby="money">
      <h2 id="money">${t('deal.money')}</h2>
      ${offer.price.amount ? breakdown(offer.breakdown.seeker_pays, offer.breakdown, offer.fee_bps) : html`<p>${t('money.free')}</p>`}
      ${escrow ? moneyBar(escrow) : nothing}
      ${escrow?.due?.length && offer.price.amount ? html`<p class="muted">${t('deal.tranches', {count: escrow.due.length})}: ${escrow.due.map((each) => html`${each.due_on ? day(each.due_on) : t('deal.with_hire')} (${named('due', each.status)}) `)}</p>` : nothing}
      ${escrow?.dispute ? html`<p class="note" dir="auto">${t('deal.dispute')} ${escrow.dispute.reason || ''}</p>` : nothing}
    </section>
    <section><h2>${t('deal.about')}</h2>
      <p>${offer.help.map(helpName).join(', ')} ${listing ? html` · <a href=${`/listings/${offer.listing_id}`}>${t('deal.listing')}</a>` : nothing}</p>
      ${isAway(deal.listing) ? away() : nothing}
      ${listing && !listing.employer.veiled ? html`<p>${t('listing.employer')}: <b dir="auto">${listing.employer.name}</b></p>` : nothing}
    </section>
    ${reached(deal)} ${said(deal)}
    <section aria-labelledby="happened">
      <h2 id="happened">${t('deal.history')}</h2>
      <ol class="history">
        ${happened.map((each) => html`<li><time class="muted" datetime=${each.at}>${moment(each.at)}</time> · ${named('who', each.by)}<br>${each.words}
          ${each.text ? html`<p class="bubble" dir="auto">${each.text}</p>` : nothing}</li>`)}
      </ol>
      ${deal.isHistoryWhole ? nothing : away()}
    </section>
  `;
}
