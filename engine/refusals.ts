/** Whether the store takes events, from its first word on: it is opened before there is an engine to hear it. */
export class Refusals {
  readonly #log: (line: string) => void;
  #said: string | undefined;
  onChange: () => void = () => {};

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  say(said: string | undefined): void {
    if (said === this.#said) return;
    this.#said = said;
    this.#log(
      said === undefined ? 'Events are stored again.' : `Events are not stored; they wait in memory. ${said}`,
    );
    this.onChange();
  }

  /** Resolves while the store takes no events, or as soon as it takes none. */
  async refused(): Promise<void> {
    while (this.#said === undefined) {
      await new Promise<void>((resolve) => {
        const before = this.onChange;
        this.onChange = () => {
          before();
          resolve();
        };
      });
    }
  }
}
