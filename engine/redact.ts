import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { NOT_PLAIN } from './plain.ts';
import { isHarmless, redactText, secretOption, worthALook } from './secrets.ts';

/** A command line as it is stored. */
export interface CommandLine {
  readonly args: readonly string[];
  /** The arguments joined by spaces. */
  readonly text: string;
}

const KEY_BYTES = 32;
const MAX_CACHED = 8192;
const MAX_CACHED_LENGTH = 1024;
/** Plain lines are kept in so many places, each by its hash. */
const PLAIN_PLACES = 4096;

interface Tool {
  readonly attached?: string;
  readonly next?: string;
  readonly afterColon?: string;
  readonly afterPercent?: string;
}

/**
 * Tools that take a secret behind a short option: `attached` as in `-pSECRET`, `next` as in `-p SECRET`,
 * `afterColon` as in `-u name:SECRET`, `afterPercent` as in `-U name%SECRET`.
 */
const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['mysql', { attached: '-p' }],
  ['mysqldump', { attached: '-p' }],
  ['mysqladmin', { attached: '-p' }],
  ['mysqlimport', { attached: '-p' }],
  ['mysqlcheck', { attached: '-p' }],
  ['mysqlshow', { attached: '-p' }],
  ['mariadb', { attached: '-p' }],
  ['mariadb-dump', { attached: '-p' }],
  ['mariadb-admin', { attached: '-p' }],
  ['sshpass', { attached: '-p', next: '-p' }],
  ['7z', { attached: '-p' }],
  ['7za', { attached: '-p' }],
  ['redis-cli', { next: '-a' }],
  ['unzip', { next: '-P' }],
  ['zip', { next: '-P' }],
  ['ldapsearch', { next: '-w' }],
  ['ldapmodify', { next: '-w' }],
  ['curl', { afterColon: '-u' }],
  ['smbclient', { afterPercent: '-U' }],
]);

/**
 * Replaces secrets in what programs were started with by keyed tags, before anything is stored: `‹secret:0a1b2c3d›`.
 * The same secret has the same tag in one database, so that its uses can be told apart and followed.
 */
export class Redactor {
  readonly #key: Uint8Array;
  #lines = new Map<string, CommandLine>();
  /** Plain lines that have come twice, and the hash of what came last in each place. */
  readonly #plainLines: ({ readonly raw: string; readonly line: CommandLine } | undefined)[];
  readonly #plainHashes = new Int32Array(PLAIN_PLACES).fill(NOT_PLAIN);
  /** Texts that hold no secret. */
  #plain = new Set<string>();

  /** @param key secret, at least 32 bytes; another key gives other tags. */
  constructor(key: Uint8Array) {
    if (key.length < KEY_BYTES) throw new Error('the redaction key is too short');
    this.#key = key;
    this.#plainLines = new Array<undefined>(PLAIN_PLACES).fill(undefined);
  }

  /** @param raw the arguments, separated by NUL. @param plain what `plainHash` says of them, where that was asked. */
  commandLine(raw: string, plain = NOT_PLAIN): CommandLine {
    if (plain !== NOT_PLAIN && raw !== '') return this.#plainLine(raw, plain);
    const known = this.#lines.get(raw);
    if (known !== undefined) return known;
    const args = raw === '' ? [] : this.args(raw.split('\0'));
    const line = { args: Object.freeze(args), text: args.join(' ') };
    if (raw.length <= MAX_CACHED_LENGTH) {
      // Emptied rather than trimmed: a storm of unique command lines must not pay for order.
      if (this.#lines.size >= MAX_CACHED) this.#lines = new Map();
      this.#lines.set(raw, line);
    }
    return line;
  }

  /** A line that comes once costs no memory for longer than that: in a storm nearly all of them do. */
  #plainLine(raw: string, hash: number): CommandLine {
    const place = hash % PLAIN_PLACES;
    const known = this.#plainLines[place];
    if (known?.raw === raw) return known.line;
    const args = raw.split('\0');
    const line = { args, text: args.join(' ') };
    if (this.#plainHashes[place] !== hash) {
      this.#plainHashes[place] = hash;
    } else if (raw.length <= MAX_CACHED_LENGTH) {
      Object.freeze(args);
      this.#plainLines[place] = { raw, line };
    }
    return line;
  }

