/** Everything that was tried, in an order in which a person looks for it. */
import { FEATURE_IDS, FEATURES, type Feature, type FeatureId } from '../../shared/capabilities.ts';

export interface TriedFeature {
  readonly id: FeatureId;
  readonly what: string;
  readonly feature: Feature;
}

export interface TriedGroup {
  readonly id: string;
  readonly title: string;
  readonly features: readonly TriedFeature[];
}

const KINDS: readonly { readonly id: string; readonly title: string; readonly of: RegExp }[] = [
  { id: 'programs', title: 'Kinds of programs', of: /^prog\./ },
  { id: 'maps', title: 'Maps: what programs keep', of: /^map\./ },
  { id: 'helpers', title: 'Helpers: what programs call', of: /^helper\./ },
  { id: 'bpf', title: 'BPF itself', of: /^(?:btf|bpf)\./ },
  { id: 'calls', title: 'System calls', of: /./ },
];

/** A report of another version may lack some. */
export const UNTRIED: Feature = { state: 'untried', message: 'This report does not know it.' };

export function featuresOf(features: Readonly<Partial<Record<FeatureId, Feature>>>): readonly TriedFeature[] {
  return FEATURE_IDS.map((id) => ({ id, what: FEATURES[id], feature: features[id] ?? UNTRIED }));
}

/** What was refused first, whatever it is; then what was not tried; then the rest by its kind. */
export function groupsOf(features: readonly TriedFeature[]): readonly TriedGroup[] {
  const of = (state: Feature['state']) => features.filter(({ feature }) => feature.state === state);
  const works = of('works');
  const kindOf = (id: string) => KINDS.find((kind) => kind.of.test(id));
  return [
    { id: 'refused', title: 'Refused', features: of('refused') },
    { id: 'untried', title: 'Not tried', features: of('untried') },
    ...KINDS.map((kind) => ({
      id: kind.id,
      title: kind.title,
      features: works.filter(({ id }) => kindOf(id) === kind),
    })),
  ].filter((group) => group.features.length > 0);
}

/** Every word has to be in the name, the id, or what the kernel said. */
export function findFeatures(features: readonly TriedFeature[], query: string): readonly TriedFeature[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return features.filter(({ id, what, feature }) => {
    const { state, step = '', error = '', message = '' } = feature;
    const heap = [id, what, state, step, error, message].join(' ').toLowerCase();
    return words.every((word) => heap.includes(word));
  });
}
