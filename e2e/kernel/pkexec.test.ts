/** The real pkexec, polkitd and helper. Needs root (to make the namespace), and what `npm run build` makes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { World } from './polkit-world.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const HELPER = process.env['MERLON_HELPER'] ?? here('../../out/helper/merlon-helper');
const POLICY = here('../../build/io.merlon.helper.policy');
const INSTALLED = '/opt/merlon/helper';
/** CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF: bits 2, 38 and 39. */
const KEPT = '000000c000000004';
const OURS = 'if (action.id == "io.merlon.helper")';

const missing = ['/usr/bin/pkexec', '/usr/lib/polkit-1/polkitd', '/usr/bin/dbus-daemon'].filter(
  (file) => !existsSync(file),
);
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : missing.length > 0
      ? `not installed: ${missing.join(', ')}`
      : false;

type Line = Record<string, unknown>;

/** What the user's process said, in a world with this rule. */
function run(world: Pick<World, 'rule'> & Partial<World>, agent = ''): Line[] {
  assert.ok(existsSync(HELPER), `${HELPER} is missing: npm run build`);
  const folder = world.install?.folder ?? dirname(HELPER);
  const full: World = {
    helper: dirname(HELPER),
    command: [process.execPath, here('./polkit-user.ts'), `${folder}/merlon-helper`, agent],
    ...world,
  };
  const argv = [
    '-m',
    '--propagation',
    'private',
    process.execPath,
    here('./polkit-world.ts'),
    JSON.stringify(full),
  ];
  const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', timeout: 60_000 });
  const lines = stdout.split('\n').filter((line) => line !== '');
  assert.notEqual(lines.length, 0, `nothing was said; stderr: ${stderr}`);
  return lines.map((line) => JSON.parse(line) as Line);
}

const find = (lines: readonly Line[], key: string): Line => {
  const line = lines.findLast((each) => key in each);
  assert.ok(line, `no ${key} in ${JSON.stringify(lines)}`);
  return line;
};

const SCHED_RR = 2;

test(
  'an authorised user’s helper streams, with the kept capabilities alone on every thread',
  { skip },
  () => {
    const lines = run({ policy: POLICY, rule: `${OURS} return polkit.Result.YES;` });
    assert.deepEqual(
      lines.filter((line) => 'state' in line).map((line) => line['state']),
      ['authorising', 'starting'],
    );
    const { snapshot, bytes, threads, umask, policy, mainPolicy, otherNices } = find(lines, 'snapshot');
    assert.ok(Number(snapshot) > 1 && Number(bytes) > 1000, 'records must have come');
    assert.ok(Array.isArray(threads) && threads.length > 1);
    for (const thread of threads)
      assert.deepEqual(thread, {
        Uid: '0',
        CapInh: KEPT,
        CapPrm: KEPT,
        CapEff: KEPT,
        CapBnd: KEPT,
        CapAmb: KEPT,
        NoNewPrivs: '1',
      });
    assert.equal(umask, '0077');
    assert.equal(mainPolicy, SCHED_RR, 'the engine’s main thread must not starve');
    assert.ok(Array.isArray(otherNices) && otherNices.includes(-10), 'nor its other threads');
    assert.equal(policy, SCHED_RR, 'nor must the helper');
    assert.match(JSON.stringify(find(lines, 'ending')), /"state":"stopped"/);
  },
);

test('without an action of its own the helper falls under pkexec’s', { skip }, () => {
  const generic = 'if (action.id == "org.freedesktop.policykit.exec")';
  const lines = run({ rule: `${generic} return polkit.Result.YES;` });
  assert.ok(Number(find(lines, 'snapshot')['snapshot']) > 1);
});

test('a user whom polkit refuses is told so, without a retry', { skip }, () => {
  const lines = run({ policy: POLICY, rule: `${OURS} return polkit.Result.NO;` });
  assert.deepEqual(find(lines, 'ending')['ending'], {
    state: 'not_authorised',
    reason: 'polkit did not authorise you to start the helper.',
    retry: false,
  });
});

test('where no agent can ask for the password, that is the reason', { skip }, () => {
  const lines = run({ policy: POLICY, rule: `${OURS} return polkit.Result.AUTH_ADMIN;` });
  const { ending } = find(lines, 'ending');
  assert.match(JSON.stringify(ending), /"state":"not_authorised".*No authentication agent/);
});

test('a dismissed password dialog is said to be one', { skip }, () => {
  const lines = run({ policy: POLICY, rule: `${OURS} return polkit.Result.AUTH_ADMIN;` }, 'dismisses');
  assert.deepEqual(find(lines, 'ending')['ending'], {
    state: 'dismissed',
    reason: 'You dismissed the password dialog.',
    retry: false,
  });
});

test('an authorised user can have the kernel tried, by the same action; another is refused', { skip }, () => {
  const allowed = run({ policy: POLICY, rule: `${OURS} return polkit.Result.YES;` }, 'probe');
  // Beyond what the helper keeps: CAP_NET_ADMIN and CAP_SYS_ADMIN.
  const { probed } = find(allowed, 'probed');
  for (const id of ['prog.xdp_generic', 'fanotify.open_perm'])
    assert.match(JSON.stringify(probed), new RegExp(`"${id}":{"state":"works"`));
  const refused = run({ policy: POLICY, rule: `${OURS} return polkit.Result.NO;` }, 'probe');
  assert.match(JSON.stringify(find(refused, 'probed')['probed']), /"code":"not_permitted"/);
});

test('an installed helper runs where root alone can write, and refuses elsewhere', { skip }, () => {
  const rule = `${OURS} return polkit.Result.YES;`;
  const good = run({ policy: POLICY, rule, install: { folder: INSTALLED, mode: '644' } });
  assert.ok(Number(find(good, 'snapshot')['snapshot']) > 1);
  const bad = run({ policy: POLICY, rule, install: { folder: INSTALLED, mode: '666' } });
  const { ending } = find(bad, 'ending');
  assert.match(JSON.stringify(ending), /index\.js can be written by another user than root/);
});
