/**
 * The Node programs: out/engine/{index,reader,writer,chores}.js, out/helper/index.js, out/cli/index.js.
 * Run with `vite build --config build/vite.node.config.ts`; `--mode helper` (engine, cli) builds that one only.
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
  applyToEnvironment: (environment) => environment.name === 'engine',
  writeBundle() {
    const from = resolve(top, 'engine/store/migrations');
    if (existsSync(from)) cpSync(from, resolve(top, 'out/engine/migrations'), { recursive: true });
  },
};

const programs = {
  engine: program('engine', {
    index: 'engine/index.ts',
    reader: 'engine/store/reader.ts',
    writer: 'engine/store/writer.ts',
    chores: 'engine/store/chores.ts',
  }),
  helper: program('helper', { index: 'helper/index.ts' }),
  cli: program('cli', { index: 'cli/index.ts' }),
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
        if (mode !== 'production' && mode !== name) continue;
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
}));
