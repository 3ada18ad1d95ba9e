// The frame around every screen, and the way from an address to its screen.
import {html, render, nothing} from '../lib/lit-html/lit-html.js';
import {session} from './session.js';
import {choose, chosen, languages, t} from './words.js';
import {ended, failed, failure, loading, navigation, stale} from './frame.js';
import {live} from './live.js';

/** [path, the module that draws it]; {name} in a path is given to the screen. Each is fetched when it is first needed. */
const SCREENS = [
  ['/', () => import('./screens/home.js')],
  ['/search', () => import('./screens/search.js')],
  ['/listings/{id}', () => import('./screens/listing.js')],
  ['/sign-in', () => import('./screens/sign-in.js')],
  ['/signed-in', () => import('./screens/signed-in.js')],
  ['/deals', () => import('./screens/deals.js')],
  ['/deals/{id}', () => import('./screens/deal.js')],
  ['/roles', () => import('./screens/roles.js')],
  ['/roles/new', () => import('./screens/role-new.js')],
  ['/roles/{id}/edit', () => import('./screens/role-edit.js')],
  ['/roles/{id}', () => import('./screens/role.js')],
  ['/insiders/{person}', () => import('./screens/insider.js')],
  ['/matches', () => import('./screens/matches.js')],
  ['/me', () => import('./screens/me.js')],
  ['/notifications', () => import('./screens/notifications.js')],
  ['/staff', () => import('./screens/staff.js')],
  ['/staff/system', () => import('./screens/staff-system.js')],
  ['/staff/{queue}', () => import('./screens/staff-queue.js')],
  ['/flow', () => import('./screens/flow.js')],
];

const LATER = [700, 2000, 5000]; // ms after which one looks again: other services hear of it a moment later
const AWAY = 10_000; // ms after which one looks again for what was not there
const OUTDATED = [404, 409, 410, 412]; // refusals that say: it is not as you saw it
/** Where the page is drawn. A listing's own HTML stays until its screen can take its place. */
let root = document.getElementById('page');
const identity = (each) => each.id || each.listing?.id || each.offer_id || each;

/** A list with its next page beneath it, each entry once. */
function longer(list, {next, items}) {
  const there = new Set(list.items.map(identity));
  return {...list, next, items: [...list.items, ...items.filter((each) => !there.has(identity(each)))]};
}

function place() {
  if (root) return root;
  if (!page.loaded && !page.failure) return null;
  root = document.createElement('div');
  document.body.replaceChildren(root);
  return root;
}

let page = null;

/** What a screen is given: `params`, `query`, `state` (its own, kept over redraws), and the ways to draw, load and act. */
class Page {
  constructor(fetch, params) {
    this.fetch = fetch; // the module that draws it
    this.screen = null;
    this.params = params;
    this.whose = session.person()?.sub;
    this.query = new URLSearchParams(location.search);
    this.state = {};
    this.data = undefined;
    this.problem = null; // of the last act
    this.failure = null; // of loading
    this.isPartial = false; // a part of it is away (see parts.js)
    this.loads = 0;
    this.further = null; // {ask, count}: the pages of a list that were asked for beyond the first
    this.busy = false;
    this.again = null; // the timer of the next look
    this.leaving = new AbortController();
  }

  get isHere() {
    return page === this;
  }

  draw = () => this.isHere && draw();

  /** Load what the screen shows, again. What is drawn stays until the new is there. */
  reload = async () => {
    clearTimeout(this.again);
    this.isPartial = false;
    const load = (this.loads += 1);
    try {
      this.screen ??= await this.fetch();
      if (!this.isHere) return;
      let data = await this.screen.load?.(this);
      for (let read = 0; load === this.loads && data?.next && read < (this.further?.count ?? 0); read += 1) {
        data = longer(data, await this.further.ask(encodeURIComponent(data.next)));
      }
      if (load !== this.loads) return; // a later one has begun
      this.data = data;
      this.failure = null;
    } catch (problem) {
      if (this.leaving.signal.aborted || load !== this.loads) return;
      this.failure = problem;
      if (this.screen && problem.status === undefined) console.error(problem); // a script that could not be fetched: offline
    }
    this.loaded = true;
    this.draw();
    this.lookAgain();
  };

  /** In a while, where a part is away or nothing could be loaded anew. */
  lookAgain() {
    clearTimeout(this.again);
    if (this.isPartial || this.isStale) this.again = setTimeout(() => this.isHere && this.reload(), AWAY);
  }

  /** What is drawn was loaded before, and could not be loaded again. */
  get isStale() {
    return Boolean(this.failure) && this.data !== undefined && !session.isEnded;
  }

