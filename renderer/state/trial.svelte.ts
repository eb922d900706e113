import { wall } from './clock.svelte.ts';

/** One thing that is looked at while a change is on trial; undefined while it is not known yet. */
export interface TrialCheck {
  readonly label: string;
  readonly ok: boolean | undefined;
}

/** A change that goes back by itself unless a person keeps it. */
export interface Trial {
  /** "Generation 42 is on trial." */
  readonly title: string;
  /** "Generation 41 comes back by itself unless you keep it." */
  readonly about: string;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly checks: readonly TrialCheck[];
  readonly keep: { readonly label: string; readonly run: () => void };
  readonly goBack: { readonly label: string; readonly run: () => void };
}

/** What the confirm bar shows, on every screen. */
export class TrialState {
  trial = $state.raw<Trial | undefined>();
  /** After going back: what is true now, "Generation 41 is back, read back and equal." Stays until it was read. */
  outcome = $state.raw<string | undefined>();

  readonly left = $derived(this.trial === undefined ? 0 : Math.max(0, this.trial.until - wall.now));
  /** From 1 to 0. */
  readonly share = $derived(
    this.trial === undefined ? 0 : Math.min(1, this.left / Math.max(1, this.trial.until - this.trial.from)),
  );
  /** Why it cannot be kept yet. */
  readonly waitsFor = $derived.by(() => {
    const checks = this.trial?.checks ?? [];
    const failed = checks.filter(({ ok }) => ok === false);
    if (failed.length > 0) return `Not kept: ${failed.map(({ label }) => label).join(', ')} failed`;
    const open = checks.filter(({ ok }) => ok === undefined).length;
    if (open === 0) return undefined;
    return open === 1 ? 'Keep waits for the last check' : `Keep waits for ${open} checks`;
  });

  begin(trial: Trial): void {
    this.outcome = undefined;
    this.trial = trial;
  }

  /** It is over; `outcome` is said until it was read. */
  end(outcome: string): void {
    this.trial = undefined;
    this.outcome = outcome;
  }

  read(): void {
    this.outcome = undefined;
  }
}

export const trial = new TrialState();
