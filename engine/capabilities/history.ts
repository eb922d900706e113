/** The report before this one: kept in the data folder, and what has changed since. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import {
  CAPABILITIES_SCHEMA,
  PROTECTION_IDS,
  PROTECTION_STATES,
  type CapabilityChange,
  type CapabilityReport,
  type ProtectionId,
} from '../../shared/capabilities.ts';
import type { BareReport } from './report.ts';

const FILE = 'capabilities.json';

/** What is kept of a report: enough to tell what became of each protection. */
const kept = v.object({
  schema: v.literal(CAPABILITIES_SCHEMA),
  made: v.number(),
  boot_id: v.string(),
  kernel_version: v.string(),
  protections: v.record(
    v.string(),
    v.object({ state: v.picklist(PROTECTION_STATES), rung: v.nullable(v.string()) }),
  ),
});
type Kept = v.InferOutput<typeof kept>;

/** The newest of this boot, and the last of the boot before; either may be missing. */
const file = v.object({ newest: v.optional(kept), before: v.optional(kept) });

export class History {
  readonly #path: string;
  readonly #log: (line: string) => void;
  #newest: Kept | undefined;
  #before: Kept | undefined;

  /** @param folder of the data; it need not be there. */
  constructor(folder: string, log: (line: string) => void) {
    this.#path = join(folder, FILE);
    this.#log = log;
    const found = this.#read();
    this.#newest = found?.newest;
    this.#before = found?.before;
  }

  /** Against the last report of the boot before, or an earlier one of this boot where nothing else is known. */
  since(report: BareReport): CapabilityReport['since_last'] {
    const earlier = this.#newest?.boot_id === report.boot_id ? (this.#before ?? this.#newest) : this.#newest;
    if (earlier === undefined || !report.privileged) return null;
    return {
      made: earlier.made,
      kernel_version: earlier.kernel_version,
      same_boot: earlier.boot_id === report.boot_id,
      changes: changes(earlier, summaryOf(report)),
    };
  }

  /** Keeps it. @returns what is different from the newest that was kept, of whatever boot; undefined where there was none. */
  keep(report: BareReport): readonly CapabilityChange[] | undefined {
    if (!report.privileged) return [];
    const before = this.#newest;
    const now = summaryOf(report);
    if (before !== undefined && before.boot_id !== now.boot_id) this.#before = before;
    this.#newest = now;
    this.#write();
    return before && changes(before, now);
  }

  #read(): v.InferOutput<typeof file> | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      return v.parse(file, JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log(`the last report of what the kernel takes cannot be read, and is not compared with: ${why}`);
      return undefined;
    }
  }

  #write(): void {
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify({ newest: this.#newest, before: this.#before }), {
        mode: 0o600,
      });
      renameSync(`${this.#path}.new`, this.#path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log(`the report of what the kernel takes is not kept: ${why}`);
    }
  }
}

function summaryOf({ made, boot_id, kernel_version, protections }: BareReport): Kept {
  const states = PROTECTION_IDS.map((id) => {
    const { state, rung, rungs } = protections[id];
    return [id, { state, rung: rung === null ? null : (rungs[rung]?.name ?? null) }] as const;
  });
  return {
    schema: CAPABILITIES_SCHEMA,
    made,
    boot_id,
    kernel_version,
    protections: Object.fromEntries(states),
  };
}

/** Only what both know: a protection that is new here has not changed. */
function changes(before: Kept, after: Kept): CapabilityChange[] {
  return PROTECTION_IDS.flatMap((protection: ProtectionId): CapabilityChange[] => {
    const was = before.protections[protection];
    const is = after.protections[protection];
    if (was === undefined || is === undefined || (was.state === is.state && was.rung === is.rung)) return [];
    // What could not be tried has not changed.
    if (was.state === 'unknown' || is.state === 'unknown') return [];
    return [{ protection, before: was.state, after: is.state, rungs: [was.rung, is.rung] }];
  });
}
