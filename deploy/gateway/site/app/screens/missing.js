// An address that nothing stands behind.
import {html} from '../../lib/lit-html/lit-html.js';
import {t} from '../words.js';

export const title = () => t('failed.missing');
export const view = () => html`<h1 tabindex="-1">${t('failed.missing')}</h1><p><a href="/">${t('failed.home')}</a></p>`;
