/** Strict, typed rules, and the import zones: which folder may know which (docs/architecture.md). */
import { builtinModules } from 'node:module';
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const NODE = [...builtinModules, ...builtinModules.map((name) => `${name}/*`), 'node:*'];
const FOLDERS = ['bpf', 'native', 'helper', 'engine', 'main', 'preload', 'renderer', 'cli', 'build', 'e2e'];

/**
 * A zone: files of a folder may import from these folders and these packages, and nothing else.
 * @param {string} folder
 * @param {{folders?: string[], packages?: string[], node?: boolean, test?: string[], except?: string[]}} allowed
 *   `except`: paths inside a forbidden folder that are allowed
 */
function zone(folder, { folders = [], packages = [], node = true, test = [], except = [] }) {
  const rule = (/** @type {string[]} */ extra) => {
    const banned = FOLDERS.concat('shared', 'rules').filter(
      (other) => other !== folder && !folders.includes(other),
    );
    return {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(?:\\.\\./)+(?:${banned.join('|')})/${except.length > 0 ? `(?!${except.map((path) => path.split('/').slice(1).join('/')).join('|')})` : ''}`,
              message: `${folder} must not know these folders.`,
            },
            ...(node ? [] : [{ group: NODE, message: `${folder} runs where there is no Node.` }]),
            {
              // Whatever begins like a package name and is not allowed.
              regex: `^(?!node:|\\.|(?:${[...packages, ...extra].join('|') || '$^'})(?:/|$))`,
              message: `${folder} must not import this package.`,
            },
          ],
        },
      ],
    };
  };
  const files = [`${folder}/**/*.{ts,svelte}`];
  return [
    { files, rules: rule([]) },
    {
      files: [`${folder}/**/*.test.ts`, `${folder}/**/*double*.ts`, `${folder}/**/arbitrary.ts`],
      rules: rule(['vitest', 'fast-check', ...test]),
    },
  ];
}

export default ts.config(
  {
    ignores: [
      'out/',
      'dist/',
      '**/build/*.node',
      'bpf/build/',
      'native/build/',
      'test-results/',
      'playwright-report/',
      '.cache/',
      '**/*.generated.ts',
    ],
  },
  js.configs.recommended,
  { rules: { 'no-control-regex': 'off' } }, // hostile text is full of them
  {
    files: ['**/*.{ts,svelte}'],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          './tsconfig.node.json',
          './tsconfig.e2e.json',
          './tsconfig.host.json',
          './tsconfig.renderer.json',
          './tsconfig.build.json',
        ],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // An index that the code has just checked; noUncheckedIndexedAccess would make each of them a branch that never runs.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Numbers and booleans in sentences are wanted.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => socket.destroy()`: the short form is the clearer one.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      // It does not see what changes during an await, and calls checks of outside data unnecessary.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-empty-function': 'off',
      // `||` on strings of the environment: an empty one counts as unset.
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
      // A handler may be async where the contract lets it, without awaiting anything.
      '@typescript-eslint/require-await': 'off',
      // Matters of taste, in code that says what it means.
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/no-unnecessary-template-expression': 'off',
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // `Promise<Answer | void>`: a handler that has nothing to say.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-deprecated': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  ...svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    files: ['renderer/**', 'preload/**'],
    languageOptions: { globals: globals.browser },
    rules: {
      'svelte/no-at-html-tags': 'error',
      'svelte/require-each-key': 'error',
      // Sets and maps inside state classes are mostly not meant to be reactive: lists are replaced whole.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['**/*.svelte'],
    // One destructuring holds all props, and `$bindable` needs `let`.
    rules: { 'prefer-const': ['error', { destructuring: 'all' }] },
  },
  {
    // What a component is, only svelte-check knows; here it has no type.
    files: ['**/*.svelte'],
    rules: Object.fromEntries(
      ['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [
        `@typescript-eslint/no-unsafe-${what}`,
        'off',
      ]),
    ),
  },
  {
    files: ['**/*.{mjs,js}'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['**/*.test.ts', 'e2e/**/*.ts'],
    rules: {
      // node:test's `test()` gives a promise that nobody has to await.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['it', 'test', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  ...zone('shared', { packages: ['valibot'], node: false }),
  ...zone('native', { folders: ['shared'] }),
  // valibot: what shared's contracts are written in, and so in the helper's bundle anyway. Nothing else as root.
  ...zone('helper', { folders: ['native', 'shared'], packages: ['valibot'] }),
  ...zone('engine', {
    folders: ['shared'],
    packages: ['valibot', 'better-sqlite3', 'yaml'],
    except: ['native/peer/'],
  }),
  ...zone('main', { folders: ['shared'], packages: ['electron', 'ws', 'valibot'] }),
  // Settings and diagnostics are wanted most where no engine runs.
  ...zone('cli', { folders: ['shared'], except: ['engine/config/', 'engine/doctor/'] }),
  ...zone('preload', { folders: ['shared'], packages: ['electron'], node: false }),
  ...zone('renderer', {
    folders: ['shared'],
    packages: [
      'svelte',
      'valibot',
      'bits-ui',
      '@lucide/svelte',
      '@codemirror',
      '@lezer/highlight',
      '@fontsource-variable',
    ],
    node: false,
  }),
  {
    files: ['renderer/ui/**/*.{ts,svelte}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^\\.\\./(?!ui/)', message: 'renderer/ui knows only itself: no domain words there.' },
          ],
        },
      ],
    },
  },
);
