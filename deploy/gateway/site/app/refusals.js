// What a refusal says, in words for people: once, whether of the whole or of single fields.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {Problem} from './api.js';
import {t} from './words.js';

/** Where the API refused it, its own words, which are English; else the page's. */
export function explained(problem) {
  const {status, message, errors = []} = problem;
  if (!status) return html`<p>${t(status === 0 ? 'failed.unreachable' : 'failed.title')}</p>`;
  if (status === 412) return html`<p>${problem.isUncertain ? t('failed.uncertain') : t('failed.changed')}</p>`;
  const language = problem instanceof Problem ? 'en' : nothing;
  const others = errors.map((each) => each.message).filter((each) => each !== message);
  const said = html`<ul lang=${language}>${others.map((each) => html`<li>${each}</li>`)}</ul>`;
  if (problem.rule === 'invalid' && others.length) return html`<p>${t('failed.several')}</p>${said}`; // its detail speaks to programs
  return html`<p lang=${language}>${message}</p>${others.length ? said : nothing}`;
}
