/** The console: one page over the same operations as every other surface. */
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { SESSION } from './api/session.ts';
import { router } from './router.tsx';
import { applyTheme } from './shell/theme.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/kit.css';
import './styles/shell.css';
import './styles/signing.css';
import './styles/media.css';

applyTheme();
// Asked while the page's own file loads; who comes to sign in has none.
if (!/^\/(?:sign-in|invitation)$/.test(location.pathname)) void queryClient.prefetchQuery(SESSION);
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
