// Where the identity provider sends the browser back to.
import {html} from '../../lib/lit-html/lit-html.js';
import {go} from '../main.js';
import {session} from '../session.js';
import {t} from '../words.js';

export const title = () => t('frame.sign_in');

export async function load() {
  try {
    const back = await session.arrive();
    queueMicrotask(() => go(back, {replace: true}));
    return {};
  } catch (error) {
    return {error};
  }
}

export const view = ({error}) =>
  error
    ? html`<h1 tabindex="-1">${t('sign_in.failed')}</h1><p>${error.message}</p><p><a href="/sign-in">${t('failed.again')}</a></p>`
    : html`<p role="status">${t('frame.loading')}</p>`;
