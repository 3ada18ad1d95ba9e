// The page's words, one file a language. A key without words is a fault that a test finds.
import en from './words/en.js';
import fr from './words/fr.js';

const LANGUAGES = {en, fr};
const STORE = 'golem:language';
let language = LANGUAGES[localStorage.getItem(STORE)]
  ? localStorage.getItem(STORE)
  : (navigator.languages || []).map((each) => each.slice(0, 2)).find((each) => LANGUAGES[each]) || 'en';
document.documentElement.lang = language;

export const languages = Object.keys(LANGUAGES);
export const chosen = () => language;

/** The locale of dates and money: the browser's own, where it is of the chosen language. */
export const locale = () => (navigator.languages || []).find((each) => each.startsWith(language)) || `${language}-CA`;

export function choose(next) {
  language = next;
  localStorage.setItem(STORE, next);
  document.documentElement.lang = next;
  window.dispatchEvent(new CustomEvent('golem:language'));
}

/** The words of a key, `{name}` filled in. With `count`, `key.one` or `key.other` by the language's own rule. */
export function t(key, values = {}) {
  const words = LANGUAGES[language];
  const exact = values.count === undefined ? key : `${key}.${new Intl.PluralRules(language).select(values.count)}`;
  const text = words[exact] ?? words[`${key}.other`] ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The words of a key, or the code itself in plain letters where nobody wrote any ("no_reservation" → "no reservation"). */
export const named = (key, code) => LANGUAGES[language][`${key}.${code}`] ?? String(code).replaceAll('_', ' ');
