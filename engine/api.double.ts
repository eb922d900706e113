/** For tests: the API over a store that answers what a test tells it to, and a face that keeps what it is told. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { requestParser, type Reply, type RequestIn, type RequestName } from '../shared/console.ts';
import { FRAME_CONTROL, FrameReader } from '../shared/frames.ts';
import { Api, type ApiOptions } from './api.ts';
import { Client } from './api/client.ts';
import { reportOf } from './capabilities/report.ts';
import { LiveConfig } from './config/index.ts';
import { Processes } from './sensor/processes.ts';

export type FakeStore = ApiOptions['store'];

/** A connection that keeps what it is told. */
export class Face extends EventEmitter {
  destroyed = false;
  writable = true;
  writableLength = 0;
  readonly told: unknown[] = [];
  readonly client = new Client(this as unknown as Socket);
  readonly #reader = new FrameReader(new Map([[FRAME_CONTROL, 1 << 26]]));

  write(frame: Uint8Array): boolean {
    for (const { payload } of this.#reader.push(frame))
      this.told.push(JSON.parse(Buffer.from(payload).toString()));
    return true;
  }
  hangUp(): void {
    this.emit('close');
  }
}

const unasked = () => {
  throw new Error('the test did not expect this');
};
const NO_STORE: FakeStore = {
  page: unasked,
  get: unasked,
  story: unasked,
  histogram: unasked,
  values: unasked,
  cuts: unasked,
  holds: unasked,
  hold: unasked,
  release: unasked,
  retain: unasked,
  backup: unasked,
  wipe: unasked,
  setAside: unasked,
  check: unasked,
  salvage: unasked,
  stats: unasked,
};

/** Faces, processes and the log of one API. */
export class ApiBench {
  readonly logged: string[] = [];
  /** How often faces were told that what is stored is another. */
  replaced = 0;
  readonly processes = new Processes('8a79902f-7c1c-4054-aabd-7b20a8950778');
  readonly face = new Face();

  /** @returns what parses and answers as the server does. */
  over(store: Partial<FakeStore>, retention?: ApiOptions['retention']) {
    const api = new Api({
      status: unasked,
      store: { ...NO_STORE, ...store },
      ...(retention === undefined ? {} : { retention }),
      onReplaced: () => (this.replaced += 1),
      exchanging: (work) => work(),
      programs: { newest: unasked, forget: async () => {} },
      newest: () => null,
      sources: {
        processes: this.processes,
        clock: { wallOf: (ns) => ns },
        users: { user: () => 'root' },
        cgroups: { of: () => undefined, containerName: () => undefined },
        stored: async () => undefined,
      },
      usage: { all: unasked, of: unasked },
      packages: { owner: unasked },
      files: { look: unasked },
      config: new LiveConfig({ system: '/nowhere/system.yaml', own: '/nowhere/own.yaml' }),
      collect: unasked,
      explain: unasked,
      self: {
        health: { now: { canaries: [], tasks: null, samples: [], blind: [] }, cost: unasked },
        capabilities: {
          report: { ...reportOf(undefined, 'Nobody asked.'), kernels: [], since_last: null },
          probe: unasked,
        },
        bpf: { inventory: unasked, baseline: unasked },
      },
      startHelper: () => false,
      stop: unasked,
      log: (line) => this.logged.push(line),
    });
    return async <N extends RequestName>(name: N, input: RequestIn<N>): Promise<Reply<N>> =>
      await api.handlers[name](requestParser(name)(input) as RequestIn<N>, this.face.client);
  }
}

/** Never answers, but when it is given up. */
export const whenAborted = (signal?: AbortSignal) =>
  new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
