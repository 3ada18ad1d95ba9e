// Choosing an industry, an occupation or a skill from the public lists, by words.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {get} from './api.js';
import {t} from './words.js';

/**
 * A field that finds codes of one scheme while one types. The chosen code stands in a hidden control called `name`
 * as "SCHEME:CODE".
 */
export function codeField(page, name, label, scheme, wrong = nothing) {
  const state = (page.state[`code-${name}`] ??= {found: [], chosen: null});
  const look = async (event) => {
    const q = event.target.value.trim();
    const turn = (state.turn = (state.turn || 0) + 1);
    state.chosen = state.found.find((each) => each.name === q) || null;
    if (q.length > 1 && !state.chosen) {
      const page = await get(`/v1/codes?${new URLSearchParams({q, scheme, limit: '8'})}`, {anonymous: true}).catch(() => ({items: []}));
      if (turn !== state.turn) return;
      state.found = page.items;
      state.chosen = state.found.find((each) => each.name === q) || null;
    }
    page.draw();
  };
  return html`
    <label class="field"><span>${label}</span>
      <input list=${`list-${name}`} name=${`${name}-words`} autocomplete="off" @input=${look}>
      <datalist id=${`list-${name}`}>${state.found.map((each) => html`<option value=${each.name}>${each.code}</option>`)}</datalist>
      <input type="hidden" name=${name} .value=${state.chosen ? `${scheme}:${state.chosen.code}` : ''}>
      <small>${state.chosen ? t('codes.chosen', {code: state.chosen.code}) : t('codes.hint')}</small>${wrong}
    </label>`;
}

/** "SCHEME:CODE" as the API wants it. */
export const coded = (value) => ({scheme: value.slice(0, value.indexOf(':')), code: value.slice(value.indexOf(':') + 1)});
