/** What is built into Merlon, and under which licence it may be. */
export const LICENCES: readonly { readonly name: string; readonly licence: string; readonly npm?: string }[] =
  [
    { name: 'Merlon', licence: 'MIT; its kernel programs MIT or GPL-2.0' },
    { name: 'better-sqlite3', licence: 'MIT', npm: 'better-sqlite3' },
    { name: 'bits-ui', licence: 'MIT', npm: 'bits-ui' },
    { name: 'CodeMirror', licence: 'MIT', npm: '@codemirror/view' },
    { name: 'Electron', licence: 'MIT', npm: 'electron' },
    { name: 'Inter', licence: 'OFL-1.1', npm: '@fontsource-variable/inter' },
    { name: 'JetBrains Mono', licence: 'OFL-1.1', npm: '@fontsource-variable/jetbrains-mono' },
    { name: 'libbpf', licence: 'LGPL-2.1 or BSD-2-Clause' },
    { name: 'Lucide', licence: 'ISC', npm: '@lucide/svelte' },
    { name: 'Node.js', licence: 'MIT' },
    { name: 'SQLite', licence: 'public domain' },
    { name: 'Svelte', licence: 'MIT', npm: 'svelte' },
    { name: 'valibot', licence: 'MIT', npm: 'valibot' },
    { name: 'ws', licence: 'MIT', npm: 'ws' },
    { name: 'yaml', licence: 'ISC', npm: 'yaml' },
  ];
