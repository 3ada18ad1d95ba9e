// What is said of a role and of the help with it, as a form: for a new listing, and for one that is edited.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {find} from './api.js';
import {decimal, minor, money, percent} from './format.js';
import {field, helpName, refuse, wrong} from './ui.js';
import {t} from './words.js';

const KINDS = ['good_word', 'reference', 'coaching'];
const PER = ['year', 'month', 'week', 'day', 'hour'];

/** What may be charged in the place that is typed now. */
export async function look(page, element) {
  const values = new FormData(element);
  const country = (values.get('country') || '').toUpperCase();
  const subdivision = (values.get('subdivision') || '').toUpperCase();
  const currency = (values.get('currency') || '').toUpperCase();
  page.state.typed = Object.fromEntries(values);
  const asked = new URLSearchParams({country});
  if (subdivision) asked.set('subdivision', subdivision);
  if (/^[A-Z]{3}$/.test(currency)) asked.set('currency', currency);
  const question = /^[A-Z]{2}$/.test(country) ? String(asked) : '';
  if (question && question !== page.state.question) {
    page.state.question = question;
    const rules = await find(`/v1/rules?${question}`, {anonymous: true}).catch((problem) => (problem.errors ? {problem} : null));
    if (question === page.state.question) page.state.rules = rules;
  }
  page.draw();
}

/** Around the form called `name`: cap, fee and law follow what is typed. */
export function looking(page, name, content) {
  if (!page.state.begun) {
    page.state.begun = true;
    queueMicrotask(() => document.forms.namedItem(name) && look(page, document.forms.namedItem(name)));
  }
  return html`<div @input=${(event) => look(page, event.target.form)}>${content}</div>`;
}

/** Whether the employer itself must consent before this help may be sold in the place that is typed. */
export const consentNeeded = (page, kind) =>
  Boolean(page.state.rules?.consents?.some((each) => each.by === 'employer' && each.help === kind));

function law(page, kind) {
  const {rules, typed = {}} = page.state;
  if (!rules || rules.problem) return rules?.problem ? html`<small class="wrong">${rules.problem.errors.map((each) => each.message).join(' ') || rules.problem.message}</small>` : nothing;
  const decision = rules.decisions.find((each) => each.help === kind);
  const currency = (typed.currency || 'CAD').toUpperCase();
  const cap = rules.caps.find((each) => each.currency === currency);
  const amount = /^[A-Z]{3}$/.test(currency) && typed[`price-${kind}`] ? minor(typed[`price-${kind}`], currency) : null;
  const fee = amount === null ? null : Number((BigInt(amount) * BigInt(rules.fee_bps)) / 10_000n);
  return html`
    <small>${decision.may_be_charged ? t('role_new.may') : t('role_new.free_only')} ${cap && decision.may_be_charged ? t('role_new.cap', {cap: money({amount: cap.amount, currency}), share: percent(rules.pay_bps)}) : nothing}
      ${decision.may_be_charged && consentNeeded(page, kind) ? t('role_new.consent') : nothing}
      ${amount && decision.may_be_charged ? t('role_new.you_get', {sum: money({amount: amount - fee, currency}), share: percent(rules.fee_bps)}) : nothing}</small>
    <details><summary>${t('listing.law')}</summary><small>${decision.words} ${t('listing.no_advice', {day: decision.checked})}</small></details>`;
}

