export type {
  LeaseTerms,
  OAuthLeases,
  OAuthPath,
  OAuthPerson,
  OAuthRoutes,
  OAuthRoutesOptions,
  Vouched,
} from './protocol.ts';
export { oauthRoutes } from './routes.ts';
export { DEFAULT_SCOPE, leastScopeWith, oauthScopes } from './scopes.ts';