  args(args: readonly string[]): string[] {
    const result: string[] = [];
    let tool: Tool | undefined;
    let before = '';
    let asks = false;
    for (const arg of args) {
      const worth = this.#worthALook(arg);
      if (asks || worth || tool !== undefined) result.push(this.#argument(arg, before, asks, worth, tool));
      else result.push(arg);
      asks = worth && arg.startsWith('-');
      tool = toolOf(arg) ?? tool;
      before = arg;
    }
    return result;
  }

  /** Any other text that may hold a secret: an environment entry, a path. */
  text(text: string): string {
    return this.#worthALook(text) ? redactText(text, this.#tag) : text;
  }

  #worthALook(text: string): boolean {
    if (this.#plain.has(text)) return false;
    if (worthALook(text)) return true;
    if (text.length <= MAX_CACHED_LENGTH) {
      if (this.#plain.size >= MAX_CACHED) this.#plain = new Set();
      this.#plain.add(text);
    }
    return false;
  }

  #argument(arg: string, before: string, asks: boolean, worth: boolean, tool: Tool | undefined): string {
    const asking = asks ? secretOption(before) : undefined;
    if (asking?.valueAt === -1 && !arg.startsWith('-')) return this.#whole(arg, asking.name);
    const cut = tool === undefined ? -1 : secretAt(arg, before, tool);
    if (cut >= 0) return arg.slice(0, cut) + this.#whole(arg.slice(cut), '');
    if (!worth) return arg;
    // One word for the program, so the value goes to its end; the text of `sh -c` is many words.
    const option = before === '' || /^-[a-z]*c$/.test(before) ? undefined : secretOption(arg);
    if (option !== undefined && option.valueAt > 0) {
      return arg.slice(0, option.valueAt) + this.#whole(arg.slice(option.valueAt), option.name);
    }
    return redactText(arg, this.#tag);
  }

  #whole(value: string, name: string): string {
    return isHarmless(value, name) ? value : this.#tag(value);
  }

  readonly #tag = (secret: string): string =>
    `‹secret:${createHmac('sha256', this.#key).update(secret).digest('hex').slice(0, 8)}›`;
}

function toolOf(arg: string): Tool | undefined {
  const name = arg.slice(arg.lastIndexOf('/') + 1);
  return TOOLS.get(name);
}

/** Where the secret begins in this argument, -1 where there is none. */
function secretAt(arg: string, before: string, tool: Tool): number {
  if (tool.attached !== undefined && arg.startsWith(tool.attached) && arg.length > tool.attached.length) {
    return tool.attached.length;
  }
  if (tool.next !== undefined && before === tool.next) return 0;
  const joint = before === tool.afterColon ? ':' : before === tool.afterPercent ? '%' : '';
  const at = joint === '' ? -1 : arg.indexOf(joint);
  return at < 0 ? -1 : at + 1;
}

/**
 * The key of a data folder; made where there is none (0600, written whole or not at all).
 * @throws Error where it can be neither read nor made.
 */
export function redactionKey(folder: string): Uint8Array {
  const path = `${folder}/redaction.key`;
  const known = readKey(path);
  if (known !== undefined) return known;
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.${process.pid}`;
  const fd = openSync(draft, 'w', 0o600);
  try {
    fchmodSync(fd, 0o600);
    writeSync(fd, key);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  return key;
}

function readKey(path: string): Uint8Array | undefined {
  try {
    const key = readFileSync(path);
    return key.length === KEY_BYTES ? key : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
