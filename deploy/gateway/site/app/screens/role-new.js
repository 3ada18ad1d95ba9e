// Listing a role, in three parts: the role, the help with its price, who must agree. Cap, fee and law are shown as one types.
import {html} from '../../lib/lit-html/lit-html.js';
import {codeField, coded} from '../codes.js';
import {post} from '../api.js';
import {go} from '../main.js';
import {bodyOf, consentNeeded, helpFields, looking, roleFields} from '../role-form.js';
import {session} from '../session.js';
import {field, form, refusal, refuse, wrong} from '../ui.js';
import {t} from '../words.js';

const SCHEMES = {CA: 'NAICS-2022', US: 'NAICS-2022', MX: 'NAICS-2022'};

export const title = () => t('roles.new');
export async function load() {
  if (!session.person()) throw Object.assign(new Error(), {status: 401});
  return {rules: null};
}

async function send(values, page) {
  if (!values.occupation) throw refuse('occupation', t('codes.needed'));
  if (!values.industry) throw refuse('industry', t('codes.needed'));
  const body = {
    ...bodyOf(values),
    country: (values.country || '').toUpperCase(),
    ...(values.subdivision ? {subdivision: values.subdivision.toUpperCase()} : {}),
    employer: {name: values.employer, ...(values.domain ? {domain: values.domain} : {})},
    industry: coded(values.industry),
    occupation: coded(values.occupation),
    ...(values.half ? {tranches: [{due_day: 0, bps: 5000}, {due_day: 90, bps: 5000}]} : {}),
  };
  const paid = body.help.filter((each) => each.price.amount > 0);
  if (!values.domain && paid.some((each) => consentNeeded(page, each.kind))) throw refuse('domain', t('role_new.domain_needed'));
  page.state.made ??= await post('/v1/listings', body);
  const {id} = page.state.made;
  await go(`/roles/${id}`);
}

export function view(data, page) {
  const country = (page.state.typed?.country || 'CA').toUpperCase();
  const place = html`
    ${field(page, 'country', t('search.country'), html`<input name="country" maxlength="2" required .defaultValue=${'CA'}>`)}
    ${field(page, 'subdivision', t('role_new.subdivision'), html`<input name="subdivision" maxlength="6" .defaultValue=${'CA-ON'}>`, t('role_new.subdivision_hint'))}`;
  const more = html`
    ${codeField(page, 'occupation', t('profile.occupation'), 'ISCO-08', wrong(page, 'occupation'))}
    ${codeField(page, 'industry', t('role_new.industry'), SCHEMES[country] || 'NACE-2.1', wrong(page, 'industry'))}`;
  const half = html`<label class="check"><input type="checkbox" name="half" value="yes"> ${t('role_new.half')}</label>`;
  return html`
    <h1 tabindex="-1">${t('roles.new')}</h1>
    ${refusal(page)}
    ${looking(page, 'role', form(page, 'role', html`
      <fieldset><legend>${t('role_new.role')}</legend>${roleFields(page, null, {place, more})}</fieldset>
      <fieldset><legend>${t('role_new.employer')}</legend>
        ${field(page, 'employer', t('role_new.employer_name'), html`<input name="employer" maxlength="120" required dir="auto">`, t('role_new.employer_hint'))}
        ${field(page, 'domain', t('role_new.domain'), html`<input name="domain" autocapitalize="none">`, t('role_new.domain_hint'))}
      </fieldset>
      ${helpFields(page, null, half)}`, (values) => send(values, page), {words: t('role_new.save')}))}
    <p class="muted">${t('role_new.then')}</p>
  `;
}
