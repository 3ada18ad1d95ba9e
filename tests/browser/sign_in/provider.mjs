// A certified OpenID provider, as a market's operator may have one: `node provider.mjs PORT ORIGIN AUDIENCE`.
// Anybody may log in by any name; `mo` is a moderator, and the tokens of `brief` end after a few seconds.
import {randomBytes} from 'node:crypto';
import {exportJWK, generateKeyPair} from 'jose';
import {Provider} from 'oidc-provider';

const [port, origin, audience] = process.argv.slice(2);
const roles = {mo: ['moderator']};
const {privateKey} = await generateKeyPair('RS256', {extractable: true});
const key = {...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one'};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'page',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [`${origin}/signed-in`],
  }],
  clientBasedCORS: (ctx, from) => from === origin,
  cookies: {keys: [randomBytes(32).toString('hex')]},
  jwks: {keys: [key]},
  pkce: {required: () => true},
  findAccount: (ctx, id) => ({accountId: id, claims: () => ({sub: id})}),
  extraTokenClaims: (ctx, token) => ({roles: roles[token.accountId] ?? []}),
  features: {
    devInteractions: {enabled: true},
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({audience, scope: 'market', accessTokenFormat: 'jwt', jwt: {sign: {alg: 'RS256'}}}),
    },
  },
  ttl: {AccessToken: (ctx, token) => (token.accountId === 'brief' ? 6 : 3600), Grant: 3600, IdToken: 3600, Interaction: 3600, Session: 3600},
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
