// Pieces that many screens are made of.
import {html, nothing} from '../lib/lit-html/lit-html.js';
import {day, money, moment, named as inLocale, percent, relative} from './format.js';
import {explained} from './refusals.js';
import {named, t} from './words.js';

/** The refusal of the last act. It takes the focus, so that it is read out. */
export function refusal(page) {
  return page.problem ? html`<div class="problem" role="alert" tabindex="-1">${explained(page.problem)}</div>` : nothing;
}

/** What the API says against one field ("help.0.price"), beneath it. */
export function wrong(page, field) {
  const found = (page.problem?.errors || []).filter((each) => each.field === field || each.field?.startsWith(`${field}.`));
  return found.length ? html`<span class="wrong" id=${`wrong-${field}`}>${found.map((each) => each.message).join(' ')}</span>` : nothing;
}

/** A labelled field. `control`: the input, which the label holds. */
export const field = (page, name, label, control, hint = '') => html`
  <label class="field">
    <span>${label}</span>
    ${control} ${hint ? html`<small>${hint}</small>` : nothing} ${wrong(page, name)}
  </label>
`;

/** A button that does one thing by the API. */
export const button = (page, words, doing, {primary = false, danger = false, reason = ''} = {}) => html`
  <button
    type="button"
    class=${primary ? 'primary' : danger ? 'danger' : ''}
    ?disabled=${page.busy || Boolean(reason)}
    title=${reason || nothing}
    @click=${() => page.act(doing)}
  >${words}</button>
`;

/** The state of a thing in words: `kind` "offer", "escrow", "listing". */
export const badge = (kind, status) => html`<span class="badge" data-status=${status}>${named(`status.${kind}`, status)}</span>`;

/** Where in a listing something was found: "/duties/1" is "Duties (2)". */
export function spot(pointer) {
  const [, part, at] = pointer.split('/');
  return named('part', part) + (/^\d+$/.test(at) ? ` (${Number(at) + 1})` : '');
}

export const helpName = (kind) => named('help', kind);

/** "Toronto, Ontario, Canada": as far as it is known. */
export const place = ({region, subdivision, country}) =>
  [region, subdivision ? named('place', subdivision) : '', inLocale('region', country)].filter(Boolean).join(', ');

export const pay = (value) =>
  t(`pay.${value.per}`, {
    from: money({amount: value.min, currency: value.currency}),
    to: money({amount: value.max, currency: value.currency}),
  });

export const when = (iso) => html`<time datetime=${iso} title=${moment(iso)}>${relative(iso)}</time>`;

/** What a price is made of: what the seeker pays, the fee, what the insider gets; it always adds up. */
export const breakdown = (paid, {fee, insider_receives}, bps) => html`
  <dl class="sums">
    <dt>${t('money.seeker_pays')}</dt><dd>${money(paid)}</dd>
    <dt>${t('money.fee', {share: percent(bps)})}</dt><dd>${money(fee)}</dd>
    <dt>${t('money.insider_receives')}</dt><dd>${money(insider_receives)}</dd>
  </dl>
`;

/** A refusal of the page's own, before anything is sent: this field, these words. */
export const refuse = (field, message) =>
  Object.assign(new Error(message), {status: 422, errors: [{field, message}]});

/** A listing as one entry of a list. */
export const card = (listing, extra = nothing) => html`
  <article class="card">
    <h3><a href=${`/listings/${listing.id}`} dir="auto">${listing.title}</a></h3>
    <p class="muted">${place(listing)} · ${pay(listing.pay)}</p>
    <ul class="chips">
      ${listing.help.map((each) => html`<li>${helpName(each.kind)}: <b>${each.price.amount ? money(each.price) : t('money.free')}</b></li>`)}
    </ul>
    <p class="muted">
      ${listing.insider_verified ? t('listing.verified') : t('listing.unverified')}
      ${listing.leaving_on ? html` · ${t('listing.leaving', {day: day(listing.leaving_on)})}` : nothing}
    </p>
    ${extra}
  </article>
`;

/** A list with what to say when it is empty, and a button for more. */
export const list = (items, draw, empty, more = null) => html`
  ${items.length ? html`<ul class="list">${items.map((each) => html`<li>${draw(each)}</li>`)}</ul>` : html`<p class="empty">${empty}</p>`}
  ${more ? html`<p><button type="button" @click=${more}>${t('frame.more')}</button></p>` : nothing}
`;

/** A form: `send` gets what was typed ({name: text}, empty ones left out); what was typed outlives a reload of this tab. */
export function form(page, name, content, send, {words = t('frame.send'), primary = true} = {}) {
  const store = `draft:${location.pathname}:${name}`;
  const restore = (element) => {
    if (!element || element.dataset.restored) return;
    element.dataset.restored = 'yes';
    const typed = JSON.parse(sessionStorage.getItem(store) || 'null');
    if (!typed) return;
    for (const [key, values] of Object.entries(typed)) {
      const controls = [...element.elements].filter((each) => each.name === key);
      for (const control of controls) {
        if (control.type === 'checkbox' || control.type === 'radio') control.checked = values.includes(control.value);
        else control.value = values[controls.indexOf(control)] ?? values[0] ?? '';
        control.dispatchEvent(new Event('input', {bubbles: true}));
      }
    }
  };
  const keep = (event) => {
    const typed = {};
    for (const [key, value] of new FormData(event.currentTarget)) if (typeof value === 'string') (typed[key] ??= []).push(value);
    sessionStorage.setItem(store, JSON.stringify(typed));
  };
  const submit = async (event) => {
    event.preventDefault();
    const element = event.currentTarget;
    const values = new FormData(element);
    const done = await page.act(() => send(Object.fromEntries([...values].filter(([, value]) => value !== '')), values));
    if (done) {
      sessionStorage.removeItem(store);
      element.reset();
    }
  };
  queueMicrotask(() => restore(document.forms.namedItem(name)));
  return html`
    <form name=${name} @submit=${submit} @input=${keep}>
      ${content}
      <p><button class=${primary ? 'primary' : ''} ?disabled=${page.busy}>${words}</button></p>
    </form>
  `;
}

/** A dialog of the platform's own, opened by `open(name)`. */
export const dialog = (name, heading, content) => html`
  <dialog id=${name} aria-labelledby=${`${name}-heading`}>
    <h2 id=${`${name}-heading`}>${heading}</h2>
    ${content}
    <form method="dialog"><button>${t('frame.close')}</button></form>
  </dialog>
`;
export const open = (name) => document.getElementById(name)?.showModal();
export const close = (name) => document.getElementById(name)?.close();
