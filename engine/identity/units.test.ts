import { describe, expect, test } from 'vitest';
import { unitOf } from './units.ts';

describe('unitOf', () => {
  test.each([
    ['/system.slice/ssh.service', 'ssh.service'],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
    ['/user.slice/user-1000.slice/session-2.scope', 'session-2.scope'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-12.scope', 'app-firefox-12.scope'],
    ['/system.slice/dev-disk-by\\x2dlabel-r\\xc3\\xa4um.mount', 'dev-disk-by-label-räum.mount'],
    ['/system.slice/ssh.service/inner', 'ssh.service'],
    ['/system.slice/_cpu.service', 'cpu.service'],
    ['/user.slice', 'user.slice'],
  ])('%s is %s', (path, unit) => expect(unitOf(path)).toBe(unit));

  test.each(['/', '/docker/abc', '', '/init.scope2'])('%s has none', (path) => {
    expect(unitOf(path)).toBeUndefined();
  });
});
