// The money of a deal as a bar that always adds up: what is held, paid out, kept as fee, given back, taken back by the bank.
import {html, nothing, svg} from '../lib/lit-html/lit-html.js';
import {money} from './format.js';
import {t} from './words.js';

const PARTS = ['held', 'released', 'fees', 'refunded', 'charged_back'];

/** `escrow`: as the API gives it. Widths are shares of the whole in thousandths, by whole numbers; the last takes the rest. */
export function moneyBar(escrow) {
  const {currency} = escrow;
  const parts = PARTS.map((name) => ({name, amount: escrow[name]})).filter((each) => each.amount > 0);
  const whole = parts.reduce((sum, each) => sum + each.amount, 0);
  if (!whole) return html`<p class="muted">${t('bar.nothing', {price: money({amount: escrow.price, currency})})}</p>`;
  const edges = [0];
  let sum = 0;
  for (const each of parts) edges.push(Number((BigInt((sum += each.amount)) * 1000n) / BigInt(whole)));
  return html`
    <svg class="bar" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label=${t('bar.label')}>
      ${parts.map((each, at) => svg`<rect class=${`part-${each.name}`} x=${edges[at]} y="0" width=${edges[at + 1] - edges[at]} height="20"></rect>`)}
    </svg>
    <dl class="sums">
      ${parts.map((each) => html`<dt><span class=${`dot part-${each.name}`}></span>${t(`bar.${each.name}`)}</dt><dd>${money({amount: each.amount, currency})}</dd>`)}
      <dt>${t('bar.sum')}</dt><dd>${money({amount: whole, currency})}</dd>
    </dl>
    ${escrow.set_off ? html`<p class="muted">${t('bar.set_off', {sum: money({amount: escrow.set_off, currency})})}</p>` : nothing}
  `;
}
