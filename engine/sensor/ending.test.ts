import { describe, expect, it } from 'vitest';
import { endingOf, endingOfFailure, type Exit } from './ending.ts';

const exit = (part: Partial<Exit>): Exit => ({
  route: 'pkexec',
  file: '/x/merlon-helper',
  code: null,
  signal: null,
  greeted: false,
  midFrame: false,
  stderr: '',
  ...part,
});

describe('endings', () => {
  it.each<[string, Partial<Exit>, string, boolean, RegExp]>([
    [
      'a dismissed dialog',
      { code: 126, stderr: 'Request dismissed' },
      'dismissed',
      false,
      /^You dismissed the password/,
    ],
    [
      'polkit’s refusal',
      {
        code: 127,
        stderr:
          'Error executing command as another user: Not authorized\n\nThis incident has been reported.\n',
      },
      'not_authorised',
      false,
      /did not authorise you/,
    ],
    [
      'nobody to ask',
      { code: 127, stderr: 'Error executing command as another user: No authentication agent found.\n' },
      'not_authorised',
      false,
      /No authentication agent runs/,
    ],
    [
      'no polkit',
      { code: 127, stderr: 'Error getting authority: Error initializing authority: Could not connect\n' },
      'failed',
      false,
      /could not ask polkit: Error getting authority/,
    ],
    ['no pkexec', { spawnError: 'ENOENT' }, 'failed', false, /pkexec is not installed/],
    [
      'a missing helper',
      { route: 'direct', spawnError: 'ENOENT' },
      'failed',
      false,
      /missing at \/x\/merlon-helper/,
    ],
    ['a helper that may not run', { route: 'direct', spawnError: 'EACCES' }, 'failed', false, /EACCES/],
    [
      'a capability too many',
      { code: 79, stderr: 'merlon-helper: ends: no-new-privs is off\n' },
      'failed',
      false,
      /^The helper refused to run: no-new-privs is off$/,
    ],
    ['a signal', { signal: 'SIGSEGV', greeted: true }, 'failed', true, /^The helper ended by SIGSEGV\.$/],
    ['half a frame', { code: 0, greeted: true, midFrame: true }, 'failed', true, /middle of a frame/],
    // Once it had said hello, pkexec’s codes are the helper’s own.
    ['code 126 after hello', { code: 126, greeted: true }, 'failed', true, /exit code 126/],
  ])('%s', (_, part, state, retry, reason) => {
    const ending = endingOf(exit(part));
    expect(ending).toMatchObject({ state, retry });
    expect(ending.reason).toMatch(reason);
  });

  it('start again after a lack of memory, not after a refusal of the verifier', () => {
    expect(endingOfFailure({ code: 'no_memory', message: 'x' }).retry).toBe(true);
    expect(endingOfFailure({ code: 'rejected', message: 'x' }).retry).toBe(false);
  });
});
