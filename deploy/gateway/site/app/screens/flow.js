// A hire, live: what each of the four services says, in the order in which it happens; the money, and the journal beneath.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {find, get, post, put} from '../api.js';
import {money, moment} from '../format.js';
import {moneyBar} from '../money-bar.js';
import {people} from '../session.js';
import {badge, refusal} from '../ui.js';
import {t} from '../words.js';

const LANES = ['listing', 'matching', 'escrow', 'notify'];
const LOOK = 250; // ms between two looks
const PATIENCE = 60_000;

export const title = () => t('flow.title');
export const load = async () => ({people: await people()});

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** Plays one hire as its two people would, and shows it as it goes. */
async function play(page) {
  const of = (sub) => page.data.people.find((each) => each.sub === sub).token;
  const [insider, seeker] = [{as: of('ines')}, {as: of('sam')}];
  const state = page.state;
  Object.assign(state, {events: [], escrow: null, journal: null, listing: null, offer: null, confirmed: null, took: null, playing: true});
  const began = new Date(Date.now() - 1000).toISOString();
  const watching = watch(page, began, insider, seeker);
  try {
    await put('/v1/me/payout', {account: 'acct_ines'}, insider);
    const listing = await post('/v1/listings', {
      title: 'Backend engineer', employer: {name: 'Acme Inc.'}, country: 'CA', subdivision: 'CA-ON', region: 'Toronto',
      industry: {scheme: 'NAICS-2022', code: '5415'}, occupation: {scheme: 'ISCO-08', code: '2512'},
      duties: ['Run the payment services'], leaving_on: inDays(45), acknowledges: ['no_confidential_matter'],
      pay: {min: 9500000, max: 12000000, currency: 'CAD', per: 'year'},
      help: [{kind: 'coaching', price: {amount: 50000, currency: 'CAD'}}],
    }, insider);
    state.listing = listing.id;
    await post(`/v1/listings/${listing.id}/submit`, {}, insider);
    const offer = await post('/v1/offers', {listing_id: listing.id, help: ['coaching'], declares: {foreign_national: false}}, seeker);
    state.offer = offer.id;
    await post(`/v1/offers/${offer.id}/accept`, {}, insider);
    await until(() => find(`/v1/escrows/${offer.id}`, seeker), (escrow) => escrow?.status === 'awaiting');
    await post(`/v1/escrows/${offer.id}/fund`, {source: 'tok_visa', begin: true}, seeker);
    await until(() => get(`/v1/offers/${offer.id}`, seeker), (each) => each.status === 'active');
    await post(`/v1/offers/${offer.id}/claim-hire`, {start_on: inDays(0)}, insider);
    state.confirmed = performance.now();
    await post(`/v1/offers/${offer.id}/confirm-hire`, {start_on: inDays(0)}, seeker);
    await until(() => get(`/v1/escrows/${offer.id}`, seeker), (escrow) => escrow.status === 'settled');
    await until(() => get(`/v1/offers/${offer.id}`, seeker), (each) => each.status === 'completed');
  } finally {
    state.playing = false;
    await watching;
  }
}

async function until(ask, is) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    if (is(await ask())) return;
    if (performance.now() > end) throw new Error(t('flow.slow'));
    await pause(LOOK);
  }
}

/** Looks at what the services say of it, until nothing is played any more and the last was seen. */
async function watch(page, began, insider, seeker) {
  const {state} = page;
  for (let last = false; page.isHere && !last; await pause(LOOK)) {
    last = !state.playing;
    const items = (path, options) => find(path, options).then((each) => each?.items || []).catch(() => []);
    const id = state.offer;
    const [listing, offers, moves, mails, escrow, journal] = await Promise.all([
      state.listing ? find(`/v1/listings/${state.listing}`, insider).catch(() => null) : null,
      id ? items(`/v1/offers/${id}/history?limit=100`, seeker) : [],
      id ? items(`/v1/escrows/${id}/history?limit=100`, seeker) : [],
      id ? items('/v1/notifications?limit=30', seeker) : [],
      id ? find(`/v1/escrows/${id}`, seeker).catch(() => null) : null,
      id ? find(`/v1/escrows/${id}/journal`, seeker).catch(() => null) : null,
    ]);
    const events = [
      ...(listing ? [{at: listing.created_at, what: 'listing.submitted', lane: 'listing', words: listing.title}] : []),
      ...(listing?.published_at ? [{at: listing.published_at, what: 'listing.created', lane: 'listing', words: t('flow.published')}] : []),
      ...offers.map((each) => ({...each, lane: 'matching'})),
      ...moves.map((each) => ({...each, lane: 'escrow'})),
      ...mails.filter((each) => each.offer_id === id && each.created_at > began).map((each) => ({at: each.created_at, what: each.kind, lane: 'notify', words: each.subject})),
    ];
    for (const each of events) {
      const key = `${each.lane} ${each.what} ${each.at}`;
      if (!state.events.some((known) => known.key === key)) state.events.push({...each, key});
    }
    state.events.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
    if (escrow?.status === 'settled' && state.confirmed && !state.took) state.took = performance.now() - state.confirmed;
    Object.assign(state, {escrow: escrow || state.escrow, journal: journal || state.journal});
    page.draw();
  }
}

const events = (found) => html`
  <div class="wide"><table class="lanes">
    <caption>${t('flow.lanes')}</caption>
    <thead><tr>${LANES.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
    <tbody>${found.map((each) => html`<tr>${LANES.map((name) => html`<td>${each.lane === name ? html`<div class="event" data-lane=${name}><code>${each.what}</code><br><small>${each.words}</small></div>` : nothing}</td>`)}</tr>`)}</tbody>
  </table></div>`;

const journal = ({entries}, currency) => {
  const lines = entries.flatMap((entry) => entry.lines.map((line) => ({...line, at: entry.at})));
  const sum = lines.reduce((whole, each) => whole + BigInt(each.amount), 0n);
  return html`
    <h2>${t('flow.journal')}</h2>
    <div class="wide"><table>
      <thead><tr><th scope="col">${t('flow.when')}</th><th scope="col">${t('flow.account')}</th><th scope="col">${t('flow.amount')}</th></tr></thead>
      <tbody>${lines.map((each) => html`<tr><td>${moment(each.at)}</td><td>${each.account}</td><td class="number">${money({amount: each.amount, currency})}</td></tr>`)}</tbody>
      <tfoot><tr><th scope="row" colspan="2">${t('bar.sum')}</th><td class="number">${lines.length ? money({amount: Number(sum), currency}) : ''}</td></tr></tfoot>
    </table></div>`;
};

export const view = (data, page) => html`
  <h1 tabindex="-1">${t('flow.title')}</h1>
  <p class="lead">${t('flow.what')}</p>
  ${refusal(page)}
  ${data.people.length
    ? html`<p><button class="primary" ?disabled=${page.busy} @click=${() => page.act(() => play(page))}>${t('flow.play')}</button></p>`
    : html`<p class="note">${t('flow.development')}</p>`}
  ${page.state.took ? html`<p role="status">${t('flow.took', {seconds: (page.state.took / 1000).toFixed(1)})}</p>` : nothing}
  ${page.state.escrow ? html`<p>${badge('escrow', page.state.escrow.status)} ${page.state.offer ? html`<code>${page.state.offer.slice(-8)}</code>` : nothing}</p>${moneyBar(page.state.escrow)}` : nothing}
  ${page.state.events?.length ? events(page.state.events) : nothing}
  ${page.state.journal && page.state.escrow ? journal(page.state.journal, page.state.escrow.currency) : nothing}
`;
