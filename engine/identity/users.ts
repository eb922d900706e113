import { readFileSync, statSync } from 'node:fs';

const CHECK_EVERY_MS = 2000;

/**
 * Names of users and groups, from the files themselves; read again when they change.
 * Directory services (NSS: LDAP, SSSD, systemd-homed) are not asked: their users have an id and no name.
 */
export class Users {
  readonly #users: NameFile;
  readonly #groups: NameFile;

  constructor(passwd = '/etc/passwd', group = '/etc/group', now: () => number = Date.now) {
    this.#users = new NameFile(passwd, now);
    this.#groups = new NameFile(group, now);
  }

  /** @returns the user's name, undefined where the file has none. */
  user(uid: number): string | undefined {
    return this.#users.name(uid);
  }

  /** @returns the group's name, undefined where the file has none. */
  group(gid: number): string | undefined {
    return this.#groups.name(gid);
  }
}

/** passwd(5) and group(5) alike: the name is the first field, the id the third. */
class NameFile {
  readonly #path: string;
  readonly #now: () => number;
  #names: ReadonlyMap<number, string> = new Map();
  #checkedAt = -Infinity;
  #version = '';

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  name(id: number): string | undefined {
    const now = this.#now();
    if (now - this.#checkedAt >= CHECK_EVERY_MS || now < this.#checkedAt) {
      this.#checkedAt = now;
      this.#reload();
    }
    return this.#names.get(id);
  }

  #reload(): void {
    try {
      const stat = statSync(this.#path);
      const version = `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
      if (version === this.#version) return;
      this.#names = parseNames(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch {
      // Missing or unreadable: what was known stays, ids stand for themselves otherwise.
    }
  }
}

/** The first line with an id wins, as in getpwuid(3). */
export function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const match = /^([^:#+-][^:]*):[^:]*:(\d+):/.exec(line);
    if (match === null) continue;
    const id = Number(match[2]);
    if (!names.has(id)) names.set(id, match[1]!);
  }
  return names;
}
