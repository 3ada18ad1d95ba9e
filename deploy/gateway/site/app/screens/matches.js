// What one looks for, and the listings that fit it, each with its reasons.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {codeField, coded} from '../codes.js';
import {ask, find, get} from '../api.js';
import {button, card, field, form, helpName, list, refusal} from '../ui.js';
import {t} from '../words.js';

const KINDS = ['good_word', 'reference', 'coaching'];
const MATCHES = '/v1/matches?limit=20';
export const title = () => t('frame.matches');

export async function load({leaving}) {
  const {signal} = leaving;
  const profile = await find('/v1/me/profile', {signal});
  return {profile, ...(profile ? await shown(await get(MATCHES, {signal}), signal) : {items: [], next: null})};
}

/** A match has no title: no event carries a text. Its listing has. */
async function shown(matches, signal) {
  const listings = await Promise.all(matches.items.map((each) => find(`/v1/listings/${each.listing.listing_id}`, {signal}).catch(() => null)));
  return {next: matches.next, items: matches.items.map((each, at) => ({...each, listing: listings[at]})).filter((each) => each.listing)};
}

const words = (text) => (text || '').split(',').map((each) => each.trim()).filter(Boolean);

function wanted(page, profile) {
  const send = async (values, all) => {
    const body = {
      countries: words(values.countries).map((each) => each.toUpperCase()),
      regions: words(values.regions),
      skills: words(values.skills),
      help: all.getAll('help'),
      occupations: [...new Set([values.occupation, ...all.getAll('kept')].filter(Boolean))].map(coded),
    };
    await ask('PUT', '/v1/me/profile', {body});
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

export function view({profile, items, next}, page) {
  const more = next ? () => page.more(async (cursor) => shown(await get(`${MATCHES}&cursor=${cursor}`))) : null;
  return html`
    <h1 tabindex="-1">${t('frame.matches')}</h1>
    ${refusal(page)}
    <details class="step" ?open=${!profile}><summary>${t('profile.title')}</summary>${wanted(page, profile)}
      ${profile ? button(page, t('profile.delete'), () => ask('DELETE', '/v1/me/profile'), {danger: true}) : nothing}</details>
    ${profile
      ? list(items, (each) => card(each.listing, html`<details><summary>${t('matches.why', {score: each.score})}</summary><ul>${each.reasons.map((reason) => html`<li>${reason.words}</li>`)}</ul></details>`), t('matches.empty'), more)
      : html`<p class="empty">${t('matches.first')}</p>`}
  `;
}
