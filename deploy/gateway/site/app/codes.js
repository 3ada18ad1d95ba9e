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
    state.chosen = choice(q, state.found);
    if (q.length > 1 && !state.chosen) {
      const page = await get(`/v1/codes?${new URLSearchParams({q: q.replace(OWN_CODE, ''), scheme, limit: '8'})}`, {anonymous: true}).catch(() => ({items: []}));
      if (turn !== state.turn) return;
      state.found = page.items;
      state.chosen = choice(q, state.found);
    }
    page.draw();
    const kept = event.target.form?.elements[name]; // a draft may have put another code there, unseen by what is drawn
    if (kept) kept.value = state.chosen ? `${scheme}:${state.chosen.code}` : '';
  };
  return html`
    <label class="field"><span>${label}</span>
      <input list=${`list-${name}`} name=${`${name}-words`} autocomplete="off" @input=${look}>
      <datalist id=${`list-${name}`}>${state.found.map((each) => html`<option value=${spelt(each, state.found)}>${each.code}</option>`)}</datalist>
      <input type="hidden" name=${name} .value=${state.chosen ? `${scheme}:${state.chosen.code}` : ''}>
      <small>${state.chosen ? t('codes.chosen', {code: state.chosen.code}) : t('codes.hint')}</small>${wrong}
    </label>`;
}

const OWN_CODE = / \([^()]*\)$/;

/** A name; where several have the same (a group and its only part), with the code. */
const spelt = (each, found) => (found.filter(({name}) => name === each.name).length > 1 ? `${each.name} (${each.code})` : each.name);

/** What was meant by these words; by a name alone, the first that has it. */
const choice = (words, found) => found.find((each) => spelt(each, found) === words) || found.find(({name}) => name === words) || null;

/** "SCHEME:CODE" as the API wants it. */
export const coded = (value) => ({scheme: value.slice(0, value.indexOf(':')), code: value.slice(value.indexOf(':') + 1)});
