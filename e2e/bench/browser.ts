/** The console as a person has it: real kernel, engine, web face and Chromium. */
import { chromium, type Browser, type Page } from '@playwright/test';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { trigger, withEngine, type Engine, type EngineOptions } from '../kernel/harness.ts';
import { program, ROOT } from './machine.ts';

/** Only what it takes to run headless and alone. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];

export interface OpenConsole {
  readonly engine: Engine;
  readonly browser: Browser;
  readonly page: Page;
  /** A new one-time link. */
  readonly link: () => Promise<string>;
}

/** Starts all of it, with an empty page, for a body; and ends it whatever happens. */
export async function withConsole(
  options: EngineOptions,
  body: (open: OpenConsole) => Promise<void>,
): Promise<void> {
  const executablePath = program('/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome');
  if (executablePath === undefined) throw new Error('no Chromium: apt-get install chromium');
  await withEngine({ quiet: true, ...options }, async (engine) => {
    const web = spawn(process.execPath, [join(ROOT, 'out/main/web.js'), '--socket', engine.socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => createInterface({ input: web.stdout }).once('line', resolve));
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      const link = async () => (await engine.ask('console.link', {})).url;
      await body({ engine, browser, page, link });
    } finally {
      await browser.close();
      web.kill();
    }
  });
}

/** Programs begin and end at a rate while a body runs: exec, fork and exit, three events each. */
export async function withLoad(execsPerSecond: number, body: () => Promise<void>): Promise<void> {
  const workers = 2;
  const rate = String(Math.ceil(execsPerSecond / workers));
  const load = spawn(trigger('storm'), ['-n', '100000000', '-w', String(workers), '-r', rate, '-t', 'load'], {
    stdio: 'ignore',
  });
  try {
    await body();
  } finally {
    load.kill();
  }
}
