/**
 * What is bundled from which entry. `build/make.mjs` runs, in this order:
 *
 *     electron-vite build                              main, preload, renderer   (this file)
 *     vite build --config build/vite.node.config.ts    engine, helper, cli
 *
 * electron-vite knows three sections only, and its main section cannot keep entries apart, which the helper's one
 * auditable file needs: so the Node programs that are not Electron's have a config of their own.
 * Neither runs Electron, nor needs its binary. For hot reload see build/vite.dev.config.ts.
 */
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';
import type { UserConfig } from 'vite';

const here = import.meta.dirname;

/** The page. Nothing is inlined as data:, because its Content-Security-Policy takes 'self' only. */
export const renderer = {
  root: resolve(here, 'renderer'),
  base: './',
  plugins: [svelte({ configFile: resolve(here, 'svelte.config.js') })],
  build: {
    outDir: resolve(here, 'out/renderer'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    minify: true,
    modulePreload: { polyfill: false },
    rollupOptions: { input: resolve(here, 'renderer/index.html') },
  },
} satisfies UserConfig;

export default defineConfig({
  main: {
    build: {
      outDir: resolve(here, 'out/main'),
      externalizeDeps: false,
      rollupOptions: {
        input: { index: resolve(here, 'main/index.ts'), web: resolve(here, 'main/web.ts') },
        // ws takes these two where they are installed and does without them otherwise.
        external: ['bufferutil', 'utf-8-validate'],
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: resolve(here, 'out/preload'),
      externalizeDeps: false, // a sandboxed preload script can require nothing but electron
      rollupOptions: {
        input: { index: resolve(here, 'preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer,
});
