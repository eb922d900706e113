/** Changes the user's own settings file: one value at a time, comments and order kept. */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isMap, isNode, isScalar, type Document } from 'yaml';
import { writeSetting, type ConfigValue, type SettingKey } from '../../shared/config.ts';
import { parseText } from './parse.ts';

const HEAD = ' Merlon’s settings of this user. What each is for: merlon config list';

/** The file is as it was. */
export class OwnFileError extends Error {
  override name = 'OwnFileError';
}

/**
 * Writes these settings; undefined takes one back.
 * @throws OwnFileError where the file is no YAML, or cannot be written.
 */
export function writeOwn(path: string, changes: ReadonlyMap<SettingKey, ConfigValue | undefined>): void {
  try {
    const text = readText(path);
    const document = parseText(text);
    if (document.errors.length > 0)
      throw new OwnFileError(`${path} is no YAML, and Merlon does not overwrite it. Mend it first.`);
    if (document.contents !== null && !isMap(document.contents))
      throw new OwnFileError(`${path} holds something else than settings, and Merlon does not overwrite it.`);
    if (text.trim() === '') document.commentBefore = HEAD;
    for (const [key, value] of changes) change(document, key, value);
    const empty = isMap(document.contents) && document.contents.items.length === 0;
    if (empty) document.contents = null;
    replace(path, document.toString({ lineWidth: 0 }).replace(/(^|\n)null\n$/, '$1'));
  } catch (error) {
    if (error instanceof OwnFileError) throw error;
    throw new OwnFileError(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function change(document: Document, key: SettingKey, value: ConfigValue | undefined): void {
  // As the person wrote it: `retention.days: 3` in one word, or in groups.
  const path = document.has(key) ? [key] : key.split('.');
  if (value === undefined) return remove(document, path);
  const parent = path.length > 1 ? document.get(path[0], true) : undefined;
  // `retention:` with nothing in it stands for an empty group.
  if (isScalar(parent) && parent.value === null) document.set(path[0], document.createNode({}));
  const known = document.getIn(path, true);
  // A scalar keeps its comment.
  if (isScalar(known)) known.value = writeSetting(key, value);
  else document.setIn(path, writeSetting(key, value));
}

function remove(document: Document, path: readonly string[]): void {
  if (!document.hasIn(path)) return;
  document.deleteIn(path);
  const [group] = path;
  const left = document.get(group, true);
  if (path.length > 1 && isNode(left) && isMap(left) && left.items.length === 0) document.delete(group);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Whole or not at all, for its owner alone. A link stays one: what it points at is replaced. */
function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const target =
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? realpathSync(path) : path;
  const draft = `${target}.${process.pid}.new`;
  const fd = openSync(draft, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
