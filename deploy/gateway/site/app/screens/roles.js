// One's own listings, whatever their state.
import {html} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {badge, list, place, refusal} from '../ui.js';
import {t} from '../words.js';

export const title = () => t('frame.roles');
const MINE = '/v1/listings?mine=true&limit=50';
export const load = ({leaving}) => get(MINE, {signal: leaving.signal});
export const news = (event, page) => page.reload();

export const view = (data, page) => html`
  <h1 tabindex="-1">${t('frame.roles')}</h1>
  <p><a class="button primary" href="/roles/new">${t('roles.new')}</a></p>
  ${list(data.items, (each) => html`<article class="card"><h3><a href=${`/roles/${each.id}`} dir="auto">${each.title}</a></h3><p>${badge('listing', each.status)} <span class="muted">${place(each)}</span></p></article>`, t('roles.empty'), data.next ? () => page.more((cursor) => get(`${MINE}&cursor=${cursor}`)) : null)} ${refusal(page)}
`;
