import { expect, it } from 'vitest';
import { argvOf, routeOf } from './spawn.ts';

it('starts directly as root, through pkexec otherwise, and a script by its own Node', () => {
  expect(routeOf('/x/merlon-helper', 0)).toBe('direct');
  expect(routeOf('/x/merlon-helper', 1000)).toBe('pkexec');
  expect(routeOf('/x/double.mjs', 1000)).toBe('double');
});

it('lets pkexec ask on the terminal only where there is one', () => {
  expect(argvOf('pkexec', '/x/h', true)).toEqual(['pkexec', '/x/h']);
  expect(argvOf('pkexec', '/x/h', false)).toEqual(['pkexec', '--disable-internal-agent', '/x/h']);
});
