// What a screen can do without: where a service is away, that part says so and the rest is there; it comes back by itself.
import {html} from '../lib/lit-html/lit-html.js';
import {find} from './api.js';
import {t} from './words.js';

const PATIENCE = 5000; // ms for which a screen waits for what it can do without
const AWAY = Symbol('away');

/** A part that could not be had now. */
export const isAway = (part) => part === AWAY;

/** What stands in its place. */
export const away = () => html`<p class="muted" data-away>${t('failed.away')}</p>`;

/**
 * What `asking(signal)` gives, for a screen that is there without it too: away where it is refused or takes too long, and
 * the screen then looks again. The end of a session is the whole screen's.
 */
export async function part(page, asking) {
  const late = AbortSignal.timeout(PATIENCE);
  const {signal} = page.leaving;
  try {
    return await asking(AbortSignal.any([signal, late]));
  } catch (problem) {
    if (signal.aborted || problem.status === 401) throw problem;
    if (problem.status === undefined && !late.aborted) console.error(problem);
    page.isPartial = true;
    return AWAY;
  }
}

/** Map of listing id to title, of those that may be seen and can be had now. */
export async function titles(page, ids) {
  const unique = [...new Set(ids)];
  const found = await Promise.all(unique.map((id) => part(page, (signal) => find(`/v1/listings/${id}`, {signal}))));
  return new Map(unique.map((id, at) => [id, found[at]?.title]));
}
