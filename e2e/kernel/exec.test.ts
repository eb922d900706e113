/** What the start of a program tells: every field, and every odd way in which a program can start. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import * as v from 'valibot';
import { unescapeBytes } from '../../shared/bytes.ts';
import { Engine, IN_GUEST, play, run, trigger } from './harness.ts';

let engine: Engine;
before(async () => {
  engine = await Engine.start();
});
after(() => engine.end());

/** How the trigger says that the machine refuses them. */
const NO_CALLS32 = 77;
const child = v.object({ pid: v.number(), exit_code: v.number() });

it('who ran what, from where, with which arguments, from which parent', async () => {
  const folder = mkdtempSync('/tmp/merlon-kernel-cwd-');
  try {
    const tiny = trigger('tiny');
    const { pid } = await run([tiny, '0', 'two words', ''], { cwd: folder });
    const exec = await engine.execOf(pid);
    const self = statSync(tiny, { bigint: true });
    const expected = {
      'event.kind': 'event',
      'event.category': ['process'],
      'event.type': ['start'],
      'event.outcome': 'success',
      'process.pid': pid,
      'process.thread.id': pid,
      'process.name': 'tiny',
      'process.executable': tiny,
      'process.args': [tiny, '0', 'two words', ''],
      'process.args_count': 4,
      'process.working_directory': folder,
      'process.parent.pid': process.pid,
      'process.interactive': exec['process.interactive'],
      'user.id': '0',
      'user.name': 'root',
      'user.effective.id': '0',
      'group.id': '0',
      'merlon.process.comm': 'tiny',
      'merlon.process.args_length': Buffer.byteLength(`${tiny}\x000\0two words\0`),
      'merlon.executable.inode': String(self.ino),
    };
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(Object.entries(exec).find(([key]) => key === name)?.[1], value, name);
    }
    assert.ok(exec['process.thread.capabilities.effective']?.includes('CAP_SYS_ADMIN'));
    assert.ok(Math.abs((exec['@timestamp'] ?? 0) - Date.now()) < 60_000, 'the wall clock is told');
    assert.ok((exec['merlon.namespace.pid'] ?? 0) > 0);
    assert.equal(exec['merlon.process.flags'], undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('a chain of execs is one process with many programs', async () => {
  const { pid, execs } = await play('exec_chain', v.object({ pid: v.number(), execs: v.number() }), ['6']);
  const story = await engine.story(pid);
  // The last of the chain ends instead of running on.
  const links = story.filter((e) => e['event.action'] === 'exec').map((e) => e['process.args']?.at(-1));
  assert.deepEqual(
    links,
    Array.from({ length: execs }, (_, i) => `--link=${execs - i}`),
  );
  assert.equal(new Set(story.map((e) => e['process.entity_id'])).size, 1);
  assert.deepEqual(
    [story[0]?.['event.action'], story.at(-1)?.['event.action'], story.at(-1)?.['process.exit_code']],
    ['fork', 'exit', 7],
  );
});

it('a program that runs from a memfd', async () => {
  const { pid } = await play('memfd_exec', child);
  const exec = await engine.execOf(pid);
  assert.ok(exec['merlon.process.flags']?.includes('memfd'), JSON.stringify(exec));
  assert.match(exec['process.executable'] ?? '', /memfd:merlon-trigger/);
});

it('a program whose file is gone', async () => {
  const { pid, executable } = await play(
    'deleted_exec',
    v.object({ ...child.entries, executable: v.string() }),
  );
  const exec = await engine.execOf(pid);
  assert.ok(exec['merlon.process.flags']?.includes('deleted'), JSON.stringify(exec));
  assert.ok(exec['process.executable']?.startsWith(executable), exec['process.executable']);
});

it('a script, told with its interpreter', async () => {
  const script = v.object({ ...child.entries, script: v.string(), cwd: v.string(), interpreter: v.string() });
  const { pid, cwd, interpreter } = await play('script_exec', script);
  const exec = await engine.execOf(pid);
  assert.equal(exec['process.executable'], interpreter);
  assert.equal(exec['merlon.process.interpreter'], interpreter);
  assert.equal(exec['process.working_directory'], cwd);
  assert.match(exec['merlon.process.script'] ?? '', /run\.merlon$/);
  assert.deepEqual(exec['process.args']?.slice(1), ['--interpret', './run.merlon', 'from the caller']);
});

it('200 KiB of arguments: cut, with their true length', async () => {
  const big = v.object({ ...child.entries, args_length: v.number() });
  const { pid, args_length } = await play('big_argv', big, ['200']);
  const exec = await engine.execOf(pid);
  assert.equal(exec['merlon.process.args_length'], args_length);
  assert.ok(exec['merlon.process.flags']?.includes('args_cut'));
  const kept = Buffer.byteLength((exec['process.args'] ?? []).join('\0'));
  assert.ok(kept > 7000 && kept <= 8192, `${kept} bytes were kept`);
});

it('names and arguments that are not UTF-8 come back byte for byte', async () => {
  const bad = v.object({ pid: v.number(), executable_hex: v.string(), argument_hex: v.string() });
  const { pid, executable_hex, argument_hex } = await play('bad_name', bad);
  const exec = await engine.execOf(pid);
  const bytes = (text: string | undefined) => Buffer.from(unescapeBytes(text ?? '')).toString('hex');
  assert.equal(bytes(exec['process.executable']), executable_hex);
  assert.equal(bytes(exec['process.args']?.[3]), argument_hex);
  assert.equal(exec['process.args']?.[4], '');
  assert.equal(bytes(exec['process.args']?.[5]), 'e9'.repeat(4096));
  assert.ok(exec['merlon.process.flags']?.includes('ld_library_path'));
});

describe('attempts that the kernel turned down, with its error', () => {
  const attempts = v.object({
    pid: v.number(),
    attempts: v.array(v.object({ path: v.string(), errno: v.number() })),
  });

  it('by execve and execveat, each once', async () => {
    const told = await play('failed_exec', attempts);
    await engine.story(told.pid);
    const failed = engine.of(told.pid, 'exec_failed');
    assert.deepEqual(
      failed.map((e) => e['error.code']),
      ['ENOENT', 'EACCES', 'ENOEXEC', 'EACCES', 'ENOENT'],
    );
    assert.ok(failed.every((e) => e['event.outcome'] === 'failure'));
    const [caller] = engine.of(told.pid, 'exec');
    told.attempts.forEach(({ path }, i) => {
      // As it was given, seen from the working directory where it is relative.
      assert.ok(failed[i]?.['file.path']?.endsWith(path), path);
      assert.equal(failed[i]?.['process.executable'], caller?.['process.executable']);
      assert.equal(failed[i]?.['process.name'], caller?.['process.name']);
    });
    assert.equal(engine.of(told.pid, 'exec').length, 1, 'the caller went on as it was');
  });

  it('by a 32-bit caller, where the kernel allows fexit; else they are not seen', async (t) => {
    if ((await run([trigger('failed_exec32')])).code === NO_CALLS32) {
      assert.ok(!IN_GUEST, 'the guests have 32-bit system calls');
      return t.skip('this machine has no 32-bit system calls');
    }
    const { attached } = (await engine.status()).sensor;
    const told = await play('failed_exec32', attempts);
    await engine.story(told.pid);
    const failed = engine.of(told.pid, 'exec_failed');
    if (!attached.includes('fexit_exec32')) {
      assert.ok(!IN_GUEST, 'the guests’ kernels allow fexit');
      return assert.deepEqual(failed, []);
    }
    assert.deepEqual(
      failed.map((e) => e['error.code']),
      ['ENOENT', 'ENOENT'],
    );
    const [first] = told.attempts;
    assert.deepEqual(failed[0]?.['process.args'], [first?.path, 'first argument']);
    assert.ok(!attached.includes('exec_failed'), 'one kind of hook, so that nothing is told twice');
  });
});

it('setuid, setgid and file capabilities', async () => {
  const pids = v.object({ setuid: v.number(), setgid: v.number(), capable: v.number() });
  const { setuid, setgid, capable } = await play('credentials_exec', pids);
  const [asUser, asGroup, withCaps] = await Promise.all(
    [setuid, setgid, capable].map((pid) => engine.execOf(pid)),
  );
  assert.ok(asUser?.['merlon.process.flags']?.includes('setuid'));
  assert.deepEqual([asUser?.['user.id'], asUser?.['user.effective.id']], ['65534', '0']);
  assert.ok(asGroup?.['merlon.process.flags']?.includes('setgid'));
  assert.equal(asGroup?.['group.id'], '65534');
  assert.ok(withCaps?.['merlon.process.flags']?.includes('file_capabilities'));
  assert.deepEqual(withCaps?.['process.thread.capabilities.effective'], ['CAP_NET_RAW']);
});

it('exec from a thread that is not the leader: the process stays the same', async () => {
  const { pid } = await play('threads_exec', child);
  const story = await engine.story(pid);
  const exec = story.find((e) => e['event.action'] === 'exec' && e['process.name'] === 'tiny');
  assert.equal(exec?.['process.entity_id'], story[0]?.['process.entity_id']);
  assert.equal(story.at(-1)?.['process.exit_code'], 9);
});

describe('LD_ variables', () => {
  for (const [name, flag] of [
    ['LD_PRELOAD', 'ld_preload'],
    ['LD_AUDIT', 'ld_audit'],
    ['LD_LIBRARY_PATH', 'ld_library_path'],
  ] as const) {
    it(`${name} is told with its value`, async () => {
      const { pid } = await run([trigger('tiny')], { env: { A: 'b', [name]: '/tmp/x.so', Z: 'z' } });
      const exec = await engine.execOf(pid);
      assert.deepEqual(exec['merlon.process.flags'], [flag]);
      assert.deepEqual(exec['process.env_vars'], [`${name}=/tmp/x.so`]);
    });
  }

  it('a variable that only ends like one is none', async () => {
    const { pid } = await run([trigger('tiny')], { env: { MY_LD_PRELOAD: '/tmp/x.so' } });
    const exec = await engine.execOf(pid);
    assert.equal(exec['merlon.process.flags'], undefined);
    assert.equal(exec['process.env_vars'], undefined);
  });
});

describe('what standard input, output and error are', () => {
  const kinds = async (pid: number) => {
    const exec = await engine.execOf(pid);
    return [exec['merlon.process.stdin'], exec['merlon.process.stdout'], exec['merlon.process.stderr']];
  };

  it('null device, pipe, file', async () => {
    const command = `exec ${trigger('tiny')} 2>/tmp/merlon-kernel-stderr-${process.pid}`;
    try {
      // Node's own pipes are sockets: the shell makes a real one, and tells the pid past it.
      const { stdout } = await run([
        'sh',
        '-c',
        `{ sh -c 'echo $$ >&3; ${command}' </dev/null | cat; } 3>&1`,
      ]);
      assert.deepEqual(await kinds(Number(stdout.trim())), ['null', 'pipe', 'file']);
    } finally {
      rmSync(`/tmp/merlon-kernel-stderr-${process.pid}`, { force: true });
    }
  });

  it('closed', async () => {
    const { pid } = await run(['sh', '-c', `exec ${trigger('tiny')} <&- >&-`]);
    assert.deepEqual((await kinds(pid)).slice(0, 2), ['closed', 'closed']);
  });

  it('a socket', async () => {
    const path = `/tmp/merlon-kernel-${process.pid}.sock`;
    const server = createServer().listen(path);
    const socket = connect(path);
    try {
      await new Promise((resolve) => socket.once('connect', resolve));
      const { pid } = await run([trigger('tiny')], { stdio: [socket, 'ignore', 'ignore'] });
      assert.equal((await kinds(pid))[0], 'socket');
    } finally {
      socket.destroy();
      server.close();
    }
  });
});
