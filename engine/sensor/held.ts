/**
 * Calls of bpf() between the attaching of the sensors and the snapshot, by processes that are not known before it: told
 * after it, they have their program, and the probe's own can be told apart.
 */
import type { BpfRecord, DecodedRecord } from './decode.ts';
import type { Processes } from './processes.ts';

/** More are told as they come. */
const MOST = 1024;

export class HeldCalls {
  #records: BpfRecord[] = [];

  /** @returns whether it keeps the record, for `release`. */
  takes(record: DecodedRecord, processes: Pick<Processes, 'find'>): boolean {
    if (record.kind !== 'bpf' || this.#records.length >= MOST) return false;
    const { pid, start_ns: startNs } = record.task;
    if (processes.find(pid, startNs)?.image !== undefined) return false;
    this.#records.push(record);
    return true;
  }

  /** In the order in which they came. */
  release(): readonly BpfRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }
}
