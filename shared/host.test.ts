import { expect, test } from 'vitest';
import { openedBy, parseAddress } from './host.ts';

test.each([
  '#/overview',
  '#/process/8a79902f-7c1c-4054-aabd-7b20a8950778.12.34',
  '#/feed?query=process.name%3Acurl&from=1&until=2',
])('%s is an address', (text) => expect(parseAddress(text)).toBe(text));

test.each([
  undefined,
  null,
  7,
  '',
  '#',
  '/etc/passwd',
  'https://evil.example/#/feed',
  'javascript:alert(1)',
  '#/feed#/x',
  '#/a b',
  '#/"onload=',
  '#/<script>',
  '#/\u202e',
  '#/\n',
  `#/${'x'.repeat(9000)}`,
])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined());

test.each([
  [['electron', '.', '--open', '#/feed'], '#/feed'],
  [['electron', '--open=#/feed', '--other'], '#/feed'],
  [['electron', '.'], undefined],
  [['electron', '.', '--open'], undefined],
  [['electron', '.', '--open', 'file:///etc/passwd'], undefined],
])('%j asks for %s', (argv, address) => expect(openedBy(argv)).toBe(address));
