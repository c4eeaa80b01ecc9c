export {
  type ExternalOptions,
  externalTokens,
  type TokenBearer,
  type VerifyToken,
} from './external.ts';
export { operatorBehind } from './person.ts';
export type {
  LeaseTerms,
  OAuthLeases,
  OAuthPath,
  OAuthPerson,
  OAuthRoutes,
  OAuthRoutesOptions,
  Vouched,
} from './protocol.ts';
export { oauthPath, oauthRoutes } from './routes.ts';
export { DEFAULT_SCOPE, leastScopeWith, oauthScopes } from './scopes.ts';
export { type OidcSignIn, type OidcSignInOptions, oidcSignIn } from './sign-in.ts';
