// @ts-check
/** `npm run bench [-- NAME…]`: set-up, build, then e2e/bench on Merlon's own Node. */
import { join } from 'node:path';
import { main, NODE, ROOT, run } from './command.mjs';
import { make } from './make.mjs';
import { ensure } from './setup.mjs';

await main(async () => {
  // Figures go to stdout; everything else must not.
  const say = (/** @type {string} */ line) => console.error(line);
  await ensure('bench', say);
  await make(say);
  const triggers = await run(['make', '-C', 'e2e/kernel/triggers'], { show: 'stderr' });
  if (triggers.code !== 0) return triggers.code;
  const vite = ['node_modules/vite/bin/vite.js', 'build', '--config', 'build/vite.node.config.ts'];
  const built = await run([NODE, ...vite, '--mode', 'bench', '--logLevel', 'warn'], { show: 'stderr' });
  if (built.code !== 0) return built.code;
  const { code } = await run([NODE, join(ROOT, 'e2e/bench/index.ts'), ...process.argv.slice(2)], {
    show: true,
  });
  return code;
});
