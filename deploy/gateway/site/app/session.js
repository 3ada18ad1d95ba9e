// Who is signed in. The token lives in this module's memory alone: never in storage, never in a URL.
// What is stored (for a reload, in this tab alone) is a development person's name, never a token.
import * as oidc from './oidc.js';
import {t} from './words.js';

const PERSON = 'golem:person';
const TYPED_BY = 'golem:typed-by';
let current = null; // {token, sub, name, roles, expires (ms)}
let settings = null;
const changed = () => window.dispatchEvent(new CustomEvent('golem:session'));

/** {issuer, client_id, scope, people}: how people sign in here; read once from /config.json. */
export async function configuration(signal) {
  settings ??= await ask('/config.json', signal);
  return settings;
}

/** The people that a development stack offers: [{sub, name, roles, token}]; [] elsewhere. */
export async function people() {
  if (!(await configuration()).people) return [];
  return ask('/dev/people.json');
}

/** A file of the gateway's. Where it gives none, that is a failure as of the API. */
async function ask(path, signal) {
  const answer = await fetch(path, {cache: 'no-store', signal}).catch(() => ({status: 0}));
  if (!answer.ok) throw Object.assign(new Error(t('failed.away')), {status: answer.status});
  return answer.json();
}

function claims(token) {
  const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0))));
}

function begin(token, name) {
  const said = claims(token);
  const before = sessionStorage.getItem(TYPED_BY);
  if (before && before !== said.sub) for (const key of Object.keys(sessionStorage)) if (key.startsWith('draft:')) sessionStorage.removeItem(key);
  sessionStorage.setItem(TYPED_BY, said.sub); // what somebody else typed is not theirs to find
  current = {token, sub: said.sub, name: name || said.name || said.sub, roles: said.roles || [], expires: said.exp * 1000};
  session.isEnded = false;
  changed();
}

export const session = {
  isEnded: false,
  token: () => current?.token ?? null,
  person: () => current,
  has: (...roles) => roles.some((role) => current?.roles.includes(role)),

  /** Sign in as one of the development stack's people. */
  continueAs(person) {
    sessionStorage.setItem(PERSON, person.sub);
    begin(person.token, person.name);
  },

  /** Leave for the identity provider; it sends the browser back to /signed-in. */
  async signIn(back = location.pathname + location.search) {
    await oidc.leave(await configuration(), back);
  },

  /** On /signed-in: take what the identity provider sent. Gives the path to go back to. */
  async arrive() {
    const {token, back} = await oidc.arrive(await configuration());
    begin(token);
    return back;
  },

  /** After a reload: the development person goes on. */
  async restore() {
    const sub = sessionStorage.getItem(PERSON);
    const person = sub && (await people()).find((each) => each.sub === sub);
    if (person) begin(person.token, person.name);
  },

  /** The API no longer takes the token; what was typed stays where it is. */
  ended() {
    if (!current) return;
    current = null;
    session.isEnded = true;
    changed();
  },

  signOut() {
    sessionStorage.clear();
    current = null;
    session.isEnded = false;
    changed();
  },
};

setInterval(() => current && Date.now() > current.expires && session.ended(), 1000);
