/** Everyone's BPF: what is loaded on this host, whose it is, and what of it was not there before. */
import type { BpfInventory, BpfOutput, BpfProcess } from '../../shared/bpf.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { Clock } from '../clock.ts';
import type { Image } from '../sensor/processes.ts';
import { Actors, type ActorSources } from './actors.ts';
import { baselineOf, difference, type Baseline, type Difference } from './baseline.ts';
import { Told, type Finding } from './findings.ts';
import { inventoryOf, type Bare } from './inventory.ts';
import { Files, type FileSources } from './files.ts';
import { BpfFile } from './kept.ts';
import { Loads } from './loads.ts';
import { Shares } from './shares.ts';

export type { Finding } from './findings.ts';

type Failed = 'not_sensing' | 'inventory_failed';

export interface EveryonesBpfOptions extends ActorSources, FileSources {
  readonly bootId: string;
  /** Asks the helper, and parses what it says. */
  readonly ask: () => Promise<Result<BpfOutput, Failed>>;
  /** Of the data, where `bpf.json` has the baseline. */
  readonly folder: string;
  /** Whether Merlon ran here before: then `bpf.json` should be there. */
  readonly hadEvents?: () => boolean;
  readonly clock: Pick<Clock, 'bootNs' | 'wallOf'>;
  /** Names of the programs that Merlon's helper attached; only to tell who borrows one. */
  readonly own: () => ReadonlySet<string>;
  /** null while none runs. */
  readonly helperPid: () => number | null;
  /** Once for each (boot, program, what). */
  readonly onFound: (finding: Finding) => void;
  /** A look has found something else than the look before: programs, attachments, owners, what is new or gone. */
  readonly onChanged?: (inventory: BpfInventory) => void;
  readonly log: (line: string) => void;
}

const NOT_SENSING =
  'Merlon does not sense now, and only root sees the BPF of this host. Start sensing: merlon sense';

const UNCOMPARED: Difference = { isNew: new Set(), accepted: new Map(), gone: [] };

/** What a look came to, before it is held against the baseline. */
interface Look {
  readonly output: BpfOutput;
  readonly bare: Bare;
  readonly atMs: number;
}

export class EveryonesBpf {
  readonly #options: EveryonesBpfOptions;
  readonly #file: BpfFile;
  readonly #files: Files;
  readonly #loads: Loads;
  readonly #shares = new Shares();
  readonly #told: Told;
  #baseline: Baseline | undefined;
  #looking: Promise<Result<Look, Failed>> | undefined;
  #last = '';
  #failed = false;
  #stopped = false;

  constructor(options: EveryonesBpfOptions) {
    this.#options = options;
    this.#file = new BpfFile(options.folder, options.log, options.hadEvents);
    this.#files = new Files(options);
    const kept = this.#file.read();
    this.#baseline = kept?.baseline;
    const ofThisBoot = kept?.told.boot_id === options.bootId ? kept : undefined;
    this.#told = new Told(ofThisBoot?.told.keys ?? []);
    this.#loads = new Loads(ofThisBoot?.loads);
  }

