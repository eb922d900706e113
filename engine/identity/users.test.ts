import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseNames, Users } from './users.ts';

const folder = mkdtempSync(join(tmpdir(), 'merlon-users-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('Users', () => {
  test('reads names again when the file changes', () => {
    const passwd = join(folder, 'passwd');
    writeFileSync(passwd, 'ada:x:1000:1000::/home/ada:/bin/sh\n');
    const users = new Users(passwd, join(folder, 'none'));
    expect(users.user(1000)).toBe('ada');
    expect(users.user(1001)).toBeUndefined();
    expect(users.group(0)).toBeUndefined();

    writeFileSync(passwd, 'ada:x:1000:1000::/home/ada:/bin/sh\ngrace:x:1001:1001::/:/bin/sh\n');
    utimesSync(passwd, 10, 10);
    users.check();
    expect(users.user(1001)).toBe('grace');

    rmSync(passwd);
    users.check();
    expect(users.user(1001)).toBe('grace');
  });
});

describe('parseNames', () => {
  test('takes the first name of an id and skips what is not an entry', () => {
    const names = parseNames(
      'root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n# note\n+@netgroup\n\nbad\nx:y:z:\n',
    );
    expect([...names]).toEqual([[0, 'root']]);
  });
});
