import { readFileSync, statSync } from 'node:fs';

/**
 * Names of users and groups, from the files themselves. `check` reads them again where they changed; it is called from
 * a timer, so that a look-up costs no more than a map's.
 * Directory services (NSS: LDAP, SSSD, systemd-homed) are not asked: their users have an id and no name.
 */
export class Users {
  readonly #users: NameFile;
  readonly #groups: NameFile;

  constructor(passwd = '/etc/passwd', group = '/etc/group') {
    this.#users = new NameFile(passwd);
    this.#groups = new NameFile(group);
    this.check();
  }

  /** To be called every few seconds. */
  check(): void {
    this.#users.check();
    this.#groups.check();
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
  #names: ReadonlyMap<number, string> = new Map();
  #version = '';

  constructor(path: string) {
    this.#path = path;
  }

  name(id: number): string | undefined {
    return this.#names.get(id);
  }

  check(): void {
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
