/** What the faces are told while the database takes no events. */
export class StoreRefusal {
  #since: Date | undefined;
  #problem: string | undefined;

  /** What is true, since when, what is safe, and the next step; undefined while events are stored. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @param said the database's words, with what to do. @returns whether that is news. */
  refused(said: string): boolean {
    this.#since ??= new Date();
    const since = this.#since.toTimeString().slice(0, 8);
    const problem = `Events are not stored since ${since}. What was stored is safe; what came since waits and is tried again every second. ${said}`;
    const news = problem !== this.#problem;
    this.#problem = problem;
    return news;
  }

  /** Events are stored again. */
  accepted(): void {
    this.#since = undefined;
    this.#problem = undefined;
  }
}
