// One's own listing: where it stands, why, and what one may do with it.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {find, get} from '../api.js';
import {moment} from '../format.js';
import {go} from '../main.js';
import {onto} from '../onto.js';
import {away, isAway, part} from '../parts.js';
import {badge, button, card, field, form, refusal, spot} from '../ui.js';
import {named, t} from '../words.js';

/** What the insider may do in which state. The API decides; this decides which buttons stand there. */
const MAY = {
  draft: ['submit', 'withdraw'],
  in_review: ['withdraw'],
  published: ['pause', 'withdraw'],
  paused: ['resume', 'withdraw'],
};

/** What is asked of the employer, only its insider and staff see; what staff did, staff alone. */
export const isOwn = ({consent_asks, audit}) => Boolean(consent_asks) && !audit;

export const title = (data) => data?.listing.title;

const path = ({id}) => `/v1/listings/${encodeURIComponent(id)}`;
const does = (listing, what, body = {}) => onto(listing, path(listing), 'POST', `${path(listing)}/${what}`, body);

export async function load(page) {
  const {params, leaving} = page;
  const listing = await get(path(params), {signal: leaving.signal, patient: false});
  if (!isOwn(listing)) queueMicrotask(() => go(`/listings/${listing.id}`, {replace: true})); // as everybody sees it
  const asked = new URLSearchParams({country: listing.country});
  if (listing.subdivision) asked.set('subdivision', listing.subdivision);
  return {listing, rules: await part(page, (signal) => find(`/v1/rules?${asked}`, {signal}))};
}

export const news = (event, page) => page.reload();

const consentNeeded = ({listing, rules}) =>
  (rules?.consents || []).filter((each) => each.by === 'employer' && listing.help.some((help) => help.kind === each.help && help.price.amount > 0));

function consent(data, page) {
  const {listing} = data;
  if (isAway(data.rules)) return html`<section><h2>${t('role.consent')}</h2>${away()}</section>`;
  const needed = consentNeeded(data);
  if (!needed.length || !['draft', 'in_review', 'published'].includes(listing.status)) return nothing;
  const asks = listing.consent_asks || [];
  return html`
    <section><h2>${t('role.consent')}</h2>
      <p>${t('role.consent_why')} ${needed[0].source.act}, ${needed[0].source.section}: ${needed[0].source.says}.</p>
      ${listing.consent?.by === 'employer' ? html`<p class="note">${t('role.consent_given')}</p>` : nothing}
      ${listing.status === 'draft' && asks.at(-1)?.status === 'refused' ? html`<p class="note">${t('role.consent_refused')}</p>` : nothing}
      ${asks.map((each) => html`<p class="muted">${t('role.consent_asked', {when: moment(each.at), status: named('consent', each.status)})}</p>`)}
      ${listing.employer.domain
        ? form(page, 'consent', field(page, 'mailbox', t('role.mailbox'), html`<input name="mailbox" required placeholder="people" autocapitalize="none">`, t('role.mailbox_hint', {domain: listing.employer.domain})),
            ({mailbox}) => does(listing, 'ask-consent', {mailbox}), {words: t('role.ask_consent')})
        : html`<p>${t('role.no_domain')}</p>`}
    </section>`;
}

/** A draft waits for nobody, whatever held it before. */
const reviewed = ({review, status}) => review && status !== 'published' && !(status === 'draft' && review.outcome === 'held');

export function view(data, page) {
  const {listing} = data;
  const may = MAY[listing.status] || [];
  return html`
    <h1 tabindex="-1" dir="auto">${listing.title}</h1>
    <p>${badge('listing', listing.status)} <a href=${`/listings/${listing.id}`}>${t('role.public')}</a></p>
    ${refusal(page)}
    ${reviewed(listing) ? html`<div class="note"><p>${t('role.review', {outcome: named('outcome', listing.review.outcome)})}</p>
      <ul>${(listing.review.reasons || []).map((each) => html`<li>${spot(each.pointer)}: <span lang="en">${each.message}</span></li>`)}</ul>${listing.review.note ? html`<p dir="auto">${listing.review.note}</p>` : nothing}</div>` : nothing}
    <p class="buttons">${may.map((each) => button(page, t(`role.${each}`), () => does(listing, each), {primary: each === 'submit' || each === 'resume', danger: each === 'withdraw'}))}
      ${['draft', 'published', 'paused'].includes(listing.status) ? html`<a class="button" href=${`/roles/${listing.id}/edit`}>${t('role.edit')}</a>` : nothing}</p>
    ${consent(data, page)}
    ${card(listing)}
  `;
}