  /** All of it as it is now. Whoever asks while a look is under way gets that one. Fails: not_sensing, inventory_failed. */
  async inventory(): Promise<Result<BpfInventory, Failed>> {
    const look = await this.#look();
    return look.ok ? ok(this.#compared(look.value)) : look;
  }

  /** Takes what is there now for known, because a person asked. Fails: not_sensing, inventory_failed. */
  async baseline(): Promise<Result<BpfInventory, Failed>> {
    const look = await this.#look();
    if (!look.ok) return look;
    this.#baseline = baselineOf(look.value.bare.programs, look.value.atMs, true);
    this.#keep(true);
    return ok(this.#compared(look.value));
  }

  /**
   * Somebody was seen to load a program.
   * @param tag 16 hex digits: by it the program is known again, as ids are used again.
   * @param image what the loader ran then; undefined where that was not known.
   */
  loaded(programId: number, tag: string, loader: BpfProcess, image: Image | undefined): void {
    this.#loads.add(programId, { tag, loader, image, heardNs: this.#options.clock.bootNs() });
  }

  /** Looks, and tells what it finds; to be called every now and then. Never fails: what fails is logged once. */
  async look(): Promise<void> {
    const look = await this.#look();
    const fails = !look.ok && look.error.code === 'inventory_failed';
    if (fails && !this.#failed) {
      const { message, detail } = look.error;
      this.#options.log(
        `the BPF of this host was not looked at: ${[message, detail].filter(Boolean).join(' ')}`,
      );
    }
    this.#failed = fails;
  }

  /** A look that is under way tells nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  #look(): Promise<Result<Look, Failed>> {
    this.#looking ??= this.#take().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #take(): Promise<Result<Look, Failed>> {
    const helperPid = this.#options.helperPid();
    if (helperPid === null || this.#stopped) return fail('not_sensing', NOT_SENSING);
    const answer = await this.#options.ask();
    // After that Merlon's own programs are another helper's, or none's.
    if (this.#stopped || this.#options.helperPid() !== helperPid) return fail('not_sensing', NOT_SENSING);
    if (!answer.ok) {
      const { code, message } = answer.error;
      return code === 'not_sensing' ? fail(code, NOT_SENSING, message) : answer;
    }
    const look = this.#understood(answer.value, helperPid);
    this.#loads.keepOnly(answer.value);
    this.#tell(look);
    return ok(look);
  }

  #understood(output: BpfOutput, helperPid: number): Look {
    const { clock, users, own } = this.#options;
    this.#files.begin();
    const bare = inventoryOf(output, {
      actors: new Actors(this.#options, this.#files, helperPid, output.at_ns - output.taken_ms * 1e6),
      loaderOf: (program) => this.#loads.of(program),
      percentOf: this.#shares.take(output),
      wallOf: (bootNs) => clock.wallOf(bootNs),
      users,
      own: own(),
    });
    return { output, bare, atMs: clock.wallOf(output.at_ns) };
  }

  /** The first look ever is the baseline: nothing is new on the first day. */
  #tell(look: Look): void {
    const isFirst = this.#baseline === undefined;
    this.#baseline ??= baselineOf(look.bare.programs, look.atMs, false);
    const inventory = this.#compared(look);
    const loadedNs = new Map(look.output.programs.map(({ id, loaded_ns: ns }) => [id, ns]));
    const { found, changed } = this.#told.take(inventory.programs, (id) => loadedNs.get(id) ?? 0);
    for (const finding of found) this.#options.onFound(finding);
    // Not in one condition: what has changed is asked for each time.
    const otherLoads = this.#loads.takeChanged();
    if (isFirst || changed || otherLoads) this.#keep(false);
    const now = outlineOf(inventory);
    if (now !== this.#last) this.#options.onChanged?.(inventory);
    this.#last = now;
  }

  #compared({ output, bare, atMs }: Look): BpfInventory {
    const { isNew, accepted, gone } =
      this.#baseline === undefined ? UNCOMPARED : difference(this.#baseline, bare.programs);
    const { problem } = this.#file;
    return {
      at: atMs,
      statistics: output.statistics,
      programs: bare.programs.map((each) => {
        const concerns = accepted.get(each.id);
        const one = isNew.has(each.id) ? { ...each, is_new: true } : each;
        return concerns === undefined ? one : { ...one, accepted: concerns };
      }),
      maps: bare.maps,
      gone,
      baseline: this.#baseline?.made ?? null,
      unread: [...(problem === undefined ? [] : [problem]), ...output.unread],
    };
  }

  #keep(wanted: boolean): void {
    if (this.#baseline === undefined) return;
    const told = { boot_id: this.#options.bootId, keys: this.#told.keys };
    this.#file.write({ baseline: this.#baseline, told, loads: this.#loads.kept }, wanted);
  }
}

/** What of it a change is one: neither figures nor who holds it at the moment. */
function outlineOf({ programs, gone, baseline }: BpfInventory): string {
  const rows = programs.map(({ id, tag, owner, attachments, is_new: isNew, concerns, accepted = [] }) => [
    ...[id, tag, owner, isNew, concerns, accepted],
    attachments.map(({ attach_type: type, target }) => [type, target]),
  ]);
  return JSON.stringify([rows, gone, baseline]);
}
