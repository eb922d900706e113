/** What need not be stored, since other cells say it. */

const ZERO = 0x30;
const NINE = 0x39;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;
const SPACE = 0x20;

/** Ten hex digits of the boot id, as entity ids begin (engine/sensor/processes.ts). */
export const entityPrefix = (bootId: string) => bootId.replaceAll('-', '').slice(0, 10);

/** The entity id of a process. @param prefix as `entityPrefix` gives it. */
export const entityIdOf = (prefix: string, pid: number, startNs: number) =>
  `${prefix}-${pid.toString(36)}-${startNs.toString(36)}`;

/** Reads entity ids of one boot. */
export class EntityIds {
  readonly #prefix: string;

  constructor(bootId: string) {
    this.#prefix = `${entityPrefix(bootId)}-`;
  }

  /** When the process started; undefined unless `entityIdOf` would give exactly this text for this pid. */
  startOf(text: string, pid: number): number | undefined {
    if (!text.startsWith(this.#prefix)) return undefined;
    const from = this.#prefix.length;
    const dash = text.indexOf('-', from);
    if (dash < 0 || readBase36(text, from, dash) !== pid) return undefined;
    return readBase36(text, dash + 1, text.length);
  }
}

/** A number as `toString(36)` writes it: no capitals, no zeros in front. Undefined where it is none. */
function readBase36(text: string, from: number, until: number): number | undefined {
  const length = until - from;
  if (length < 1 || length > 11) return undefined;
  let value = 0;
  for (let i = from; i < until; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= ZERO && unit <= NINE) value = value * 36 + (unit - ZERO);
    else if (unit >= LOWER_A && unit <= LOWER_Z) value = value * 36 + (unit - LOWER_A + 10);
    else return undefined;
  }
  if (length > 1 && text.charCodeAt(from) === ZERO) return undefined;
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

/** Whether the list is exactly what `line.split(' ')` gives. */
export function isSplitLine(list: readonly string[], line: string): boolean {
  let at = 0;
  for (let i = 0; i < list.length; i++) {
    const part = list[i]!;
    if (i > 0) {
      if (line.charCodeAt(at) !== SPACE) return false;
      at++;
    }
    if (!line.startsWith(part, at) || part.includes(' ')) return false;
    at += part.length;
  }
  return list.length > 0 && at === line.length;
}
