// Acting on what was shown: an act goes out with the version of the document that the person saw, and counts for that alone.
import {ask, find, get} from './api.js';

/** What moves by itself or by checks in the background; nobody decides by it. */
const BY_ITSELF = new Set(['version', 'updated_at', 'expires_at', 'seats_taken', 'review', 'insider_verified']);
const isPlain = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const ordered = (value) => (isPlain(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
const seen = (document) => JSON.stringify(document, (name, value) => (BY_ITSELF.has(name) ? undefined : ordered(value)));

/** Whether what was to be done stands there. */
const isDone = (method, now, body) =>
  method === 'DELETE' ? now === null : now !== null && Object.entries(body).every(([name, value]) => seen(now[name]) === seen(value));

/**
 * Ask the API for an act on the document `shown`, which stands at the path `where`. Where its version has moved and nothing
 * of what was seen has, the act is sent once more, onto what is there now; else the refusal (412) stands, as it does without
 * `where`: then all of the document is seen. Of `shown` null there was nothing to see. Where the answer to a first try was
 * lost, its repeat may be refused for what that try has done (a POST is known by its key): then it is looked at.
 */
export async function onto(shown, where, method, path, body) {
  if (!shown) return ask(method, path, {body});
  try {
    return await ask(method, path, {body, match: `"${shown.version}"`});
  } catch (problem) {
    if (!where) throw problem;
    if (problem.isRepeated && method !== 'POST') {
      const now = await find(where);
      if (isDone(method, now, body)) return {data: now, next: null};
      problem.isUncertain = problem.status === 412;
      throw problem;
    }
    if (problem.status !== 412) throw problem;
    const now = await get(where, {patient: false});
    if (seen(now) !== seen(shown)) throw problem;
    return ask(method, path, {body, match: `"${now.version}"`});
  }
}
