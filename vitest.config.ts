import { defineConfig } from 'vitest/config';
import { svelte } from '@sveltejs/vite-plugin-svelte';

/** Unit tests, beside the code. What needs the kernel, a browser or a guest is under e2e/ and has runners of its own. */
export default defineConfig({
  plugins: [svelte()],
  test: {
    include: ['{shared,native,helper,engine,main,preload,renderer,cli,bpf,build,rules}/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    testTimeout: 20_000,
    // Two cores, and some of the tests measure: more workers only wait for each other.
    maxWorkers: 2,
  },
});
