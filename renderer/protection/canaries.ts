/** The canaries of the last hour, as figures and as a line. */
import type { Health } from '../../shared/console.ts';

export interface Canary {
  readonly at: number;
  readonly ms: number | null;
}

export const HOUR_MS = 3_600_000;
const SPANS_MS = [300_000, 900_000, 1_800_000, HOUR_MS] as const;
const STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const;

export interface CanaryFigures {
  readonly sent: number;
  readonly missed: number;
  /** Of those that came back; undefined where none did. */
  readonly medianMs: number | undefined;
  readonly slowest: { readonly at: number; readonly ms: number } | undefined;
}

export function figuresOf(canaries: Health['canaries']): CanaryFigures {
  const back = canaries.flatMap(({ at, ms }) => (ms === null ? [] : [{ at, ms }]));
  const sorted = back.toSorted((a, b) => a.ms - b.ms);
  return {
    sent: canaries.length,
    missed: canaries.length - back.length,
    medianMs: sorted[Math.floor(sorted.length / 2)]?.ms,
    slowest: sorted.at(-1),
  };
}

export interface CanaryLine {
  /** From the left end to the right one. */
  readonly spanMs: number;
  /** An SVG path; it breaks where one was missed. */
  readonly path: string;
  /** x of those that were missed. */
  readonly missed: readonly number[];
  /** The round figure at the height of `topY`. */
  readonly topMs: number;
  readonly topY: number;
}

/** @param now the right end; the left one is an hour before, less where there is less. */
export function lineOf(canaries: Health['canaries'], now: number, width: number, height: number): CanaryLine {
  const shown = canaries.filter(({ at }) => at >= now - HOUR_MS);
  const oldest = now - (shown[0]?.at ?? now);
  const spanMs = SPANS_MS.find((span) => span >= oldest) ?? HOUR_MS;
  const x = ({ at }: Canary) => round(width * (1 - (now - at) / spanMs));
  const highest = Math.max(1, ...shown.map(({ ms }) => ms ?? 0));
  const topMs = STEPS.findLast((step) => step <= highest) ?? STEPS[0];
  const scale = Math.max(highest, topMs);
  let pen = 'M';
  let path = '';
  for (const canary of shown) {
    if (canary.ms === null) {
      pen = 'M';
      continue;
    }
    path += `${pen}${x(canary)} ${round(height * (1 - canary.ms / scale))}`;
    pen = 'L';
  }
  return {
    spanMs,
    path,
    missed: shown.filter(({ ms }) => ms === null).map(x),
    topMs,
    topY: round(height * (1 - topMs / scale)),
  };
}

const round = (n: number) => Math.round(n * 10) / 10;
