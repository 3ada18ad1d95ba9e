// What one may do next in a deal: `explain` says what, by whom and until when; here is the form of each.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {decimal, minor, moment, relative} from './format.js';
import {onto} from './onto.js';
import {isAway} from './parts.js';
import {button, field, form, helpName, refuse} from './ui.js';
import {named, t} from './words.js';

const SOURCES = ['tok_visa', 'tok_declined', 'tok_late', 'tok_chargeback_late'];
const today = () => {
  const now = new Date(); // the day here, not in UTC
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
};
const date = (page, name, label, value = '') =>
  field(page, name, label, html`<input type="date" name=${name} required .defaultValue=${value}>`);
const text = (page, name, label, required = false) =>
  field(page, name, label, html`<textarea name=${name} maxlength="1000" dir="auto" ?required=${required}></textarea>`);

const unanswered = (offer) => offer.help_given.filter((each) => !each.answer);

/** Whose reviews have a text. */
const worded = ({reviews}) => (isAway(reviews) ? [] : ['insider', 'seeker'].filter((each) => reviews?.[each]?.text));

/** Whether one sees the deal as one of its two people; staff say why they do what they do. */
const isParty = ({explain}) => ['insider', 'seeker'].some((each) => explain.you_are.includes(each));

/** The SHA-256 of each chosen file, in hex; the file itself stays in the browser. */
async function hashes(files) {
  const found = [];
  for (const file of files) {
    const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
    found.push([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  return found;
}

/** {operation: {fields(page, deal), body(values, deal, form)}}; an operation without an entry is a plain button. */
const FORMS = {
  counterOffer: {
    fields: (page, {offer}) => html`
      ${field(page, 'price', t('step.price', {currency: offer.price.currency}), html`<input name="price" inputmode="decimal" required autocomplete="off" .defaultValue=${decimal(offer.price)}>`)}
      ${text(page, 'message', t('step.message'))}`,
    body({price, message}, {offer}) {
      const amount = minor(price || '', offer.price.currency);
      if (amount === null) throw refuse('price', t('form.amount', {currency: offer.price.currency}));
      return {price: {amount, currency: offer.price.currency}, ...(message ? {message} : {})};
    },
  },
  cancelOffer: {fields: (page, deal) => (isParty(deal) ? text(page, 'reason', t('step.reason_free')) : text(page, 'reason', t('step.reason'), true))},
  claimHire: {
    fields: (page) => html`
      ${date(page, 'start_on', t('step.start_on'))}
      ${field(page, 'kind', t('step.evidence_kind'), html`<select name="kind">${['offer_letter', 'contract', 'payslip', 'message', 'other'].map((each) => html`<option value=${each}>${named('evidence', each)}</option>`)}</select>`)}
      ${field(page, 'evidence', t('step.evidence'), html`<input type="file" name="files" multiple>`, t('step.evidence_hint'))}`,
    async body({start_on, kind}, deal, values) {
      const found = await hashes(values.getAll('files').filter((each) => each.size));
      return {start_on, ...(found.length ? {evidence: found.map((sha256) => ({kind, sha256}))} : {})};
    },
  },
  confirmHire: {
    fields: (page, deal) => html`
      ${date(page, 'start_on', t('step.start_on'), deal.offer.claims.at(-1)?.start_on || '')}
      ${isParty(deal) ? nothing : text(page, 'reason', t('step.reason'), true)}`,
  },
  endHire: {fields: (page) => date(page, 'on', t('step.last_day'), today())},
  recordHelp: {
    fields: (page, {offer}) => html`
      ${field(page, 'kind', t('step.kind'), html`<select name="kind">${offer.help.map((each) => html`<option value=${each}>${helpName(each)}</option>`)}</select>`)}
      ${date(page, 'on', t('step.on'), today())}`,
  },
  answerHelp: {
    fields: (page, {offer}) => html`
      ${field(page, 'which', t('step.which'), html`<select name="which">${unanswered(offer).map((each) => html`<option value=${`${each.kind} ${each.on}`}>${helpName(each.kind)}, ${each.on}</option>`)}</select>`)}
      ${field(page, 'answer', t('step.answer'), html`<select name="answer"><option value="confirmed">${t('step.confirmed')}</option><option value="denied">${t('step.denied')}</option></select>`)}`,
    body: ({which, answer}) => ({kind: (which || '').split(' ')[0], on: (which || '').split(' ')[1], answer}),
  },
  nameApplication: {
    fields: (page, {offer}) => field(page, 'reference', t('step.application'), html`<input name="reference" maxlength="120" .defaultValue=${offer.application || ''}>`, t('step.application_hint')),
    body: ({reference}) => ({reference: reference || null}),
  },
  reviewOffer: {
    fields: (page) => html`
      ${field(page, 'stars', t('step.stars'), html`<select name="stars">${[5, 4, 3, 2, 1].map((each) => html`<option>${each}</option>`)}</select>`)}
      ${text(page, 'text', t('step.review'))}
      <label class="check"><input type="checkbox" name="would_again" value="yes"> ${t('step.would_again')}</label>`,
    body: ({stars, text, would_again}) => ({stars: Number(stars), ...(text ? {text} : {}), would_again: would_again === 'yes'}),
  },
  removeReviewText: {
    fields: (page, deal) => html`
      ${field(page, 'of', t('step.whose_review'), html`<select name="of">${worded(deal).map((each) => html`<option value=${each}>${named('who', each)}</option>`)}</select>`, t('step.stars_stay'))}
      ${text(page, 'reason', t('step.reason'), true)}`,
  },
  fundEscrow: {
    fields: (page) => html`
      ${field(page, 'source', t('step.source'), html`<select name="source">${SOURCES.map((each) => html`<option value=${each}>${named('source', each)}</option>`)}</select>`, t('step.source_hint'))}
      <label class="check"><input type="checkbox" name="begin" value="yes"> ${t('step.begin_too')}</label>`,
    body: ({source, begin}) => ({source, ...(begin ? {begin: true} : {})}),
  },
  disputeEscrow: {fields: (page) => text(page, 'reason', t('step.reason'), true)},
  resolveDispute: {
    fields: (page) => html`
      ${field(page, 'decision', t('step.decision'), html`<select name="decision">${['return', 'refund', 'split', 'release'].map((each) => html`<option value=${each}>${named('decision', each)}</option>`)}</select>`)}
      ${field(page, 'insider_bps', t('step.insider_share'), html`<input name="percent" inputmode="numeric" pattern="[0-9]{1,3}">`, t('step.insider_share_hint'))}
      ${text(page, 'reason', t('step.reason'), true)}`,
    body: ({decision, percent, reason}) => ({decision, reason, ...(percent ? {insider_bps: Number(percent) * 100} : {})}),
  },
  postponeStart: {fields: (page) => date(page, 'start_on', t('step.later_start'))},
  answerPostponement: {
    fields: (page) => field(page, 'answer', t('step.answer'), html`<select name="answer"><option value="agreed">${t('step.agreed')}</option><option value="declined">${t('step.declined')}</option></select>`),
    body: ({answer}, {escrow}) => ({answer, start_on: escrow.postponement?.start_on}),
  },
  decideLoss: {
    fields: (page) => html`
      ${field(page, 'decision', t('step.decision'), html`<select name="decision">${['write_off', 'set_off'].map((each) => html`<option value=${each}>${named('decision', each)}</option>`)}</select>`)}
      ${text(page, 'reason', t('step.reason'), true)}`,
  },
};

/** Steps that the API would take and that have nothing to act on. */
const NOTHING = {answerHelp: ({offer}) => !unanswered(offer).length, removeReviewText: (deal) => !worded(deal).length};

/** Their order on the page. Each has a place of its own, so that a form keeps what was typed when others come and go. */
const ORDER = [
  'resolveDispute', 'acceptOffer', 'counterOffer', 'fundEscrow', 'beginOffer', 'confirmHire', 'claimHire', 'withdrawDispute', 'answerPostponement',
  'answerHelp', 'recordHelp', 'reviewOffer', 'decideLoss', 'postponeStart', 'nameApplication', 'removeReviewText', 'withdrawOffer', 'declineOffer',
  'rejectHire', 'endHire', 'disputeEscrow', 'cancelOffer',
];

const DANGER = new Set(['declineOffer', 'withdrawOffer', 'cancelOffer', 'rejectHire', 'disputeEscrow', 'endHire', 'removeReviewText']);

/** The commands of a deal's explanations, each operation once, in their places: null where there is none. */
export function commands(explains, deal) {
  const found = new Map();
  for (const explain of explains) {
    for (const each of explain?.next || []) {
      if (each.what !== 'command' || !each.request || NOTHING[each.request.id]?.(deal)) continue;
      const before = found.get(each.request.id);
      if (!before || (each.yours && !before.yours)) found.set(each.request.id, each);
    }
  }
  return [...ORDER, ...[...found.keys()].filter((id) => !ORDER.includes(id))].map((id) => found.get(id) || null);
}

/** What happens by itself, and when. */
export const deadlines = (explains) =>
  explains.flatMap((each) => each?.next || []).filter((each) => each.what === 'timer' && each.at).sort((one, other) => (one.at < other.at ? -1 : 1));

const until = (step) => (step.until ? html`<small>${t('step.until', {when: relative(step.until), moment: moment(step.until)})}</small>` : nothing);

/** One step as a form of its own; whoever may not do it sees who may. */
export function step(page, deal, each) {
  const words = named('do', each.request.id);
  if (!each.yours) {
    const who = (each.by || []).map((by) => named('who', by)).join(', ');
    return html`<li><button type="button" disabled>${words}</button> <span class="muted">${t('step.others', {who})} <span lang="en">${each.when || ''}</span></span></li>`;
  }
  const wanted = FORMS[each.request.id];
  const [shown, where] = each.request.path.startsWith('/v1/escrows/') ? [deal.escrow, `/v1/escrows/${deal.offer.id}`] : [deal.offer, `/v1/offers/${deal.offer.id}`];
  const send = (body) => onto(shown, where, each.request.method, each.request.path, body);
  const options = {primary: !DANGER.has(each.request.id), danger: DANGER.has(each.request.id)};
  if (!wanted) {
    return html`<li class="step" data-step=${each.request.id}>${button(page, words, () => send({}), options)} ${until(each)} <p class="muted" lang="en">${each.note}</p></li>`;
  }
  const body = wanted.body || ((values) => values);
  return html`
    <li>
      <details class="step" data-step=${each.request.id}>
        <summary>${words}</summary>
        <p class="muted"><span lang="en">${each.note}</span> ${until(each)}</p>
        ${form(page, each.request.id, wanted.fields(page, deal), async (values, all) => send(await body(values, deal, all)), {words, ...options})}
      </details>
    </li>
  `;
}
