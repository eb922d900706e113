/** What the flags of the command line say about retention. */
import type { Retention } from './store/contract.ts';

export interface RetentionFlags {
  readonly 'keep-days'?: string | undefined;
  readonly 'keep-gib'?: string | undefined;
  readonly 'free-when-full'?: boolean | undefined;
}

const MAX_DAYS = 36_500;
const MIN_GIB = 1 / 16;
const MAX_GIB = 1 << 20;

/** @returns only what is given; or, where that is no retention, a sentence that says so. */
export function retentionOf(flags: RetentionFlags): Partial<Retention> | string {
  const days = numberOf(flags['keep-days']);
  if (days !== undefined && !(days > 0 && days <= MAX_DAYS))
    return `--keep-days ${flags['keep-days']} is no number of days: more than 0, at most ${MAX_DAYS}.`;
  const gib = numberOf(flags['keep-gib']);
  if (gib !== undefined && !(gib >= MIN_GIB && gib <= MAX_GIB))
    return `--keep-gib ${flags['keep-gib']} is no number of GiB: ${MIN_GIB} to ${MAX_GIB}.`;
  return {
    ...(days === undefined ? {} : { days }),
    ...(gib === undefined ? {} : { bytes: Math.round(gib * 2 ** 30) }),
    ...(flags['free-when-full'] === true ? { freeWhenFull: true } : {}),
  };
}

/** NaN where the text is no number in decimals. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
}
