// Search: by words, place, kind of help and what it costs; the address holds the question, so that it can be passed on.
import {html} from '../../lib/lit-html/lit-html.js';
import {get} from '../api.js';
import {go} from '../main.js';
import {explained} from '../refusals.js';
import {card, helpName, list, refusal} from '../ui.js';
import {t} from '../words.js';

const ASKED = ['q', 'country', 'subdivision', 'region', 'help', 'sort', 'pay_currency'];
const CODES = ['country', 'pay_currency'];
const KINDS = ['good_word', 'reference', 'coaching'];
const ORDERS = ['newest', 'cheapest', 'leaving'];

export const title = () => t('search.title');

export async function load({query, leaving}) {
  const asked = new URLSearchParams([...query].filter(([name, value]) => ASKED.includes(name) && value));
  for (const name of CODES) if (asked.has(name)) asked.set(name, asked.get(name).toUpperCase());
  try {
    return {...(await get(`/v1/listings?${asked}`, {signal: leaving.signal})), asked, refused: null};
  } catch (problem) {
    if (![400, 422].includes(problem.status)) throw problem;
    return {items: [], next: null, asked, refused: problem}; // the question stays, to be asked another way
  }
}

/** The fields of a search; what is asked now is filled in. */
export function searchForm({query}) {
  const send = (event) => {
    event.preventDefault();
    const asked = [...new FormData(event.currentTarget)].filter(([, value]) => value);
    go(`/search?${new URLSearchParams(asked)}`);
  };
  const sorted = ({currentTarget}) => (currentTarget.form.elements.pay_currency.required = currentTarget.value === 'cheapest'); // amounts of one currency
  const option = (name, value, words) => html`<option value=${value} ?selected=${query.get(name) === value}>${words}</option>`;
  return html`
    <form class="search" role="search" @submit=${send}>
      <label class="field"><span>${t('search.words')}</span><input type="search" name="q" maxlength="100" .value=${query.get('q') || ''}></label>
      <label class="field"><span>${t('search.region')}</span><input name="region" maxlength="64" .value=${query.get('region') || ''}></label>
      <label class="field"><span>${t('search.country')}</span><input name="country" pattern="[A-Za-z]{2}" maxlength="2" placeholder="CA" .value=${query.get('country') || ''}></label>
      <label class="field"><span>${t('search.help')}</span>
        <select name="help">${option('help', '', t('search.any'))}${KINDS.map((each) => option('help', each, helpName(each)))}</select></label>
      <label class="field"><span>${t('search.sort')}</span>
        <select name="sort" @change=${sorted}>${ORDERS.map((each) => option('sort', each, t(`search.sort.${each}`)))}</select></label>
      <label class="field"><span>${t('search.currency')}</span><input name="pay_currency" pattern="[A-Za-z]{3}" maxlength="3" placeholder="CAD" ?required=${query.get('sort') === 'cheapest'} .value=${query.get('pay_currency') || ''}></label>
      <button class="primary">${t('search.go')}</button>
    </form>
  `;
}

export function view(data, page) {
  const more = () => page.more((cursor) => get(`/v1/listings?${data.asked}&cursor=${cursor}`));
  return html`
    <h1 tabindex="-1">${t('search.title')}</h1>
    ${searchForm(page)}
    ${data.refused
      ? html`<div class="problem" role="alert">${explained(data.refused)}</div>`
      : html`<p role="status" class="muted">${counted(data)}</p>
          ${list(data.items, (each) => card(each), t('search.empty'), data.next ? more : null)} ${refusal(page)}`}
  `;
}

function counted({items, next}) {
  const count = items.length;
  return next ? t('search.first', {count}) : t('search.found', {count});
}
