/** The console in a real Chromium: `double` plays the helper, `kernel` has the real one, `electron` the real window. */
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);

export default defineConfig({
  testDir: 'e2e/app',
  outputDir: 'test-results/app',
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: process.env['CI'] !== undefined,
  reporter: 'list',
  use: {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    // Traces take half again as long: --trace retain-on-failure asks for them.
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(chromium === undefined ? {} : { executablePath: chromium }),
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'double', testMatch: '*.spec.ts', testIgnore: ['kernel.spec.ts', 'electron.spec.ts'] },
    { name: 'kernel', testMatch: 'kernel.spec.ts' },
    { name: 'electron', testMatch: 'electron.spec.ts' },
  ],
});
