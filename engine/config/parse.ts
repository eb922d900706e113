/** Reads a settings file: what counts of it, and what does not, with its place. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type ParsedNode } from 'yaml';
import type { ConfigProblem } from '../../shared/console.ts';
import { noSetting, shown } from '../../shared/config/names.ts';
import {
  isSettingKey,
  readSetting,
  SETTING_KEYS,
  type ConfigValue,
  type SettingKey,
} from '../../shared/config.ts';

export interface ParsedFile {
  readonly values: ReadonlyMap<SettingKey, ConfigValue>;
  /** Settings that the administrator fixes. */
  readonly locked: ReadonlySet<SettingKey>;
  readonly problems: readonly ConfigProblem[];
  /** It is no YAML at all: nothing of it counts. */
  readonly broken: boolean;
}

export const NOTHING_SAID: ParsedFile = { values: new Map(), locked: new Set(), problems: [], broken: false };
export const MAX_FILE_BYTES = 256 << 10;

/** YAML 1.2, keys once, no aliases: what a person writes and reads. */
export function parseText(text: string, lines = new LineCounter()): Document.Parsed {
  return parseDocument(text, { strict: true, uniqueKeys: true, prettyErrors: false, lineCounter: lines });
}

/** @param mayLock whether `locked:` counts: in the administrator's file. */
export function parseFile(text: string, mayLock: boolean): ParsedFile {
  const lines = new LineCounter();
  const document = parseText(text, lines);
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    // In our own words: the library's repeat what stands there.
    const problems = document.errors.slice(0, 5).map(({ pos, code }) => ({
      ...place(pos[0]),
      said: `This is no YAML (${code.toLowerCase().replaceAll('_', ' ')}); nothing of this file counts.`,
    }));
    return { ...NOTHING_SAID, problems, broken: true };
  }
  const reader = new Reader(mayLock, place);
  reader.read(document.contents, '', 0);
  return reader;
}

class Reader implements ParsedFile {
  readonly values = new Map<SettingKey, ConfigValue>();
  readonly locked = new Set<SettingKey>();
  readonly problems: ConfigProblem[] = [];
  readonly broken = false;
  readonly #mayLock: boolean;
  readonly #place: (offset: number) => { line: number; column: number };

  constructor(mayLock: boolean, place: (offset: number) => { line: number; column: number }) {
    this.#mayLock = mayLock;
    this.#place = place;
  }

  /** @param path the dotted key so far. */
  read(node: ParsedNode | null, path: string, at: number): void {
    if (node === null || (isScalar(node) && node.value === null)) return; // an empty file, or group
    if (isSettingKey(path)) return this.#value(node, path);
    if (!isMap(node)) {
      const what = path === '' ? 'Settings are written as name: value.' : `There is no setting ${path}.`;
      return this.#problem(node.range[0] ?? at, what, path);
    }
    for (const { key, value } of node.items) {
      const offset = key.range[0];
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#problem(offset, 'The name of a setting is a word.', path);
        continue;
      }
      const full = path === '' ? key.value : `${path}.${key.value}`;
      if (full === 'locked') this.#lock(value, offset);
      else if (isSettingKey(full) || SETTING_KEYS.some((known) => known.startsWith(`${full}.`)))
        this.read(value, full, offset);
      else this.#problem(offset, noSetting(full), full);
    }
  }

  #value(node: ParsedNode, key: SettingKey): void {
    const plain = isScalar(node) && node.anchor === undefined && node.tag === undefined;
    const read = plain ? readSetting(key, node.value) : undefined;
    if (read?.ok === true) this.values.set(key, read.value);
    else
      this.#problem(
        node.range[0],
        `${key} does not count. ${read?.sentence ?? 'Give it one plain value.'}`,
        key,
      );
  }

  #lock(node: ParsedNode | null, at: number): void {
    if (!this.#mayLock)
      return this.#problem(at, 'Only the administrator’s file can lock settings.', 'locked');
    if (node === null || !isSeq(node))
      return this.#problem(at, 'Takes a list: locked: [retention.days]', 'locked');
    for (const item of node.items) {
      const key = isScalar(item) && typeof item.value === 'string' ? item.value : '';
      if (isSettingKey(key)) this.locked.add(key);
      else this.#problem(item.range?.[0] ?? at, `There is no such setting to lock.`, 'locked');
    }
  }

  #problem(offset: number, said: string, key: string): void {
    this.problems.push({ ...this.#place(offset), ...(key === '' ? {} : { key: shown(key) }), said });
  }
}
