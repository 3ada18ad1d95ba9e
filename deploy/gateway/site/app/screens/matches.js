// What one looks for, and the listings that fit it, each with its reasons.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {codeField, coded} from '../codes.js';
import {find, get} from '../api.js';
import {onto} from '../onto.js';
import {away, isAway, part} from '../parts.js';
import {button, card, field, form, helpName, list, refusal} from '../ui.js';
import {t} from '../words.js';

const KINDS = ['good_word', 'reference', 'coaching'];
const PROFILE = '/v1/me/profile';
const MATCHES = '/v1/matches?limit=20';
export const title = () => t('frame.matches');

export async function load(page) {
  const {signal} = page.leaving;
  const profile = await find(PROFILE, {signal});
  return {profile, ...(profile ? await shown(await get(MATCHES, {signal}), page) : {items: [], next: null})};
}

/** A match has no title: no event carries a text. Its listing has. */
async function shown(matches, page) {
  const listings = await Promise.all(matches.items.map((each) => part(page, (signal) => find(`/v1/listings/${each.listing.listing_id}`, {signal}))));
  return {next: matches.next, items: matches.items.map((each, at) => ({...each, id: each.listing.listing_id, listing: listings[at]})).filter((each) => each.listing)};
}

const words = (text) => (text || '').split(',').map((each) => each.trim()).filter(Boolean);

/** Of a profile, what one says oneself. */
const said = ({version, created_at, updated_at, ...rest}) => rest;

function wanted(page, profile) {
  const send = async (values, all) => {
    const body = {
      ...said(profile || {}), // it is replaced whole, with what this page does not show
      countries: words(values.countries).map((each) => each.toUpperCase()),
      regions: words(values.regions),
      skills: words(values.skills),
      help: all.getAll('help'),
      occupations: [...new Set([values.occupation, ...all.getAll('kept')].filter(Boolean))].map(coded),
    };
    await onto(profile, PROFILE, 'PUT', PROFILE, body);
  };
  const has = (kind) => profile?.help?.includes(kind);
  return form(page, 'profile', html`
    ${codeField(page, 'occupation', t('profile.occupation'), 'ISCO-08')}
    ${(profile?.occupations || []).map((each) => html`<label class="check"><input type="checkbox" name="kept" value=${`${each.scheme}:${each.code}`} checked> ${each.scheme} ${each.code}</label>`)}
    ${field(page, 'countries', t('profile.countries'), html`<input name="countries" .defaultValue=${(profile?.countries || []).join(', ')}>`, t('profile.comma'))}
    ${field(page, 'regions', t('profile.regions'), html`<input name="regions" .defaultValue=${(profile?.regions || []).join(', ')}>`, t('profile.comma'))}
    ${field(page, 'skills', t('profile.skills'), html`<input name="skills" .defaultValue=${(profile?.skills || []).join(', ')}>`, t('profile.comma'))}
    <fieldset><legend>${t('profile.help')}</legend>
      ${KINDS.map((each) => html`<label class="check"><input type="checkbox" name="help" value=${each} ?checked=${has(each)}> ${helpName(each)}</label>`)}</fieldset>
  `, send, {words: t('profile.save')});
}

/** What fits, and why. */
const match = ({listing, score, reasons}) => {
  const why = html`<details><summary>${t('matches.why', {score})}</summary><ul>${reasons.map((reason) => html`<li>${reason.words}</li>`)}</ul></details>`;
  return isAway(listing) ? html`<article class="card">${away()}${why}</article>` : card(listing, why);
};

export function view({profile, items, next}, page) {
  const more = next ? () => page.more(async (cursor) => shown(await get(`${MATCHES}&cursor=${cursor}`), page)) : null;
  return html`
    <h1 tabindex="-1">${t('frame.matches')}</h1>
    ${refusal(page)}
    <details class="step" ?open=${!profile}><summary>${t('profile.title')}</summary>${wanted(page, profile)}
      ${profile ? button(page, t('profile.delete'), () => onto(profile, PROFILE, 'DELETE', PROFILE), {danger: true}) : nothing}</details>
    ${profile
      ? list(items, match, t('matches.empty'), more)
      : html`<p class="empty">${t('matches.first')}</p>`}
  `;
}
