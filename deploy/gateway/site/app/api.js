// The public HTTP API, as any client sees it: one function that asks, and what a refusal is.
import {session} from './session.js';

/** A refusal (RFC 9457). `errors`: [{pointer, rule, message}] where single fields are at fault; status 0: nothing answered. */
export class Problem extends Error {
  constructor(status, document = {}) {
    super(document.detail || document.title || String(status));
    this.status = status;
    this.title = document.title || '';
    this.rule = (document.type || '').split('/').pop();
    this.errors = (document.errors || []).map((each) => ({...each, field: (each.pointer || '').slice(1).replaceAll('/', '.')}));
    this.request = document.request_id;
  }
}

const PATIENCE = 15_000; // ms for which "not yet" (Retry-After on 404, 409, 503) is asked again
const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), {once: true});
  });

/**
 * Ask the API. Gives {data, next}: the JSON and the next page's path; throws Problem, which says whether an answer was lost
 * before (`isRepeated`).
 * A POST keeps one Idempotency-Key over all its attempts, so that a lost answer never does a thing twice.
 * `anonymous`: without the session's token; `as`: with another one. `patient: false`: what is not there yet is refused at once.
 */
export async function ask(method, path, {body, match, signal, anonymous = false, patient = true, key, as} = {}) {
  const headers = {Accept: 'application/json', 'Accept-Language': document.documentElement.lang};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method === 'POST') headers['Idempotency-Key'] = key || crypto.randomUUID();
  if (match) headers['If-Match'] = match;
  const until = Date.now() + PATIENCE;
  let isRepeated = false;
  for (;;) {
    const token = as || (anonymous ? null : session.token());
    if (token) headers.Authorization = `Bearer ${token}`;
    let answer;
    try {
      answer = await fetch(path, {
        method,
        headers,
        signal,
        cache: 'no-store',
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      if (Date.now() > until - PATIENCE + 3000 || !navigator.onLine) throw new Problem(0);
      isRepeated = true;
      await pause(500, signal);
      continue;
    }
    if (answer.ok) {
      const data = answer.status === 204 ? null : await answer.json();
      return {data, next: data?.next ?? null};
    }
    const wait = Number(answer.headers.get('Retry-After'));
    if (patient && wait > 0 && [404, 409, 503].includes(answer.status) && Date.now() + wait * 1000 < until) {
      isRepeated ||= answer.status === 503;
      await pause(Math.min(wait * 1000, 1000), signal);
      continue;
    }
    if (answer.status === 401 && token && !as) session.ended();
    throw Object.assign(new Problem(answer.status, await answer.json().catch(() => ({}))), {isRepeated});
  }
}

export const get = (path, options) => ask('GET', path, options).then((answer) => answer.data);
export const post = (path, body = {}, options) => ask('POST', path, {...options, body}).then((answer) => answer.data);
export const put = (path, body, options) => ask('PUT', path, {...options, body}).then((answer) => answer.data);

/** What a GET gives, or null where there is nothing (yet). */
export async function find(path, options) {
  try {
    return await get(path, {patient: false, ...options});
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

/** All items of a list, at most `most`, page after page. */
export async function all(path, {most = 200, ...options} = {}) {
  const items = [];
  let cursor = null;
  do {
    const separator = path.includes('?') ? '&' : '?';
    const page = await get(cursor ? `${path}${separator}cursor=${encodeURIComponent(cursor)}` : path, options);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}
