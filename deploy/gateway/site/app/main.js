// The frame around every screen, and the way from an address to its screen.
import {html, render, nothing} from '../lib/lit-html/lit-html.js';
import {session} from './session.js';
import {choose, chosen, languages, t} from './words.js';
import {ended, failed, loading, navigation} from './frame.js';
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
/** Where the page is drawn. A listing's own HTML stays until its screen can take its place. */
let root = document.getElementById('page');
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
  constructor(screen, params) {
    this.screen = screen;
    this.params = params;
    this.query = new URLSearchParams(location.search);
    this.state = {};
    this.data = undefined;
    this.problem = null; // of the last act
    this.failure = null; // of loading
    this.busy = false;
    this.leaving = new AbortController();
  }

  get isHere() {
    return page === this;
  }

  draw = () => this.isHere && draw();

  /** Load what the screen shows, again. What is drawn stays until the new is there. */
  reload = async () => {
    try {
      this.data = await this.screen.load?.(this);
      this.failure = null;
    } catch (problem) {
      if (this.leaving.signal.aborted) return;
      this.failure = problem;
      if (problem.name !== 'Problem' && problem.status === undefined) console.error(problem);
    }
    this.loaded = true;
    this.draw();
  };

  /** Do something that the API may refuse: one at a time, the refusal shown, then load again. True if it was done. */
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
      if (!this.problem) await this.reload();
      if (!this.problem) for (const ms of LATER) setTimeout(() => this.isHere && !this.busy && this.reload(), ms);
      this.draw();
      if (this.problem) document.querySelector('.problem')?.focus();
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
  const next = new Page(null, params);
  page = next;
  draw();
  try {
    next.screen = await module();
  } catch (error) {
    next.failure = error; // the script could not be fetched: offline
    next.loaded = true;
  }
  if (!next.isHere) return;
  if (next.screen) await next.reload();
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
  if (!page.screen && !page.failure) return loading();
  if (page.failure && page.data === undefined) return failed(page.failure, page.reload);
  if (!page.loaded) return loading();
  return page.screen.view(page.data, page);
}

function draw() {
  const root = place();
  if (!root) return;
  const title = page.screen?.title?.(page.data, page);
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
  else if (location.pathname !== '/signed-in') page?.reload();
});
addEventListener('golem:news', draw);
addEventListener('golem:event', (event) => page.screen?.news?.(event.detail, page));

await session.restore().catch(() => {});
live.restart();
show();
