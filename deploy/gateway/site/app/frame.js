// What surrounds a screen: navigation, loading, failure, the end of a session.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {people, session} from './session.js';
import {explained} from './refusals.js';
import {t} from './words.js';

const entry = (here, path, words, extra = nothing) =>
  html`<a href=${path} aria-current=${here === path || here.startsWith(`${path}/`) ? 'page' : 'false'}>${words}${extra}</a>`;

/** Where one signs in, and comes back from to what one was looking at. */
function signIn() {
  const {pathname, search} = location;
  if (pathname === '/sign-in') return pathname + search;
  return pathname === '/' ? '/sign-in' : `/sign-in?back=${encodeURIComponent(pathname + search)}`;
}

/** The head of the page. `unread`: how many notifications nobody has looked at. */
export function navigation({path, unread}) {
  const person = session.person();
  const badge = unread ? html` <span class="count" role="img" aria-label=${t('frame.unread', {count: unread})}>${unread}</span>` : nothing;
  return html`
    <header class="top">
      <a class="brand" href="/"><img src="/site/icon.svg" alt="" width="28" height="28">Good Golem</a>
      <nav aria-label=${t('frame.menu')}>
        ${entry(path, '/search', t('frame.search'))}
        ${person
          ? html`${entry(path, '/matches', t('frame.matches'))} ${entry(path, '/deals', t('frame.deals'))}
              ${entry(path, '/roles', t('frame.roles'))} ${entry(path, '/notifications', t('frame.notifications'), badge)}
              ${session.has('moderator', 'arbiter', 'operator') ? entry(path, '/staff', t('frame.staff')) : nothing}
              ${entry(path, '/me', person.name)}
              <button class="link" @click=${() => session.signOut()}>${t('frame.sign_out')}</button>`
          : html`<a href=${signIn()} aria-current=${path === '/sign-in' ? 'page' : 'false'}>${t('frame.sign_in')}</a>`}
      </nav>
    </header>
    ${navigator.onLine ? nothing : html`<p class="offline" role="status">${t('frame.offline')}</p>`}
  `;
}

export const loading = () => html`<p class="loading" role="status">${t('frame.loading')}</p>`;

/** Why a screen could not be loaded, in a line. */
export function failure(problem) {
  if (problem.status === 404) return t('failed.missing');
  if (![401, 403].includes(problem.status)) return t('failed.title');
  return problem.status === 401 || !session.person() ? t('failed.sign_in') : t('failed.forbidden');
}

/** A screen that could not be loaded, in words, with what to do about it. */
export function failed(problem, again) {
  const heading = html`<h1 tabindex="-1">${failure(problem)}</h1>`;
  if (problem.status === 401 || problem.status === 403) {
    return html`<section class="empty">${heading}
      ${session.person() ? nothing : html`<a class="button" href=${signIn()}>${t('frame.sign_in')}</a>`}</section>`;
  }
  if (problem.status === 404) {
    return html`<section class="empty">${heading}<a href="/">${t('failed.home')}</a></section>`;
  }
  const words = problem.status ? explained(problem) : html`<p>${navigator.onLine ? t('failed.unreachable') : t('frame.offline')}</p>`;
  return html`<section class="empty" role="alert">${heading}${words}
    <button @click=${again}>${t('failed.again')}</button></section>`;
}

/** What was loaded before and could not be loaded again stands beneath this. */
export const stale = (problem, again) => html`
  <p class="note" role="status">${[403, 404].includes(problem.status) ? `${failure(problem)}. ` : ''}${t('failed.stale')} <button class="link" @click=${again}>${t('failed.again')}</button></p>`;

/** Away to the identity provider; where it cannot be reached, that is said where one asked for it. */
async function signInAgain(page) {
  page.state.unreached = null;
  if (!page.state.offered?.length) page.state.people = null; // they may not have come
  page.draw();
  await session.signIn().catch((problem) => (page.state.unreached = problem));
  page.draw();
  document.querySelector('.veil .problem')?.focus();
}

/** Over everything, when the token has ended: it has the focus, and what was typed stays beneath. */
export function ended(page) {
  page.state.people ??= people().catch(() => []).then((found) => {
    page.state.offered = found;
    page.draw();
    document.querySelector('.veil button')?.focus();
  });
  const {unreached} = page.state;
  const offered = page.state.offered || [];
  return html`
    <div class="veil">
      <section class="dialog" role="alertdialog" aria-modal="true" aria-labelledby="ended">
        <h2 id="ended">${t('ended.title')}</h2>
        <p>${t('ended.words')}</p>
        ${unreached ? html`<div class="problem" role="alert" tabindex="-1">${explained(unreached)}</div>` : nothing}
        ${offered.length
          ? html`<p class="buttons">${offered.map((each) => html`<button @click=${() => session.continueAs(each)}>${each.name}</button>`)}</p>`
          : html`<button class="primary" @click=${() => signInAgain(page)}>${t('frame.sign_in')}</button>`}
      </section>
    </div>
  `;
}
