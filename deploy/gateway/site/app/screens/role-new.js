// Listing a role, in three parts: the role, the help with its price, who must agree. Cap, fee and law are shown as one types.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {codeField, coded} from '../codes.js';
import {find, post} from '../api.js';
import {minor, money, percent} from '../format.js';
import {go} from '../main.js';
import {field, form, helpName, refusal, refuse, wrong} from '../ui.js';
import {t} from '../words.js';

const KINDS = ['good_word', 'reference', 'coaching'];
const PER = ['year', 'month', 'week', 'day', 'hour'];
const SCHEMES = {CA: 'NAICS-2022', US: 'NAICS-2022', MX: 'NAICS-2022'};

export const title = () => t('roles.new');
export const load = async () => ({rules: null});

/** What may be charged in the place that is typed now. */
async function look(page, element) {
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

function law(page, kind) {
  const {rules, typed = {}} = page.state;
  if (!rules || rules.problem) return rules?.problem ? html`<small class="wrong">${rules.problem.errors.map((each) => each.message).join(' ') || rules.problem.message}</small>` : nothing;
  const decision = rules.decisions.find((each) => each.help === kind);
  const currency = (typed.currency || 'CAD').toUpperCase();
  const cap = rules.caps.find((each) => each.currency === currency);
  const amount = /^[A-Z]{3}$/.test(currency) && typed[`price-${kind}`] ? minor(typed[`price-${kind}`], currency) : null;
  const fee = amount === null ? null : Number((BigInt(amount) * BigInt(rules.fee_bps)) / 10_000n);
  return html`
    <small>${decision.may_be_charged ? t('role_new.may') : t('role_new.free_only')} ${cap && decision.may_be_charged ? t('role_new.cap', {cap: money({amount: cap.amount, currency})}) : nothing}
      ${amount && decision.may_be_charged ? t('role_new.you_get', {sum: money({amount: amount - fee, currency}), share: percent(rules.fee_bps)}) : nothing}</small>
    <details><summary>${t('listing.law')}</summary><small>${decision.words} ${t('listing.no_advice', {day: decision.checked})}</small></details>`;
}

async function send(values, page) {
  const currency = (values.currency || '').toUpperCase();
  const amount = (name) => {
    const found = minor(values[name] || '', currency);
    if (found === null) throw refuse(name, t('form.amount', {currency}));
    return found;
  };
  if (!values.occupation) throw refuse('occupation', t('codes.needed'));
  if (!values.industry) throw refuse('industry', t('codes.needed'));
  const kinds = KINDS.filter((each) => values[`help-${each}`]);
  if (!kinds.length) throw refuse('help', t('role_new.which'));
  const body = {
    title: values.title,
    country: (values.country || '').toUpperCase(),
    ...(values.subdivision ? {subdivision: values.subdivision.toUpperCase()} : {}),
    ...(values.region ? {region: values.region} : {}),
    employer: {name: values.employer, ...(values.domain ? {domain: values.domain} : {})},
    industry: coded(values.industry),
    occupation: coded(values.occupation),
    duties: (values.duties || '').split('\n').map((each) => each.trim()).filter(Boolean),
    ...(values.skills ? {skills: values.skills.split(',').map((each) => each.trim()).filter(Boolean)} : {}),
    leaving_on: values.leaving_on,
    seats: Number(values.seats || 1),
    pay: {min: amount('pay-min'), max: amount('pay-max'), currency, per: values.per},
    help: kinds.map((kind) => ({kind, price: {amount: values[`price-${kind}`] ? amount(`price-${kind}`) : 0, currency}})),
    ...(values.acknowledges ? {acknowledges: ['no_confidential_matter']} : {}),
    ...(values.half ? {tranches: [{due_day: 0, bps: 5000}, {due_day: 90, bps: 5000}]} : {}),
  };
  page.state.made ??= await post('/v1/listings', body);
  const {id} = page.state.made;
  await go(`/roles/${id}`);
}

export function view(data, page) {
  const country = (page.state.typed?.country || 'CA').toUpperCase();
  const scheme = SCHEMES[country] || 'NACE-2.1';
  const coaching = page.state.typed?.['help-coaching'] && page.state.rules?.acknowledgements?.length;
  if (!page.state.begun) {
    page.state.begun = true;
    queueMicrotask(() => document.forms.role && look(page, document.forms.role));
  }
  return html`
    <h1 tabindex="-1">${t('roles.new')}</h1>
    ${refusal(page)}
    <div @input=${(event) => look(page, event.target.form)}>
    ${form(page, 'role', html`
      <fieldset><legend>${t('role_new.role')}</legend>
        ${field(page, 'title', t('role_new.title'), html`<input name="title" maxlength="120" required dir="auto">`)}
        ${field(page, 'country', t('search.country'), html`<input name="country" maxlength="2" required .defaultValue=${'CA'}>`)}
        ${field(page, 'subdivision', t('role_new.subdivision'), html`<input name="subdivision" maxlength="6" .defaultValue=${'CA-ON'}>`, t('role_new.subdivision_hint'))}
        ${field(page, 'region', t('search.region'), html`<input name="region" maxlength="64" .defaultValue=${'Toronto'} dir="auto">`)}
        ${codeField(page, 'occupation', t('profile.occupation'), 'ISCO-08', wrong(page, 'occupation'))}
        ${codeField(page, 'industry', t('role_new.industry'), scheme, wrong(page, 'industry'))}
        ${field(page, 'duties', t('role_new.duties'), html`<textarea name="duties" required dir="auto"></textarea>`, t('role_new.duties_hint'))}
        ${field(page, 'skills', t('listing.skills'), html`<input name="skills" dir="auto">`, t('profile.comma'))}
        ${field(page, 'currency', t('role_new.currency'), html`<input name="currency" maxlength="3" required .defaultValue=${'CAD'}>`)}
        ${field(page, 'pay-min', t('role_new.pay_min'), html`<input name="pay-min" inputmode="decimal" required>`)}
        ${field(page, 'pay-max', t('role_new.pay_max'), html`<input name="pay-max" inputmode="decimal" required>`)}
        ${field(page, 'per', t('role_new.per'), html`<select name="per">${PER.map((each) => html`<option value=${each}>${t(`per.${each}`)}</option>`)}</select>`)}
        ${field(page, 'leaving_on', t('role_new.leaving'), html`<input type="date" name="leaving_on" required>`)}
        ${field(page, 'seats', t('role_new.seats'), html`<input type="number" name="seats" min="1" max="500" .defaultValue=${'1'}>`)}
      </fieldset>
      <fieldset><legend>${t('role_new.employer')}</legend>
        ${field(page, 'employer', t('role_new.employer_name'), html`<input name="employer" maxlength="120" required dir="auto">`, t('role_new.employer_hint'))}
        ${field(page, 'domain', t('role_new.domain'), html`<input name="domain" autocapitalize="none">`, t('role_new.domain_hint'))}
      </fieldset>
      <fieldset><legend>${t('role_new.help')}</legend>${wrong(page, 'help')}
        ${KINDS.map((each) => html`<div class="step">
          <label class="check"><input type="checkbox" name=${`help-${each}`} value="yes"> ${helpName(each)}</label>
          ${field(page, `price-${each}`, t('role_new.price'), html`<input name=${`price-${each}`} inputmode="decimal" placeholder="0">`)} ${law(page, each)}</div>`)}
        <label class="check"><input type="checkbox" name="half" value="yes"> ${t('role_new.half')}</label>
        ${coaching ? html`<label class="check"><input type="checkbox" name="acknowledges" value="yes"> ${t('role_new.acknowledge')}</label>` : nothing}
      </fieldset>`, (values) => send(values, page), {words: t('role_new.save')})}
    </div>
    <p class="muted">${t('role_new.then')}</p>
  `;
}
