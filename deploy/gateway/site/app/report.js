// Reporting a listing or a person to the moderators.
import {html} from '../lib/lit-html/lit-html.js';
import {post} from './api.js';
import {dialog, field, form, open, refusal} from './ui.js';
import {named, t} from './words.js';

const REASONS = ['fraud', 'money_outside', 'names_employer', 'discriminates', 'not_a_role', 'other'];

/** A button and its form; `path` takes the reports of what is reported. */
export const report = (path, page) => html`
  <p><button class="link" @click=${() => open('report')}>${t('report.title')}</button></p>
  ${dialog('report', t('report.title'), page.state.reported
    ? html`<p role="status">${t('report.thanks')}</p>`
    : html`${refusal(page)}${form(page, 'report-form', html`
        ${field(page, 'reason', t('report.reason'), html`<select name="reason">${REASONS.map((each) => html`<option value=${each}>${named('report', each)}</option>`)}</select>`)}
        ${field(page, 'text', t('report.text'), html`<textarea name="text" maxlength="1000" dir="auto"></textarea>`)}`,
        async (values) => {
          await post(path, values);
          page.state.reported = true;
        }, {words: t('report.send')})}`)}
`;
