import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LICENCES } from '../../shared/licences.ts';
import { ROOT_CAPABILITIES, ROOT_PROGRAMS } from '../../shared/root.ts';
import type { Status } from '../../shared/console.ts';
import { LiveConfig } from '../config/index.ts';
import { collect } from './collect.ts';
import { LogRing } from './log-ring.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STATUS: Status = {
  engine: { version: '0.1.0', pid: 7, uptime_s: 1, rss_bytes: 1 },
  helper: { state: 'running', pid: 8, since: 1 },
  sensor: {
    attached: ['process_exec'],
    refused: [],
    events_per_s: 1,
    received: 1,
    lost: 0,
    lost_by_type: {},
  },
  store: {
    path: '/home/anna/x/catalogue.db',
    bytes: 1,
    events: 1,
    oldest: 1,
    partitions: 1,
    damaged: [],
    damaged_partitions: 0,
  },
  host: { kernel: '6.18.0', boot_id: '8a79902f-7c1c-4054-aabd-7b20a8950778' },
};
const PERSON = { home: '/home/anna', user: 'anna', host: 'hazel.lan' };

function looked(status: Status | null = STATUS, log: readonly string[] = [], own = '') {
  writeFileSync(join(folder, 'own.yaml'), own);
  const config = new LiveConfig({
    system: join(folder, 'system.yaml'),
    own: join(folder, 'own.yaml'),
  }).list();
  return collect({
    config,
    data: folder,
    socket: join(folder, 'merlon.sock'),
    helper: undefined,
    status,
    log,
    person: PERSON,
  });
}

async function unpacked(...given: Parameters<typeof looked>) {
  const { bundle } = await looked(...given);
  writeFileSync(join(folder, bundle.name), Buffer.from(bundle.base64, 'base64'));
  execFileSync('tar', ['-xzf', bundle.name], { cwd: folder });
  const inner = join(folder, bundle.name.replace('.tar.gz', ''));
  return {
    names: readdirSync(inner).sort(),
    all: readdirSync(inner)
      .map((name) => readFileSync(join(inner, name), 'utf8'))
      .join('\n'),
  };
}

describe('the bundle', () => {
  test('is an archive that tar unpacks, of two files', async () => {
    const { names, all } = await unpacked();
    expect(names).toEqual(['report.json', 'report.txt']);
    expect(all).toContain('retention.days');
  });

  test('holds no secret that was planted anywhere, and no name', async () => {
    const secrets = {
      format: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
      option: 'correct-horse-battery',
      url: 'sup3rs3cret',
      opaque: 'q7Zk2mPx9Rt4Vw8Yb3Nc6Fd1Hg5Jl0Sa',
      environment: 'from-the-environment-9f8e',
      config: 'in-the-settings-file-77',
    };
    process.env['MERLON_TEST_SECRET'] = secrets.environment;
    const log = [
      `curl --password ${secrets.option} https://anna:${secrets.url}@example.org/`,
      `helper: token=${secrets.format}`,
      `cannot read /home/anna/.ssh/id_ed25519 on hazel.lan (hazel) for anna`,
      `cannot read /home/berta/secret.txt`,
      `key ${secrets.opaque}`,
    ];
    const reason = `It said: password=${secrets.option}`;
    const status: Status = {
      ...STATUS,
      helper: { ...STATUS.helper, state: 'failed', reason },
      store: { ...STATUS.store, damaged: [`/home/anna/db: ${secrets.format}`] },
    };
    const { all } = await unpacked(
      status,
      log,
      `retention:\n  days: ${secrets.config}\napi_token: ${secrets.config}\n`,
    );
    delete process.env['MERLON_TEST_SECRET'];
    for (const secret of Object.values(secrets)) expect(all).not.toContain(secret);
    for (const name of ['anna', 'berta', 'hazel', STATUS.host.boot_id]) expect(all).not.toContain(name);
    expect(all).toContain('cannot read ~/.ssh/id_ed25519 on ‹host› (‹host›) for ‹user›');
  });

  test('says what is in it and what is not', async () => {
    const { all } = await unpacked();
    expect(all).toMatch(/Left out\n {2}- events/);
  });
});

describe('the checks', () => {
  const state = async (id: string, ...given: Parameters<typeof looked>) =>
    (await looked(...given)).report.checks.find((check) => check.id === id);

  test('without an engine say what was not checked', async () => {
    expect(await state('helper', null)).toMatchObject({ state: 'not_checked' });
    expect(await state('node', null)).toMatchObject({ state: 'ok' });
  });

  test.each([
    [
      'helper',
      { helper: { state: 'dismissed', pid: null, since: 1, reason: 'You dismissed the password dialog.' } },
      /dismissed/,
    ],
    [
      'losses',
      { sensor: { ...STATUS.sensor, lost: 3, lost_by_type: { exec: 3 } } },
      /3 events were lost .*exec 3/,
    ],
    ['store', { store: { ...STATUS.store, damaged: ['events/1.db: malformed.'] } }, /malformed/],
    ['store', { store: { ...STATUS.store, problem: 'Events are not stored since noon.' } }, /not stored/],
  ] as const)('%s is a problem with something to do', async (id, change, said) => {
    const check = await state(id, { ...STATUS, ...change });
    expect(check).toMatchObject({
      state: 'problem',
      said: expect.stringMatching(said),
      todo: expect.any(String),
    });
  });

  test('a mistake in a settings file is one', async () => {
    expect(await state('config', STATUS, [], 'console:\n  port: x\n')).toMatchObject({
      state: 'problem',
      said: expect.stringMatching(/own\.yaml, line 2, column 9/),
    });
  });

  test('a data folder that others may read is one', async () => {
    execFileSync('chmod', ['755', folder]);
    expect(await state('data')).toMatchObject({ state: 'problem' });
    execFileSync('chmod', ['700', folder]);
    expect(await state('data')).toMatchObject({ state: 'ok' });
  });
});

test('the log keeps its last lines', () => {
  const ring = new LogRing();
  for (let i = 0; i < 300; i++) ring.add(`line ${i}`);
  expect(ring.lines).toHaveLength(200);
  expect(ring.lines.at(-1)).toMatch(/^\d{4}-.*Z line 299$/);
});

describe('what runs as root', () => {
  const source = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

  test('is told program by program', () => {
    const files = readdirSync(join(import.meta.dirname, '../../bpf')).filter((name) =>
      name.endsWith('.bpf.c'),
    );
    const programs = files.flatMap((name) =>
      [
        ...source(`bpf/${name}`).matchAll(
          /^SEC\("(?:tp_btf|fexit|tracepoint|iter)[^\n]*\nint (?:BPF_PROG\()?(\w+)/gm,
        ),
      ].map((m) => m[1]),
    );
    expect(programs.length).toBeGreaterThan(5);
    expect(ROOT_PROGRAMS.flatMap(({ names }) => names).sort()).toEqual(programs.sort());
  });

  test('is told capability by capability', () => {
    const kept = [...source('helper/privileges.ts').matchAll(/\[\d+, '(CAP_\w+)'\]/g)].map((m) => m[1]);
    expect(Object.keys(ROOT_CAPABILITIES).sort()).toEqual(kept.sort());
  });
});

test('licences are what the packages say', () => {
  for (const { npm, licence } of LICENCES) {
    if (npm === undefined) continue;
    const path = join(import.meta.dirname, '../../node_modules', npm, 'package.json');
    expect([npm, JSON.parse(readFileSync(path, 'utf8'))]).toMatchObject([npm, { license: licence }]);
  }
});
