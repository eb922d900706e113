import type { CapabilityReport, ProtectionId } from '../../shared/capabilities.ts';
import type { Console } from '../../shared/console.ts';

/** Why the last probe gave no report. */
export interface ProbeFailure {
  readonly message: string;
  /** The kernel's own words. */
  readonly detail?: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What this kernel lets Merlon do, as last heard, and what a person has unfolded of it. */
export class Capabilities {
  /** undefined until the engine has said. */
  report = $state.raw<CapabilityReport | undefined>();
  /** Why the engine could not say, a sentence. */
  problem = $state<string | undefined>();
  probing = $state(false);
  failure = $state.raw<ProbeFailure | undefined>();
  opened = $state.raw<ReadonlySet<ProtectionId>>(new Set());
  /** The protection whose repairs are looked at. */
  repairing = $state<ProtectionId | undefined>();
  /** What is looked for in everything that was tried. */
  search = $state('');

  #asked: Console | undefined;
  #heard = 0;

  /** Hears of newer reports over this connection, until it ends. */
  follow(api: Console): void {
    api.on('capabilities.changed', (report) => this.#take(report));
  }

  /** Asks for the report, once over a connection: from then on news come by themselves. */
  async ask(api: Console): Promise<void> {
    if (this.#asked === api) return;
    this.#asked = api;
    this.problem = undefined;
    const heard = this.#heard;
    const reply = await api.request('capabilities.get', {});
    // What was told meanwhile is newer.
    if (this.#asked !== api || this.#heard !== heard) return;
    if (reply.ok) return this.#take(reply.value);
    this.#asked = undefined;
    // That the engine is away is said elsewhere.
    if (reply.error.code !== 'disconnected') this.problem = reply.error.message;
  }

  /** Has everything tried again. */
  async probe(api: Console): Promise<void> {
    if (this.probing) return;
    this.probing = true;
    this.failure = undefined;
    const reply = await api.request('capabilities.probe', {});
    this.probing = false;
    if (reply.ok) return this.#take(reply.value);
    const { message, detail } = reply.error;
    this.failure = { message, detail, at: Date.now() };
  }

  toggle(id: ProtectionId): void {
    const opened = new Set(this.opened);
    if (!opened.delete(id)) opened.add(id);
    this.opened = opened;
  }

  #take(report: CapabilityReport): void {
    this.#heard += 1;
    this.report = report;
    this.problem = undefined;
  }
}
