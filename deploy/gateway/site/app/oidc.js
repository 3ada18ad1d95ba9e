// Signing in by OpenID Connect: authorization code with PKCE, by oauth4webapi, which checks what comes back.
import {t} from './words.js';

const STORE = 'golem:signing-in';
const library = () => import('../lib/oauth4webapi/index.js');

async function server(oauth, {issuer}) {
  const url = new URL(issuer);
  const options = insecure(oauth, url);
  const found = oauth.discoveryRequest(url, options).then((answer) => oauth.processDiscoveryResponse(url, answer));
  return {as: await reached(issuer, found), options};
}

/** What the provider answers; where it gives no good answer, or the page may not ask it, that in words. */
const reached = (url, asked) =>
  asked.catch((cause) => {
    if (!(cause instanceof TypeError)) console.error(cause); // an answer that does not fit; of no answer the browser itself speaks
    throw Object.assign(new Error(t('sign_in.unreachable', {provider: new URL(url).host}), {cause}), {status: 503});
  });

// A provider on this machine alone may be asked without TLS.
const insecure = (oauth, url) =>
  url.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(url.hostname) ? {[oauth.allowInsecureRequests]: true} : {};

// For whom the token is to be: by RFC 8707, and as providers say that came before it.
const wanted = ({audience}) => (audience ? {resource: audience, audience} : {});

const redirect = () => `${location.origin}/signed-in`;

/** Send the browser to the provider. What must match on the way back waits in this tab's storage. */
export async function leave(settings, back) {
  const oauth = await library();
  const {as} = await server(oauth, settings);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  sessionStorage.setItem(STORE, JSON.stringify({verifier, state, nonce, back}));
  const url = new URL(as.authorization_endpoint);
  const ask = {
    client_id: settings.client_id,
    redirect_uri: redirect(),
    response_type: 'code',
    scope: settings.scope || 'openid',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...wanted(settings),
  };
  for (const [name, value] of Object.entries(ask)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Take the provider's answer. Gives {token, back}; throws where state, code, issuer or nonce do not fit. */
export async function arrive(settings) {
  const kept = JSON.parse(sessionStorage.getItem(STORE) || 'null');
  sessionStorage.removeItem(STORE);
  const here = new URL(location.href);
  history.replaceState(null, '', '/signed-in'); // the code is of no use to whoever reads the address
  if (!kept) throw new Error('nobody was signing in');
  const oauth = await library();
  const {as, options} = await server(oauth, settings);
  const client = {client_id: settings.client_id};
  const parameters = oauth.validateAuthResponse(as, client, here, kept.state);
  const asked = {...options, additionalParameters: wanted(settings)};
  const answer = await reached(
    as.token_endpoint, oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, redirect(), kept.verifier, asked),
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
    expectedNonce: kept.nonce,
    requireIdToken: true,
  });
  const token = settings.token === 'id_token' ? tokens.id_token : tokens.access_token;
  if (token.split('.').length !== 3) throw new Error(t('sign_in.opaque'));
  return {token, back: kept.back || '/'};
}
