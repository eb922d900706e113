/**
 * The Node programs: out/engine/{index,reader,writer,chores,kernels}.js, out/helper/index.js,
 * out/cli/{index,kernels}.js.
 * Run with `vite build --config build/vite.node.config.ts`; `--mode helper` (engine, cli) builds that one only, and
 * `--mode bench` what e2e/bench runs in processes of its own: the store as it is built for the engine, in out/bench.
 *
 * Everything from npm is bundled except better-sqlite3 (native). Relative `new URL('./x', import.meta.url)` stays as it
 * is written: addons are found under ./build/ and workers beside the file that starts them.
 */
import { cpSync, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite';

const top = resolve(import.meta.dirname, '..');

function program(folder: string, input: Readonly<Record<string, string>>): EnvironmentOptions {
  const entries = Object.fromEntries(
    Object.entries(input).map(([name, file]) => [name, resolve(top, file)] as const),
  );
  return {
    consumer: 'server',
    resolve: { noExternal: true, external: ['better-sqlite3'], builtins: [/^node:/] },
    build: {
      outDir: resolve(top, 'out', folder),
      emptyOutDir: false, // out/<folder>/build holds the addons, which others make
      target: 'node24',
      minify: false,
      sourcemap: folder === 'helper' ? false : true,
      ssr: true,
      rollupOptions: {
        input: entries,
        external: ['better-sqlite3'],
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  };
}

/** SQL migrations are read at run time from beside the engine. */
const migrations: Plugin = {
  name: 'merlon:migrations',
  applyToEnvironment: ({ name }) => name === 'engine' || name === 'bench',
  writeBundle({ dir }) {
    const from = resolve(top, 'engine/store/migrations');
    if (dir !== undefined && existsSync(from)) cpSync(from, resolve(dir, 'migrations'), { recursive: true });
  },
};

/** The store's threads, which lie beside who opens it. */
const threads = {
  reader: 'engine/store/reader.ts',
  writer: 'engine/store/writer.ts',
  chores: 'engine/store/chores.ts',
};

/** The thread that looks at a kernel which does not run. */
const kernels = 'engine/kernels/thread.ts';

const programs = {
  engine: program('engine', { index: 'engine/index.ts', kernels, ...threads }),
  helper: program('helper', { index: 'helper/index.ts' }),
  cli: program('cli', { index: 'cli/index.ts', kernels }),
  bench: program('bench', {
    ask: 'e2e/bench/scale/ask.ts',
    fill: 'e2e/bench/scale/fill.ts',
    store: 'e2e/bench/store.ts',
    ...threads,
  }),
};

export default defineConfig(({ mode }) => ({
  root: top,
  configFile: false,
  publicDir: false,
  plugins: [migrations],
  environments: programs,
  builder: {
    async buildApp(builder) {
      for (const name of Object.keys(programs)) {
        if (mode === 'production' ? name === 'bench' : mode !== name) continue;
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
}));
