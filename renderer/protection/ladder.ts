/** The ways of doing a thing, the strongest on top, and which of them is in use. */
import type { Protection } from '../../shared/capabilities.ts';

export const RUNG_WORDS = {
  used: 'in use',
  spare: 'works too',
  refused: 'refused',
  unknown: 'not tried',
} as const;
export type RungUse = keyof typeof RUNG_WORDS;

export function ladderOf({ rungs, rung }: Protection): readonly RungUse[] {
  return rungs.map(({ state }, at) => (at === rung ? 'used' : state === 'works' ? 'spare' : state));
}

/** A ladder of one rung that holds says nothing that the title does not. */
export const hasLadder = ({ rungs, state }: Protection): boolean =>
  rungs.length > 1 || (rungs.length === 1 && state === 'impossible');

/** The drawing in words: "BPF LSM refused, fanotify in use, SIGKILL works too". */
export function ladderWords(protection: Protection): string {
  return ladderOf(protection)
    .map((use, at) => `${protection.rungs[at]?.name ?? ''} ${RUNG_WORDS[use]}`)
    .join(', ');
}
