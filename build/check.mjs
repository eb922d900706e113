// @ts-check
/** `npm run check`: types, ESLint with the import zones, prettier, svelte-check, clang-format, generated code, the tree. */
import { runChecks } from './checks.mjs';
import { main } from './command.mjs';
import { ensure } from './setup.mjs';

await main(async () => {
  await ensure('check');
  const results = await runChecks(({ name, ok, output }) => {
    console.log(`${ok ? '✓' : '✗'} ${name}`);
    if (!ok) console.log(output.trimEnd().replace(/^/gm, '    '));
  });
  const failed = results.filter((result) => !result.ok);
  if (failed.length > 0) console.log(`${failed.length} of ${results.length} checks failed.`);
  return failed.length > 0 ? 1 : 0;
});