/** `was`: the listing as it is, null for a new one. `more`: fields between the place and the duties. */
export function roleFields(page, was, {place, more = nothing}) {
  const paid = (side) => (was ? decimal({amount: was.pay[side], currency: was.pay.currency}) : '');
  return html`
    ${field(page, 'title', t('role_new.title'), html`<input name="title" maxlength="120" required dir="auto" .defaultValue=${was?.title || ''}>`)}
    ${place}
    ${field(page, 'region', t('search.region'), html`<input name="region" maxlength="64" .defaultValue=${was ? was.region || '' : 'Toronto'} dir="auto">`)}
    ${more}
    ${field(page, 'duties', t('role_new.duties'), html`<textarea name="duties" required dir="auto" .defaultValue=${(was?.duties || []).join('\n')}></textarea>`, t('role_new.duties_hint'))}
    ${field(page, 'skills', t('listing.skills'), html`<input name="skills" dir="auto" .defaultValue=${(was?.skills || []).join(', ')}>`, t('profile.comma'))}
    ${was
      ? html`<input type="hidden" name="currency" value=${was.pay.currency}>`
      : field(page, 'currency', t('role_new.currency'), html`<input name="currency" maxlength="3" required .defaultValue=${'CAD'}>`)}
    ${field(page, 'pay-min', t('role_new.pay_min'), html`<input name="pay-min" inputmode="decimal" required .defaultValue=${paid('min')}>`)}
    ${field(page, 'pay-max', t('role_new.pay_max'), html`<input name="pay-max" inputmode="decimal" required .defaultValue=${paid('max')}>`)}
    ${wrong(page, 'pay')}
    ${field(page, 'per', t('role_new.per'), html`<select name="per">${PER.map((each) => html`<option value=${each} ?selected=${each === was?.pay.per}>${t(`per.${each}`)}</option>`)}</select>`)}
    ${field(page, 'leaving_on', t('role_new.leaving'), html`<input type="date" name="leaving_on" required .defaultValue=${was?.leaving_on || ''}>`)}
    ${field(page, 'seats', t('role_new.seats'), html`<input type="number" name="seats" min="1" max="500" .defaultValue=${String(was?.seats || 1)}>`)}
  `;
}

/** The help with its prices. */
export function helpFields(page, was, more = nothing) {
  const offered = (kind) => was?.help.find((each) => each.kind === kind);
  const coaching = page.state.typed?.['help-coaching'] && page.state.rules?.acknowledgements?.length;
  return html`<fieldset><legend>${t('role_new.help')}</legend>${wrong(page, 'help')}
    ${KINDS.map((each) => html`<div class="step">
      <label class="check"><input type="checkbox" name=${`help-${each}`} value="yes" ?checked=${Boolean(offered(each))}> ${helpName(each)}</label>
      ${field(page, `price-${each}`, t('role_new.price'), html`<input name=${`price-${each}`} inputmode="decimal" placeholder="0" .defaultValue=${offered(each)?.price.amount ? decimal(offered(each).price) : ''}>`)} ${law(page, each)}</div>`)}
    ${more}
    ${coaching ? html`<label class="check"><input type="checkbox" name="acknowledges" value="yes" ?checked=${Boolean(was?.acknowledges?.length)}> ${t('role_new.acknowledge')}</label>` : nothing}
  </fieldset>`;
}

/** What was typed there, as the API takes it. Throws a refusal of the page's own. */
export function bodyOf(values) {
  const currency = (values.currency || '').toUpperCase();
  const amount = (name) => {
    const found = minor(values[name] || '', currency);
    if (found === null) throw refuse(name, t('form.amount', {currency}));
    return found;
  };
  const kinds = KINDS.filter((each) => values[`help-${each}`]);
  if (!kinds.length) throw refuse('help', t('role_new.which'));
  return {
    title: values.title,
    region: values.region || null,
    duties: (values.duties || '').split('\n').map((each) => each.trim()).filter(Boolean),
    skills: (values.skills || '').split(',').map((each) => each.trim()).filter(Boolean),
    leaving_on: values.leaving_on,
    seats: Number(values.seats || 1),
    pay: {min: amount('pay-min'), max: amount('pay-max'), currency, per: values.per},
    help: kinds.map((kind) => ({kind, price: {amount: values[`price-${kind}`] ? amount(`price-${kind}`) : 0, currency}})),
    ...(values.acknowledges ? {acknowledges: ['no_confidential_matter']} : {}),
  };
}

/** Of `body`, what is not as the listing `was`. */
export function changed(body, was) {
  const {pay} = was;
  const before = {
    ...was,
    pay: {min: pay.min, max: pay.max, currency: pay.currency, per: pay.per},
    help: KINDS.flatMap((kind) => was.help.filter((each) => each.kind === kind)).map(({kind, price}) => ({kind, price: {amount: price.amount, currency: price.currency}})),
  };
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}
