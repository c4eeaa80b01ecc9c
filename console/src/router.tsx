/** Addresses to pages. Each page is a file of its own that is loaded when it is opened first. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { PageFailed, PageMissing, PagePending } from './shell/page-states.tsx';
import { Shell } from './shell/shell.tsx';

type Search = Record<string, string>;

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: PageMissing,
  validateSearch: (search: Record<string, unknown>): Search =>
    Object.fromEntries(
      Object.entries(search).filter(
        (each): each is [string, string] => typeof each[1] === 'string',
      ),
    ),
});

/** Pages of somebody who is signed in, inside the frame. */
const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Shell });

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => signedIn, path, component });

const tree = root.addChildren([
  signedIn.addChildren([
    page(
      '/',
      lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
    ),
    page(
      '/approvals',
      lazyRouteComponent(() => import('./pages/approvals.tsx'), 'ApprovalsPage'),
    ),
    page(
      '/fleet',
      lazyRouteComponent(() => import('./pages/fleet.tsx'), 'FleetPage'),
    ),
    page(
      '/fleet/map',
      lazyRouteComponent(() => import('./pages/fleet-map.tsx'), 'FleetMapPage'),
    ),
    page(
      '/targets/$id',
      lazyRouteComponent(() => import('./pages/target.tsx'), 'TargetPage'),
    ),
    page(
      '/changes',
      lazyRouteComponent(() => import('./pages/changes.tsx'), 'ChangesPage'),
    ),
    page(
      '/changes/$id',
      lazyRouteComponent(() => import('./pages/change.tsx'), 'ChangePage'),
    ),
    page(
      '/drift',
      lazyRouteComponent(() => import('./pages/drift.tsx'), 'DriftPage'),
    ),
    page(
      '/findings/$id',
      lazyRouteComponent(() => import('./pages/finding.tsx'), 'FindingPage'),
    ),
    page(
      '/assistants',
      lazyRouteComponent(() => import('./pages/assistants.tsx'), 'AssistantsPage'),
    ),
    page(
      '/authorize/$uid',
      lazyRouteComponent(() => import('./pages/authorize.tsx'), 'AuthorizePage'),
    ),
    page(
      '/evidence',
      lazyRouteComponent(() => import('./pages/evidence.tsx'), 'EvidencePage'),
    ),
    page(
      '/policy',
      lazyRouteComponent(() => import('./pages/policy.tsx'), 'PolicyPage'),
    ),
    page(
      '/sign',
      lazyRouteComponent(() => import('./pages/sign.tsx'), 'SignPage'),
    ),
    page(
      '/sign/$digest',
      lazyRouteComponent(() => import('./pages/sign.tsx'), 'SignPage'),
    ),
    page(
      '/settings',
      lazyRouteComponent(() => import('./pages/settings.tsx'), 'SettingsPage'),
    ),
    page(
      '/api',
      lazyRouteComponent(() => import('./pages/api.tsx'), 'ApiPage'),
    ),
  ]),
  createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/invitation',
    component: lazyRouteComponent(() => import('./pages/invitation.tsx'), 'InvitationPage'),
  }),
]);

export const router = createRouter({
  routeTree: tree,
  // Nothing is asked because a pointer came near: a page is opened by whoever opens it.
  defaultPreload: false,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Search).toString();
    return text === '' ? '' : `?${text}`;
  },
});
