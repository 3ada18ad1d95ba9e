// Editing one's own listing. Only what was changed is sent, and only onto the version that was read.
import {html} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {go} from '../main.js';
import {onto} from '../onto.js';
import {bodyOf, changed, helpFields, looking, roleFields} from '../role-form.js';
import {form, place, refusal} from '../ui.js';
import {isOwn} from './role.js';
import {t} from '../words.js';

const path = ({id}) => `/v1/listings/${encodeURIComponent(id)}`;

export const title = () => t('role.edit');

export async function load({params, leaving}) {
  const listing = await get(path(params), {signal: leaving.signal, patient: false});
  if (!isOwn(listing)) queueMicrotask(() => go(`/listings/${listing.id}`, {replace: true})); // as everybody sees it
  return {listing};
}

async function send(values, page) {
  const {listing} = page.data;
  const body = changed(bodyOf(values), listing);
  // Where somebody else changed it, what is there now is shown; what was typed stays, for the next attempt.
  if (Object.keys(body).length) await onto(listing, path(listing), 'PATCH', path(listing), body);
  await go(`/roles/${listing.id}`);
}

export const view = ({listing}, page) => html`
  <p><a href=${`/roles/${listing.id}`} dir="auto">${listing.title}</a></p>
  <h1 tabindex="-1">${t('role.edit')}</h1>
  ${listing.status === 'draft' ? '' : html`<p class="note">${t('role.edit_later')}</p>`}
  <p class="muted">${t('role.edit_stays', {place: place(listing)})}</p>
  ${refusal(page)}
  ${looking(page, 'role-edit', form(page, 'role-edit', html`
    <input type="hidden" name="country" value=${listing.country}>
    <input type="hidden" name="subdivision" value=${listing.subdivision || ''}>
    <fieldset><legend>${t('role_new.role')}</legend>${roleFields(page, listing, {place: ''})}</fieldset>
    ${helpFields(page, listing)}`, (values) => send(values, page), {words: t('role.save')}))}
`;
