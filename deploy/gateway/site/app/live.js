// News of what concerns the person: by the stream of events, by asking again where the stream is away.
import {createParser} from '../lib/eventsource-parser/index.js';
import {get} from './api.js';
import {session} from './session.js';

const POLL = 10_000;
const SEEN = 'golem:seen';
let running = null;

export const live = {
  unread: 0,
  isStreaming: false,

  /** Begin again for whoever is signed in now. */
  restart() {
    running?.abort();
    running = null;
    live.unread = 0;
    live.isStreaming = false;
    if (!session.person()) return;
    running = new AbortController();
    follow(running.signal);
    count(running.signal);
  },

  /** The person has looked at their notifications, up to this moment (ISO). */
  looked(moment) {
    localStorage.setItem(`${SEEN}:${session.person()?.sub}`, moment);
    live.unread = 0;
    window.dispatchEvent(new CustomEvent('golem:news'));
  },
};

const tell = (detail) => window.dispatchEvent(new CustomEvent('golem:event', {detail}));
const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), {once: true});
  });

/** Read the stream for as long as somebody is signed in; while it is away, say every ten seconds that there may be news. */
async function follow(signal) {
  let cursor = null;
  while (!signal.aborted) {
    try {
      const headers = {Accept: 'text/event-stream', Authorization: `Bearer ${session.token()}`};
      if (cursor) headers['Last-Event-ID'] = cursor;
      const answer = await fetch('/v1/stream', {headers, signal, cache: 'no-store'});
      if (answer.status === 401) return session.ended();
      if (!answer.ok) throw new Error(String(answer.status));
      live.isStreaming = true;
      const parser = createParser({
        onEvent(event) {
          cursor = event.event === 'reset' ? null : event.id || cursor;
          if (event.event === 'offset-only') return;
          let body = null;
          try {
            body = JSON.parse(event.data);
          } catch {}
          tell({type: event.event, body});
          count(signal);
        },
      });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) parser.feed(part.value);
    } catch {
      live.isStreaming = false;
    }
    if (signal.aborted) return;
    if (live.isStreaming) {
      live.isStreaming = false;
      await pause(500 + Math.random() * 1000, signal);
    } else {
      await pause(POLL, signal);
      tell({type: 'poll', body: null});
      count(signal);
    }
  }
}

let counting = null; // for whom: the signal that ends with their session
async function count(signal) {
  if (counting === signal || signal.aborted) return;
  counting = signal;
  try {
    await pause(400, signal); // a mail's notification is written a moment after the event
    const page = await get('/v1/notifications?limit=50', {signal});
    const seen = localStorage.getItem(`${SEEN}:${session.person()?.sub}`) || '';
    const unread = page.items.filter((each) => each.created_at > seen).length;
    if (unread !== live.unread) {
      live.unread = unread;
      window.dispatchEvent(new CustomEvent('golem:news'));
    }
  } catch {
  } finally {
    if (counting === signal) counting = null;
  }
}
