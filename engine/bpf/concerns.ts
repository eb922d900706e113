/** Why a person should look at a foreign program: where it hangs, and what it can do to others. Pure. */
import type { BpfAttachment, BpfConcern, BpfOwner, BpfPower } from '../../shared/bpf.ts';
import { hookOf } from './hooks.ts';

export interface ConcernFacts {
  readonly owner: BpfOwner;
  readonly type: string;
  readonly attachments: readonly BpfAttachment[];
  readonly powers: readonly BpfPower[] | null;
}

/**
 * What it costs is no concern, and what others than strangers can do is none.
 * @param ownHooks the hooks of Merlon's own programs, as `hookOf` words them.
 */
export function concernsOf(facts: ConcernFacts, ownHooks: ReadonlySet<string>): readonly BpfConcern[] {
  if (facts.owner !== 'foreign') return [];
  const isAtOurs = hooksOf(facts).some((hook) => ownHooks.has(hook));
  return [...(isAtOurs ? (['our_hook'] as const) : []), ...(facts.powers ?? [])];
}

export function hooksOf({
  type,
  attachments,
}: Pick<ConcernFacts, 'type' | 'attachments'>): readonly string[] {
  return attachments.flatMap((each) => hookOf(type, each) ?? []);
}
