/**
 * Builds the console: external scripts and styles only, so that its Content-Security-Policy needs no exception.
 * `vite --config console/vite.config.ts` serves it for development before a running service (HOLDFAST_URL).
 */
import { join } from 'node:path';
import { defineConfig } from 'vite';
import { lendVerifier, VERIFIER } from './lend-verifier.ts';

const service = process.env['HOLDFAST_URL'] ?? 'http://localhost:7425';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  // Also in development: what JSX becomes is ours.
  oxc: { jsx: { development: false } },
  plugins: [
    {
      name: 'lend-verifier',
      enforce: 'pre',
      transform: (code, id) => (id === VERIFIER ? lendVerifier(code) : null),
    },
  ],
  resolve: {
    alias: { '#inert/jsx-runtime': join(import.meta.dirname, 'src/inert/jsx-runtime.ts') },
  },
  // An image in a style sheet would become a data: address, which the policy refuses.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    rolldownOptions: {
      // Libraries say where React's server would stop; here all is a browser.
      onLog: (level, log, next) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') next(level, log);
      },
    },
  },
  server: {
    host: 'localhost',
    proxy: { '/api/v1': service, '/oauth': service, '/.well-known': service },
  },
});
