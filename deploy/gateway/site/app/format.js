// Money, dates and numbers in the reader's locale. Amounts stay whole minor units: never a float.
import {locale} from './words.js';

/** How many minor digits a currency has where it is not two: ISO 4217's, as the API counts; a browser's own table differs. */
const DIGITS = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ').map((each) => [each, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((each) => [each, 3]),
]);
const minorDigits = (currency) => DIGITS.get(currency) ?? 2;

/** {amount, currency} as a decimal string: "500.00". */
export function decimal({amount, currency}) {
  const places = minorDigits(currency);
  const whole = BigInt(amount);
  const text = String(whole < 0n ? -whole : whole).padStart(places + 1, '0');
  const at = text.length - places;
  return `${whole < 0n ? '-' : ''}${text.slice(0, at)}${places ? `.${text.slice(at)}` : ''}`;
}

/** "95,000" is ninety-five thousand to whoever writes thousands so. */
function ungrouped(text) {
  const group = new Intl.NumberFormat(locale()).formatToParts(1_234_567).find((each) => each.type === 'group')?.value;
  return group === ',' && /^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text;
}

/** A typed "1,234.50", "95,000" or "1234,5" in minor units, or null where it is no amount of the currency. */
export function minor(text, currency) {
  const places = minorDigits(currency);
  const compact = ungrouped(text.trim().replace(/[\s\u00a0\u202f'’]/g, ''));
  const parts = /^(\d+|\d{1,3}(?:[.,]\d{3})+)(?:[.,](\d+))?$/.exec(compact);
  if (!parts) return null;
  const [, whole, fraction = ''] = parts;
  if (fraction.length > places) return null;
  const amount = BigInt(whole.replace(/[.,]/g, '') + fraction.padEnd(places, '0'));
  return amount <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(amount) : null;
}

export function money(value) {
  const {currency} = value;
  const places = minorDigits(currency);
  const digits = {minimumFractionDigits: places, maximumFractionDigits: places};
  return new Intl.NumberFormat(locale(), {style: 'currency', currency, ...digits}).format(decimal(value));
}
export const percent = (bps) =>
  new Intl.NumberFormat(locale(), {style: 'percent', maximumFractionDigits: 2}).format(bps / 10_000);
export const number = (value) => new Intl.NumberFormat(locale()).format(value);
export const moment = (iso) =>
  new Intl.DateTimeFormat(locale(), {dateStyle: 'medium', timeStyle: 'short'}).format(new Date(iso));
export const day = (iso) =>
  new Intl.DateTimeFormat(locale(), {dateStyle: 'medium', timeZone: iso.length === 10 ? 'UTC' : undefined}).format(new Date(iso));

function apart(seconds) {
  const format = new Intl.RelativeTimeFormat(locale(), {numeric: 'auto'});
  for (const [unit, size] of [['day', 86_400], ['hour', 3_600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(Math.trunc(seconds), 'second');
}

/** "in 3 days", "2 hours ago". */
export const relative = (iso, now = Date.now()) => apart((new Date(iso).getTime() - now) / 1000);

/** "2 hours ago", of that many seconds. */
export const ago = (seconds) => apart(-seconds);

/** The name of a country or a currency ("CA", "CAD") in the reader's language; where a place has none, its code. */
export const named = (type, code) => new Intl.DisplayNames(locale(), {type, fallback: 'code'}).of(code);