  /**
   * The next page of a list, beneath what is there, each entry once. `ask(cursor)` gives it; a refusal is shown. Where
   * the list was read anew meanwhile, its own next page is another one: then nothing is added.
   */
  more = async (ask) => {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.draw();
    try {
      const before = this.data;
      const found = await ask(encodeURIComponent(before.next));
      if (this.data !== before) return;
      this.data = longer(before, found);
      this.further = {ask, count: (this.further?.count ?? 0) + 1};
      this.lookAgain();
    } catch (problem) {
      this.problem = problem;
      if (problem.status === undefined) console.error(problem);
    } finally {
      this.busy = false;
      this.draw();
      this.focusProblem();
    }
  };

  /** The refusal takes the focus: where a dialog is open, the one inside it. */
  focusProblem() {
    if (this.problem) (document.querySelector('dialog[open] .problem') || document.querySelector('.problem'))?.focus();
  }

  /**
   * Do something that the API may refuse: one at a time, the refusal shown, then load again. True if it was done.
   * Where it is refused because things are not as they were, what is shown is as they are.
   */
  act = async (doing) => {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    this.draw();
    try {
      await doing();
      return true;
    } catch (problem) {
      this.problem = problem;
      if (problem.status === undefined) console.error(problem);
      return false;
    } finally {
      this.busy = false;
      if (!this.problem || OUTDATED.includes(this.problem.status)) await this.reload();
      if (!this.problem) for (const ms of LATER) setTimeout(() => this.isHere && !this.busy && this.reload(), ms);
      this.draw();
      this.focusProblem();
    }
  };
}

function found(path) {
  for (const [pattern, module] of SCREENS) {
    const names = [];
    const form = pattern.replace(/\{(\w+)\}/g, (whole, name) => (names.push(name), '([^/]+)'));
    const match = new RegExp(`^${form}/?$`).exec(path);
    if (match) return [module, Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1])]))];
  }
  return [() => import('./screens/missing.js'), {}];
}

async function show() {
  page?.leaving.abort();
  const [module, params] = found(location.pathname);
  const next = new Page(module, params);
  page = next;
  draw();
  await next.reload();
  if (next.isHere) scroll();
}

function scroll() {
  document.querySelector('main h1')?.focus({preventScroll: true});
  const target = location.hash && document.getElementById(location.hash.slice(1));
  target ? target.scrollIntoView() : window.scrollTo(0, 0);
}

/** Go to another screen of this page. */
export function go(path, {replace = false} = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  return show();
}

function body() {
  if (page.failure && page.data === undefined) return failed(page.failure, page.reload);
  if (!page.loaded) return loading();
  return html`${page.isStale && navigator.onLine ? stale(page.failure, page.reload) : nothing}${page.screen.view(page.data, page)}`;
}

function draw() {
  const root = place();
  if (!root) return;
  const title = page.failure && page.data === undefined ? failure(page.failure) : page.screen?.title?.(page.data, page);
  document.title = title ? `${title} · Good Golem` : 'Good Golem';
  render(
    html`
      <a class="skip" href="#main">${t('frame.skip')}</a>
      ${navigation({path: location.pathname, unread: live.unread})}
      <main id="main" tabindex="-1" aria-busy=${page.busy || !page.loaded}>${body()}</main>
      <footer>
        <nav aria-label=${t('frame.language')}>
          ${languages.map(
            (each) => html`<button class="link" lang=${each} aria-pressed=${each === chosen()} @click=${() => choose(each)}>${t(`language.${each}`)}</button>`,
          )}
        </nav>
        <a href="/v1/policies/reporting">${t('frame.policy')}</a>
        <a href="/docs/">${t('frame.developers')}</a>
      </footer>
      ${session.isEnded ? ended(page) : nothing}
    `,
    root,
  );
  for (const each of root.children) each.inert = session.isEnded && !each.matches('.veil');
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || /^\/(v1|docs|site)\//.test(url.pathname) || link.hasAttribute('download')) return;
  if (url.pathname === location.pathname && url.search === location.search && url.hash) return;
  event.preventDefault();
  go(url.pathname + url.search + url.hash);
});
addEventListener('popstate', show);
addEventListener('golem:language', () => (page.screen?.localized ? page.reload() : draw()));
addEventListener('online', () => page.reload());
addEventListener('offline', draw);
addEventListener('golem:session', () => {
  live.restart();
  if (session.isEnded) page?.draw();
  else if (location.pathname === '/signed-in') return;
  else if (page && page.whose !== session.person()?.sub) show(); // nothing of what the one before saw stays
  else page?.reload();
});
addEventListener('golem:news', draw);
addEventListener('golem:event', (event) => page.screen?.news?.(event.detail, page));

await session.restore().catch(() => {});
live.restart();
show();
