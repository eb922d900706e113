/** From what was tried to what it means: which rung is in use, why no stronger one, and what is lost. */
import {
  FEATURES,
  PROTECTION_IDS,
  type Feature,
  type FeatureId,
  type Protection,
  type ProtectionId,
  type ProtectionState,
  type Rung,
} from '../../shared/capabilities.ts';
import { LADDERS, type Ladder } from './ladders.ts';

export type Features = Readonly<Record<FeatureId, Feature>>;

/** What a ladder cannot know of itself. */
export interface Circumstances {
  /** Whether root tried: otherwise nothing is known, not even what works by itself. */
  readonly privileged: boolean;
  /** “bpf” is among the security modules. */
  readonly bpfListed: boolean | null;
  /** Interfaces with hardware, or all where none has: with and without XDP in the driver. */
  readonly native: readonly string[];
  readonly generic: readonly string[];
  /** Ids of repairs, by what they lift. */
  readonly repairs: ReadonlyMap<ProtectionId, readonly string[]>;
}

export function protectionsOf(features: Features, around: Circumstances): Record<ProtectionId, Protection> {
  const all = PROTECTION_IDS.map((id) => [id, protectionOf(id, features, around)] as const);
  return Object.fromEntries(all) as Record<ProtectionId, Protection>; // each of PROTECTION_IDS
}

function protectionOf(id: ProtectionId, features: Features, around: Circumstances): Protection {
  const ladder = LADDERS[id];
  const rungs = ladder.rungs.map(({ name, needs, limits }): Rung => ({
    name,
    needs,
    state: around.privileged ? rungState(id, needs, features, around) : 'unknown',
    ...(limits === undefined ? {} : { limits }),
  }));
  const found = rungs.findIndex(({ state }) => state === 'works');
  const rung = found < 0 ? null : found;
  const partly = id === 'drop_traffic' && rung === 0 && around.generic.length > 0;
  const state = partly ? 'degraded' : stateOf(rungs, rung);
  return {
    group: ladder.group,
    title: ladder.title,
    state,
    rung,
    rungs,
    why: whyOf(id, rungs, rung, features, around),
    lost: partly
      ? `${listOf(around.generic)}: packets are dropped later there, which costs more where there are many.`
      : lostOf(ladder, state, rung),
    repairs: state === 'works' ? [] : (around.repairs.get(id) ?? []),
    relied_on_by: ladder.relied_on_by,
  };
}

function rungState(
  id: ProtectionId,
  needs: readonly FeatureId[],
  features: Features,
  around: Circumstances,
): Rung['state'] {
  // That it works on a cable of the probe's own says nothing of this machine's drivers.
  if (id === 'drop_traffic' && needs.includes('prog.xdp_native') && around.native.length === 0)
    return around.generic.length > 0 ? 'refused' : 'unknown';
  const states = needs.map((need) => features[need].state);
  if (states.includes('refused')) return 'refused';
  return states.includes('untried') ? 'unknown' : 'works';
}

function stateOf(rungs: readonly Rung[], rung: number | null): ProtectionState {
  if (rung !== null) return rung === 0 ? 'works' : 'degraded';
  return rungs.some(({ state }) => state === 'unknown') ? 'unknown' : 'impossible';
}

function lostOf(ladder: Ladder, state: ProtectionState, rung: number | null): string | null {
  if (state === 'impossible') return ladder.without;
  return rung === null ? null : (ladder.rungs[rung]?.limits ?? null);
}

function whyOf(
  id: ProtectionId,
  rungs: readonly Rung[],
  rung: number | null,
  features: Features,
  around: Circumstances,
): string {
  if (!around.privileged) return 'Not tried yet: only root may.';
  const stronger = rungs.slice(0, rung ?? rungs.length);
  const said = [...new Set(stronger.flatMap((each) => obstacles(each, features)))];
  if (stronger.some(({ needs }) => needs.includes('prog.lsm')) && features['prog.lsm'].state === 'refused')
    said.push(...lsmWords(features['prog.lsm'], around));
  if (id === 'drop_traffic' && rungs[0]?.state === 'unknown')
    said.push(
      'Whether the drivers of this machine have XDP is not known: this kernel says so only by attaching',
    );
  if (said.length > 0) return said.map((each) => `${each}.`).join(' ');
  if (id === 'drop_traffic' && around.native.length + around.generic.length > 0)
    return [
      around.native.length > 0 ? `In the driver of ${listOf(around.native)}.` : '',
      around.generic.length > 0 ? `The driver of ${listOf(around.generic)} has none.` : '',
    ]
      .filter((each) => each !== '')
      .join(' ');
  const parts = rung === null ? 0 : (rungs[rung]?.needs.length ?? 0);
  if (parts === 1) return 'What it needs was tried, and works.';
  return `${parts === 2 ? 'Both' : `All ${parts}`} parts that it needs were tried, and work.`;
}

/** What kept a rung from working: “program at a function’s end: refused when loaded, EPERM”. */
function obstacles({ needs }: Rung, features: Features): string[] {
  return needs.flatMap((need) => {
    const { state, step, error, message } = features[need];
    const name = capital(FEATURES[need]);
    if (state === 'untried')
      return [`${name}: not tried${message === undefined ? '' : `. ${trimmed(message)}`}`];
    if (state !== 'refused') return [];
    const where = step === undefined ? '' : ` (${step}${error === undefined ? '' : `: ${error}`})`;
    return [`${name}: refused${where}`];
  });
}

function lsmWords({ step }: Feature, { bpfListed }: Circumstances): string[] {
  if (bpfListed === false)
    return ['“bpf” is not among the security modules that this kernel was started with'];
  if (bpfListed === true && step !== 'run')
    return ['This kernel refuses it although “bpf” is among its security modules, so no setting repairs it'];
  return [];
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const trimmed = (text: string) => text.replace(/[.\s]+$/, '');

function listOf(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
