// A listing, as anyone sees it, and how to ask for the help it offers.
import {html, nothing} from '../../lib/lit-html/lit-html.js';
import {find, get, post} from '../api.js';
import {day, decimal, minor, money} from '../format.js';
import {go} from '../main.js';
import {away, isAway, part} from '../parts.js';
import {report} from '../report.js';
import {session} from '../session.js';
import {badge, breakdown, field, form, helpName, pay, place, refusal, refuse} from '../ui.js';
import {named, t} from '../words.js';

export const title = (data) => data?.listing.title;

export async function load(page) {
  const {params, leaving} = page;
  const listing = await get(`/v1/listings/${encodeURIComponent(params.id)}`, {patient: false, signal: leaving.signal});
  const place = new URLSearchParams({country: listing.country, currency: listing.help[0].price.currency});
  if (listing.subdivision) place.set('subdivision', listing.subdivision);
  const [record, rules] = await Promise.all([
    part(page, (signal) => find(`/v1/insiders/${listing.insider}`, {signal})),
    part(page, (signal) => find(`/v1/rules?${place}`, {signal})),
  ]);
  return {listing, record, rules};
}

const law = (rules, kind) => rules?.decisions?.find((each) => each.help === kind);

const help = (listing, rules) => (each) => html`
  <li class="card">
    <h3>${helpName(each.kind)}: ${each.price.amount ? money(each.price) : t('money.free')}</h3>
    <p>${named('help.what', each.kind)}</p>
    ${each.price.amount ? breakdown(each.price, each, listing.fee_bps) : nothing}
    ${law(rules, each.kind)
      ? html`<details><summary>${t('listing.law')}</summary><p>${law(rules, each.kind).words}</p>
          ${law(rules, each.kind).doubt ? html`<p class="muted">${t('listing.doubt')} ${law(rules, each.kind).doubt}</p>` : nothing}
          <p class="muted">${t('listing.no_advice', {day: law(rules, each.kind).checked})}</p></details>`
      : nothing}
  </li>
`;

const facts = (listing) => html`
  <dl class="facts">
    <dt>${t('listing.place')}</dt><dd>${place(listing)}</dd>
    <dt>${t('listing.pay')}</dt><dd>${pay(listing.pay)}</dd>
    <dt>${t('listing.employer')}</dt><dd dir="auto">${listing.employer.veiled ? t('listing.veiled') : listing.employer.name}</dd>
    <dt>${t('listing.seats')}</dt><dd>${t('listing.seats_left', {left: listing.seats - listing.seats_taken, all: listing.seats})}</dd>
    <dt>${t('listing.leaving_on')}</dt><dd>${day(listing.leaving_on)}</dd>
    ${listing.licence ? html`<dt>${t('listing.licence')}</dt><dd>${listing.licence.number} (${listing.licence.place})</dd>` : nothing}
  </dl>
`;

function ask(listing, page) {
  if (listing.status !== 'published') return html`<p class="note">${t('listing.closed')}</p>`;
  if (!session.person()) {
    return html`<p><a class="button primary" href=${`/sign-in?back=/listings/${listing.id}`}>${t('listing.sign_in')}</a></p>`;
  }
  const {currency} = listing.help[0].price;
  const send = async (values, form) => {
    const kinds = form.getAll('help');
    const price = minor(values.price ?? '', currency);
    if (price === null) throw refuse('price', t('form.amount', {currency}));
    const body = {listing_id: listing.id, help: kinds, price: {amount: price, currency}, message: values.message};
    if (values.foreign_national) body.declares = {foreign_national: values.foreign_national === 'yes'};
    const offer = await post('/v1/offers', body);
    await go(`/deals/${offer.id}`);
  };
  const sum = (event) => {
    const element = event.currentTarget;
    const chosen = new FormData(element.form).getAll('help');
    const amount = listing.help.filter((each) => chosen.includes(each.kind)).reduce((whole, each) => whole + each.price.amount, 0);
    element.form.elements.price.value = decimal({amount, currency});
  };
  return form(
    page, 'offer',
    html`
      <fieldset><legend>${t('listing.which')}</legend>
        ${listing.help.map((each) => html`<label class="check"><input type="checkbox" name="help" value=${each.kind} @change=${sum}>
          ${helpName(each.kind)} (${each.price.amount ? money(each.price) : t('money.free')})</label>`)}
      </fieldset>
      ${field(page, 'price', t('listing.your_price', {currency}), html`<input name="price" inputmode="decimal" required autocomplete="off">`, t('listing.price_hint'))}
      ${field(page, 'message', t('listing.message'), html`<textarea name="message" maxlength="1000" dir="auto"></textarea>`, t('listing.message_hint'))}
      ${page.data.rules?.questions?.some((each) => each.asks === 'foreign_national')
        ? html`<fieldset><legend>${t('listing.declares')}</legend>
            <label class="check"><input type="radio" name="foreign_national" value="no" required>${t('listing.declares_no')}</label>
            <label class="check"><input type="radio" name="foreign_national" value="yes">${t('listing.declares_yes')}</label></fieldset>`
        : nothing}
    `,
    send,
    {words: t('listing.offer')},
  );
}

export const view = ({listing, record, rules}, page) => html`
  <h1 tabindex="-1" dir="auto">${listing.title}</h1>
  ${listing.status === 'published' ? nothing : badge('listing', listing.status)}
  ${facts(listing)}
  <h2>${t('listing.duties')}</h2>
  <ul>${listing.duties.map((each) => html`<li dir="auto">${each}</li>`)}</ul>
  ${listing.skills.length ? html`<h2>${t('listing.skills')}</h2><ul class="chips">${listing.skills.map((each) => html`<li dir="auto">${each}</li>`)}</ul>` : nothing}
  <h2>${t('listing.promised')}</h2>
  <ul class="list grid">${(listing.breakdown || listing.help).map(help(listing, rules))}</ul>
  <p class="muted">${listing.insider_verified ? t('listing.verified') : t('listing.unverified')}
    ${record && !isAway(record) ? html` · <a href=${`/insiders/${listing.insider}`}>${t('listing.record', {count: record.hires})}</a>` : nothing}</p>
  ${isAway(record) ? html`<h2>${t('insider.title')}</h2>${away()}` : nothing}
  ${isAway(rules) ? html`<h2>${t('listing.law')}</h2>${away()}` : nothing}
  <h2>${t('listing.ask')}</h2>
  ${refusal(page)} ${ask(listing, page)} ${report(`/v1/listings/${listing.id}/reports`, page)}
`;
