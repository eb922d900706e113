import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactionKey, Redactor } from './redact.ts';

const redactor = new Redactor(new Uint8Array(32).fill(7));
const S = 'hunter2-Correct';
const jwt = `eyJhbGciOiJIUzI1NiJ9.${'eyJzdWIiOiIxMjM0NTY3ODkwIn0'}.${'dozjgNryP4J3jVmNHl0w5N'}`;

describe('secrets leave the command line', () => {
  test.each([
    [['psql', `--password=${S}`], S],
    [['psql', '--password', S], S],
    [['tool', '-token', S], S],
    [['tool', '--api-key', S], S],
    [['tool', `--client-secret=${S} with spaces`], 'with spaces'],
    [['env', `PGPASSWORD=${S} x`, 'psql'], S],
    [['env', `AWS_SECRET_ACCESS_KEY=${S}`], S],
    [['env', `DB_PASS=${S}`], S],
    [['sh', '-c', `TOKEN=${S} curl -s x`], S],
    [['sh', '-c', `mysql --password ${S} db`], S],
    [['sh', '-c', `curl -d '{"password": "${S}"}' x`], S],
    [['sh', '-c', `export apiKey="${S} and more"; run`], 'and more'],
    [['curl', `https://ada:${S}@example.org/x`], S],
    [['curl', `https://example.org/?access_token=${S}&x=1`], S],
    [['curl', '-H', `Authorization: Bearer ${S}`], S],
    [['curl', '-H', `Authorization: Basic YWRhOmh1bnRlcjI=`], 'YWRhOmh1bnRlcjI'],
    [['curl', '-H', `X-Api-Key: ${S}`], S],
    [['curl', '-u', `ada:${S}`, 'x'], S],
    [['mysql', `-p${S}`, '-u', 'root'], S],
    [['sudo', '/usr/bin/mysql', `-p${S}`], S],
    [['sshpass', '-p', S, 'ssh', 'host'], S],
    [['redis-cli', '-a', S], S],
    [['smbclient', '-U', `ada%${S}`], S],
    [['x', 'AKIAIOSFODNN7EXAMPLE'], 'AKIAIOSFODNN7EXAMPLE'],
    [['x', `--note=ghp_${'a1B2'.repeat(9)}`], 'ghp_a1'],
    [['x', `glpat-${'a1B2'.repeat(5)}`], 'glpat-a1'],
    [['x', 'xoxb-123456789012-abcdefABCDEF'], 'xoxb-1'],
    [['x', `AIza${'aB3_x'.repeat(7)}`], 'AIzaaB'],
    [['x', `sk_live_${'aB3x'.repeat(6)}`], 'sk_live_a'],
    [['x', `npm_${'aB3x'.repeat(9)}`], 'npm_aB'],
    [['x', jwt], 'eyJzdWIi'],
    [['x', `-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n`], 'b3BlbnNz'],
    [['x', 'q7Rk2Zp9Xv4Lm8Tn3Wb6Yc1Df5Gh0Js2Ka9'], 'q7Rk2Z'],
  ])('%j', (args, secret) => {
    const { args: redacted, text } = redactor.commandLine(args.join('\0'));
    expect(text).not.toContain(secret);
    expect(text).toMatch(/‹secret:[0-9a-f]{8}›/);
    expect(redacted).toHaveLength(args.length);
    expect(redacted.join(' ')).toBe(text);
  });

  test('a secret in the text of a shell hides nothing but itself', () => {
    const { text } = redactor.commandLine(['sh', '-c', `TOKEN=${S} rm -rf /srv`].join('\0'));
    expect(text).toMatch(/^sh -c TOKEN=‹secret:[0-9a-f]{8}› rm -rf \/srv$/);
  });

  test('the same secret has the same tag everywhere, and another one under another key', () => {
    const tagOf = (r: Redactor, ...args: string[]) =>
      /‹secret:\w+›/.exec(r.commandLine(args.join('\0')).text)?.[0];
    const tag = tagOf(redactor, 'a', '--token', S);
    expect(tagOf(redactor, 'b', `https://u:${S}@h/`)).toBe(tag);
    expect(tagOf(new Redactor(new Uint8Array(32).fill(8)), 'a', '--token', S)).not.toBe(tag);
  });
});

describe('what is no secret stays', () => {
  test.each([
    [['git', 'show', 'adaaa50cb1c6a1f9bb6a8a1b2f3c4d5e6f708192']],
    [['docker', 'inspect', '0123456789abcdef'.repeat(4)]],
    [['x', '8a79902f-7c1c-4054-aabd-7b20a8950778']],
    [['x', '--password-file=/run/secrets/db', '--token-type', 'bearer']],
    [['x', '--max-tokens=4096', '--tokenizer=bpe', '--passwordless', '--bypass=1']],
    [['x', '--private-key=/etc/ssl/key.pem', '--api-key=$API_KEY']],
    [['env', 'PWD=/home/ada', 'OLDPWD=/tmp', 'SSH_AUTH_SOCK=/run/x']],
    [['passwd', 'ada']],
    [['pass', 'show', 'mail']],
    [['x', 'https://example.org:8080/a@b', 'ada@example.org:/srv']],
    [['java', 'org.springframework.AbstractSingletonProxyFactoryBeanTests2Configuration']],
    [
      [
        '/usr/lib/x86_64-linux-gnu/libexec/kf5/kio_file',
        '/nix/store/0c9i5zvz4q4h0q5g8y7zf0v3nq6l5n1r-hello-2.12',
      ],
    ],
    [['npm', 'ci', '--integrity', 'sha512-47DEQpj8HBSaTImW5JCeuQeRkm5NMpJWZG3hSuFUabcXYZ123=']],
    [['mysql', '-p', 'db']],
    [['cc', '-pipe', '-O2', '-DNDEBUG', '-I../include', '-c', 'key.c', '-o', 'key.o']],
    [['collect2', '-plugin-opt=-pass-through=-lgcc_s', '--pass-exit-codes=1234']],
    [['mkdir', '-p', '/srv/x']],
  ])('%j', (args) => {
    expect(redactor.commandLine(args.join('\0')).args).toEqual(args);
  });

  test('an empty command line is empty, an empty argument counts', () => {
    expect(redactor.commandLine('')).toEqual({ args: [], text: '' });
    expect(redactor.commandLine('a\0\0b').args).toEqual(['a', '', 'b']);
  });
});

test('no text takes long, whatever it holds', () => {
  const parts = [
    'password',
    'token',
    '=',
    ':',
    ' ',
    '"',
    'a',
    'A1',
    '://',
    '@',
    '-',
    'eyJ',
    '.',
    'Bearer ',
    '_key',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 12 }), (unit) => {
      const raw = unit.join('').repeat(8192).slice(0, 8192);
      const begin = performance.now();
      redactor.commandLine(`x\0${raw}`);
      expect(performance.now() - begin).toBeLessThan(250);
    }),
    { numRuns: 60 },
  );
});

test('the key is made once, for the owner only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-key-'));
  try {
    const key = redactionKey(folder);
    expect(Buffer.compare(redactionKey(folder), key)).toBe(0);
    expect(statSync(join(folder, 'redaction.key')).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
