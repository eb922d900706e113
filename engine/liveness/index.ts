/** Proves that the sensors are alive: sends canaries, and tells in the feed where one does not come back. */
import { readlinkSync, realpathSync } from 'node:fs';
import type { CanaryStatus } from '../../shared/console.ts';
import type { Clock } from '../clock.ts';
import type { Ingest } from '../ingest.ts';
import { ownCanary, ownFolders } from '../own-files.ts';
import type { DecodedRecord } from '../sensor/decode.ts';
import { canaryMissed, canaryReturned, tampered, type NoticeContext } from '../sensor/notices.ts';
import { Canaries } from './canaries.ts';
import { Guard } from './guard.ts';
import { Sender } from './sender.ts';

export interface LivenessOptions extends NoticeContext {
  readonly clock: Clock;
  readonly ingest: () => Pick<Ingest, 'notice' | 'gap' | 'full' | 'queuedBytes'>;
  /** Events were lost since that moment of the boot clock. */
  readonly lossSince: (ns: number) => boolean;
  readonly data: string;
  readonly socket: string;
  /** How many files of events the store has; undefined while it does not know. */
  readonly partitions: () => number | undefined;
  /** The sensors are to be started again. @param reason a sentence. */
  readonly onDead: (reason: string) => void;
  readonly onChange: () => void;
  readonly log: (line: string) => void;
  /** What is executed; another one for tests. */
  readonly program?: string;
}

/** So much in the queue takes longer than a moment to work off. */
const DEAD =
  'Merlon’s own sensors did not tell of programs that it started to test them; they are started again.';
const FOREIGN =
  'Merlon runs in a pid namespace of its own, where it cannot tell its canaries from other programs: none is sent.';
const BEHIND_BYTES = 1 << 20;

export class Liveness {
  readonly #canaries: Canaries;
  readonly #options: LivenessOptions;
  readonly #guard: Guard;
  #stopped = false;
  /** In a pid namespace of a container. */
  #foreign = false;
  readonly #sender: Sender;

  constructor(options: LivenessOptions) {
    this.#options = options;
    const program = options.program ?? ownCanary();
    this.#sender = new Sender(program, options.log);
    const { clock, ingest, onChange } = options;
    this.#canaries = new Canaries({
      send: (nonce, onExecuted) => this.#sender.send(nonce, onExecuted),
      program: realPath(program),
      sender: () => this.#sender.pid,
      bootNs: () => clock.bootNs(),
      behind: () => ingest().full || ingest().queuedBytes > BEHIND_BYTES,
      lossSince: options.lossSince,
      onMissed: ({ sentNs }) =>
        ingest().notice((sequence, atNs) => canaryMissed(options, atNs, sequence, sentNs)),
      onReturned: (returned) => {
        const { sinceNs, untilNs, late } = returned;
        ingest().notice((sequence, atNs) => canaryReturned(options, atNs, sequence, returned));
        if (!late)
          ingest().gap({ reason: 'canary_missed', beginNs: sinceNs, endNs: untilNs, lost: undefined });
      },
      onDead: () => options.onDead(DEAD),
      onChange,
    });
    const { data, socket, partitions } = options;
    this.#guard = new Guard({
      programs: ownFolders(),
      data,
      socket,
      partitions,
      onFound: (finding) => ingest().notice((sequence, atNs) => tampered(options, atNs, sequence, finding)),
    });
  }

  get status(): CanaryStatus | undefined {
    // Elsewhere the kernel knows the canaries by other numbers than this process does.
    if (this.#foreign) return { state: 'not_sent', missing_since: null, sent: 0, missed: 0, last: null };
    return this.#canaries.status;
  }

  /** Those of the last hour, oldest first. */
  get recent(): Canaries['recent'] {
    return this.#canaries.recent;
  }

  /** Whether a record is of a canary, and no event. */
  claims(record: DecodedRecord): boolean {
    return this.#canaries.claims(record);
  }

  /** The engine runs: from now on nobody else should change what is its own. */
  guard(): void {
    this.#guard.start();
  }

  /** Exchanges files of the database by Merlon's own hand, which is no finding. */
  exchanging<T>(work: () => Promise<T>): Promise<T> {
    return this.#guard.exchanging(work);
  }

  /** The sensors are attached. */
  sensing(): void {
    if (this.#stopped) return;
    if (!inFirstPidNamespace()) {
      if (!this.#foreign) this.#options.log(FOREIGN);
      this.#foreign = true;
      return;
    }
    this.#canaries.start();
  }

  /** They are not. */
  notSensing(): void {
    this.#canaries.stop();
  }

  stop(): void {
    this.#stopped = true;
    this.#canaries.stop();
    this.#sender.stop();
    this.#guard.stop();
  }
}

/** PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

function inFirstPidNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE;
  } catch {
    return false; // no /proc
  }
}

/** As the kernel says it; where it is not there, sending fails and says so. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
