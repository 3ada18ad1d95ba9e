// A certified OpenID provider, as a market's operator may have one: `node provider.mjs ISSUER TOKENS ORIGIN AUDIENCE`.
// Its issuer has a path, and its token endpoint is at another origin, TOKENS, as some have it.
// Anybody may log in by any name; `mo` is a moderator, and the tokens of `brief` end after a few seconds.
import {randomBytes} from 'node:crypto';
import {createServer} from 'node:http';
import {exportJWK, generateKeyPair} from 'jose';
import {Provider} from 'oidc-provider';

const [issuer, tokens, origin, audience] = process.argv.slice(2);
const roles = {mo: ['moderator']};
const {privateKey} = await generateKeyPair('RS256', {extractable: true});
const key = {...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one'};

const provider = new Provider(issuer, {
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

provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'discovery') ctx.body.token_endpoint = ctx.body.token_endpoint.replace(new URL(issuer).origin, tokens);
});

const {pathname} = new URL(issuer);
const server = () => createServer((request, response) => {
  if (!request.url.startsWith(`${pathname}/`)) return response.writeHead(404).end();
  request.originalUrl = request.url;
  request.url = request.url.slice(pathname.length);
  return provider.callback()(request, response);
});
for (const each of [tokens, issuer]) server().listen(Number(new URL(each).port), '127.0.0.1');
