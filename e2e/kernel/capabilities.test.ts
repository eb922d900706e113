/**
 * What the probe says of the kernel that it stands on, held against what is known of that kernel by other means: its
 * command line, its files, its version, and what the sensor itself was allowed. Needs root and `npm run build`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import {
  FEATURE_IDS,
  probeOutput,
  type CapabilityReport,
  type FeatureId,
  type ProbeOutput,
} from '../../shared/capabilities.ts';
import { Engine, IN_GUEST } from './harness.ts';

const HELPER =
  process.env['MERLON_HELPER'] ?? fileURLToPath(new URL('../../out/helper/merlon-helper', import.meta.url));
const skip = process.getuid?.() === 0 ? false : 'needs root';
const CMDLINE = readFileSync('/proc/cmdline', 'utf8');
const [MAJOR = 0, MINOR = 0] = release().split('.').map(Number);
const since = (major: number, minor: number) => MAJOR > major || (MAJOR === major && MINOR >= minor);

/** What they are tried on is a module of the kernel, and guests have none. */
const PATIENCE_MS = IN_GUEST ? 100_000 : 20_000;
const MODULES: ReadonlySet<FeatureId> = new Set(['prog.xdp_native', 'prog.tc']);

function probed(): ProbeOutput {
  const { status, stdout, stderr } = spawnSync(HELPER, ['probe'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return v.parse(probeOutput, JSON.parse(stdout));
}

/** Whatever else has to be known of a feature that was refused is there, too. */
function refused({ features }: ProbeOutput): FeatureId[] {
  return FEATURE_IDS.filter((id) => {
    const feature = features[id];
    assert.ok(feature, `${id} was not tried`);
    if (feature.state === 'untried') assert.ok(IN_GUEST && MODULES.has(id), `${id}: ${feature.message}`);
    if (feature.state !== 'refused') return false;
    assert.ok(
      feature.step !== undefined && feature.message !== undefined,
      `${id} was refused without a word`,
    );
    return true;
  });
}

test('the probe tries everything that a report names, and nothing else', { skip }, () => {
  assert.deepEqual(Object.keys(probed().features).sort(), [...FEATURE_IDS].sort());
});

test('the probe leaves nothing behind', { skip }, () => {
  const { facts } = probed();
  const left = (folder: string | null) =>
    folder !== null && existsSync(folder)
      ? readdirSync(folder).filter((name) => name.startsWith('merlon'))
      : [];
  assert.deepEqual([...left(facts.cgroup2), ...left('/sys/class/net'), ...left('/sys/fs/bpf')], []);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  for (const type of facts.mounted)
    assert.ok(!mounts.includes(` - ${type} `), `${type} is mounted on the host`);
});

test(
  'a kernel as the distribution starts it takes what its version has',
  { skip: IN_GUEST ? skip : 'in guests' },
  () => {
    const lacks: FeatureId[] = [];
    const lockdown = /lockdown=(\w+)/.exec(CMDLINE)?.[1];
    if (!since(6, 2)) lacks.push('map.cgrp_storage');
    if (!since(6, 6)) lacks.push('prog.tcx');
    if (!since(6, 18)) lacks.push('bpf.signing');
    if (!/lsm=\S*\bbpf\b/.test(CMDLINE)) lacks.push('prog.lsm', 'prog.lsm_sleepable', 'prog.lsm_cgroup');
    const output = probed();
    const found = refused(output).filter((id) => !MODULES.has(id));
    if (lockdown === undefined) assert.deepEqual(found.sort(), lacks.sort());
    else {
      // Reading kernel memory and tracing by kprobe are what confidentiality forbids (include/linux/security.h).
      for (const id of ['helper.probe_read_kernel_str', 'prog.kprobe', ...lacks])
        assert.ok(found.includes(id as FeatureId), `${id} works under ${lockdown}`);
      assert.match(output.facts.lockdown ?? '', new RegExp(`\\[${lockdown}\\]`));
    }
  },
);

test('security modules are named as the kernel lists them', { skip: IN_GUEST ? skip : 'in guests' }, () => {
  const wanted = /lsm=(\S+)/.exec(CMDLINE)?.[1]?.split(',') ?? [];
  const active = probed().facts.lsm?.split(',') ?? [];
  assert.deepEqual(
    wanted.filter((name) => name === 'bpf' || name === 'lockdown' || name === 'yama').sort(),
    active.filter((name) => name === 'bpf' || name === 'lockdown' || name === 'yama').sort(),
  );
});

test(
  'the report of an engine agrees with what its sensor was allowed',
  { skip: lockedOr(skip) },
  async () => {
    const engine = await Engine.start();
    try {
      const report = await triedBy(engine);
      const { attached, refused: turnedDown } = (await engine.status()).sensor;
      assert.equal(report.privileged, true);
      assert.equal(report.bpf_features['prog.fexit'].state === 'works', attached.includes('fexit_exec'));
      assert.equal(report.bpf_features['prog.tp_btf'].state === 'works', attached.includes('process_exec'));
      assert.equal(report.protections.see_running.rung === 0, attached.includes('snapshot'));
      assert.equal(report.protections.see_failed_programs.state === 'works', attached.includes('fexit_exec'));
      if (report.lsm.bpf_listed === true && report.lsm.bpf_works === false)
        assert.match(report.protections.deny_exec.why, /although “bpf” is among its security modules/);
      assert.equal(
        turnedDown.some(({ name }) => name === 'process_exec'),
        false,
      );
    } finally {
      await engine.end();
    }
  },
);

/** The report, once what was tried beside the helper has arrived. */
async function triedBy(engine: Engine): Promise<CapabilityReport> {
  const begun = performance.now();
  for (;;) {
    const report = await engine.ask('capabilities.get', {});
    if (report.privileged) return report;
    assert.ok(performance.now() - begun < PATIENCE_MS, `not tried: ${report.why_not}\n${engine.log}`);
    await wait(50);
  }
}

/** Under confidentiality the sensor itself cannot run. */
function lockedOr(otherwise: string | false): string | false {
  return CMDLINE.includes('lockdown=confidentiality')
    ? 'the sensor cannot run under confidentiality'
    : otherwise;
}
