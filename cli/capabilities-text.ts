/** A capability report for a person at a terminal; and its words, which the page shares. */
import {
  FEATURE_IDS,
  FEATURES,
  PROTECTION_GROUPS,
  PROTECTION_IDS,
  type CapabilityReport,
  type Feature,
  type FeatureState,
  type KernelForecast,
  type Protection,
  type ProtectionState,
  type Repair,
} from '../shared/capabilities.ts';
import { columns, visible } from './terminal.ts';
import { clock, duration, moment } from './time.ts';

/* Words */

const GROUP_NAMES = { sees: 'Sees', stops: 'Stops', holds: 'Holds' } as const;
export const GROUPS = (Object.keys(PROTECTION_GROUPS) as (keyof typeof PROTECTION_GROUPS)[]).map((group) => ({
  group,
  name: GROUP_NAMES[group],
  about: PROTECTION_GROUPS[group],
}));

/** When, in how long, and with what result. */
export function headWords(report: CapabilityReport, now: number): string {
  const { kernel_version: kernel, made, took_ms: took, privileged } = report;
  if (!privileged) return `Linux ${kernel}, looked at ${when(made, now)} without root: nothing was tried.`;
  const counts = featureCounts(report);
  const words = [
    `${counts.works} of ${FEATURE_IDS.length} work`,
    ...(counts.refused === 0 ? [] : [`${counts.refused} refused`]),
    ...(counts.untried === 0 ? [] : [`${counts.untried} not tried`]),
  ];
  return `Linux ${kernel}, tried ${when(made, now)} in ${duration(took)}: ${words.join(', ')}. ${sinceWords(report, now)}`;
}

export function featureCounts({
  bpf_features: features,
}: CapabilityReport): Readonly<Record<FeatureState, number>> {
  const counts = { works: 0, refused: 0, untried: 0 };
  for (const { state } of Object.values(features)) counts[state] += 1;
  return counts;
}

export function sinceWords(
  { since_last: last, kernel_version: kernel }: CapabilityReport,
  now: number,
): string {
  if (last === null) return 'There is no earlier report to compare it with.';
  const other = last.kernel_version === kernel ? '' : ` (Linux ${last.kernel_version})`;
  const then = last.same_boot ? when(last.made, now) : `the last boot${other}`;
  const { length } = last.changes;
  if (length === 0) return last.same_boot ? `Same as at ${then}.` : `Same as ${then}.`;
  return `${length === 1 ? 'One protection is' : `${length} protections are`} different since ${then}.`;
}

/** The time of today, else the day too. */
function when(ms: number, now: number): string {
  const full = moment(ms);
  return full.slice(0, 10) === moment(now).slice(0, 10) ? clock(ms).slice(0, 8) : full;
}

/** "fanotify, 2 of 3"; '' where it is not known. */
export function rungWords({ rung, rungs, state }: Protection): string {
  const only = rungs.length === 1;
  if (rung !== null)
    return only ? (rungs[0]?.name ?? '') : `${rungs[rung]?.name ?? ''}, ${rung + 1} of ${rungs.length}`;
  if (state !== 'impossible') return '';
  return only ? `${rungs[0]?.name ?? ''} does not work` : `none of ${rungs.length} ways works`;
}

/** "load: EPERM (1), Operation not permitted"; '' where there is nothing to say. */
export function featureWords({ step, errno, error, message }: Feature): string {
  const code = [error ?? '', errno === undefined ? '' : `(${errno})`].filter(Boolean).join(' ');
  const said = (message ?? '').trim();
  const words = [code, said].filter(Boolean).join(', ');
  return [step ?? '', words].filter(Boolean).join(': ');
}

export function kernelWords({ fitting, programs, findings, state }: KernelForecast): string {
  const fit =
    state === 'unknown'
      ? 'Whether the programs fit is not known.'
      : `${fitting} of ${programs} programs fit.`;
  return [fit, ...findings].join(' ');
}

const YES_NO = (value: boolean | null, yes: string, no: string) =>
  value === null ? 'unknown' : value ? yes : no;
const known = (value: string | number | null) => (value === null ? 'unknown' : String(value));

const JIT_HARDEN = {
  off: 'off',
  unprivileged: 'for programs without root',
  all: 'for all programs',
} as const;

/** What protects the kernel itself, and what of BPF it lets in. */
export function hardeningWords({
  hardening,
  lsm,
  btf_available: btf,
}: CapabilityReport): readonly (readonly [string, string])[] {
  const working = YES_NO(lsm.bpf_works, 'works', 'does not work');
  return [
    ['types of the kernel (BTF)', btf ? 'described' : 'not described'],
    [
      'security modules',
      lsm.active === null ? 'unknown' : lsm.active.length === 0 ? 'none' : lsm.active.join(', '),
    ],
    [
      'BPF as a security module',
      `${YES_NO(lsm.bpf_listed, 'listed', 'not listed')}, ${working === 'unknown' ? 'not tried' : working}`,
    ],
    ['lockdown', known(hardening.lockdown)],
    ['BPF compiler (JIT)', known(hardening.jit)],
    [
      'hardening of that compiler',
      hardening.jit_harden === null ? 'unknown' : JIT_HARDEN[hardening.jit_harden],
    ],
    ['BPF without root', known(hardening.unprivileged_bpf)],
    ['signed BPF programs', YES_NO(hardening.program_signing, 'taken', 'not taken')],
    ['perf_event_paranoid', known(hardening.perf_event_paranoid)],
    ['kptr_restrict', known(hardening.kptr_restrict)],
    ['loading of kernel modules', YES_NO(hardening.modules_disabled, 'off until the next boot', 'on')],
  ];
}

export const titlesOf = ({ protections }: CapabilityReport, { lifts }: Repair): readonly string[] =>
  lifts.map((id) => protections[id].title);

/* Lines */

const MARKS: Readonly<Record<ProtectionState | FeatureState | KernelForecast['state'], string>> = {
  works: '✓ works',
  degraded: '! degraded',
  impossible: '✗ impossible',
  unknown: '– unknown',
  refused: '✗ refused',
  untried: '– not tried',
  fits: '✓ fits',
  partly: '! partly',
  not: '✗ fits not',
};
const MARK_WIDTH = 14;
/** Below this, what belongs to a line stands under it rather than beside its mark. */
const NARROW = 64;
const WIDEST = 110;
const LEAST = 24;

export interface Shown {
  readonly width: number;
  /** Every feature that was tried, too. */
  readonly all: boolean;
  readonly now: number;
}

export function readable(report: CapabilityReport, { width: given, all, now }: Shown): string {
  const width = Math.max(LEAST, Math.min(given, WIDEST));
  const sections = [
    wrapped(report.summary, width),
    [
      ...wrapped(headWords(report, now), width),
      ...(report.why_not === null ? [] : wrapped(report.why_not, width)),
    ],
    changesOf(report, width, now),
    ...GROUPS.map(({ group, name, about }) => [
      ...wrapped(`${name}: ${about}`, width),
      ...PROTECTION_IDS.map((id) => report.protections[id])
        .filter((protection) => protection.group === group)
        .flatMap((protection) => protectionLines(report, protection, width)),
    ]),
    titled(
      'Repairs',
      width,
      report.repairs.flatMap((repair, i) => repairLines(report, repair, i + 1, width)),
    ),
    titled(
      'Before you reboot: kernels that are installed and do not run',
      width,
      (report.kernels ?? []).flatMap((each) =>
        marked(each.state, `${each.version}: ${kernelWords(each)}`, width),
      ),
    ),
    titled('Network interfaces: programs in the way of packets (XDP)', width, interfacesOf(report, width)),
    titled(
      'Hardening',
      width,
      hardeningWords(report).flatMap(([name, value]) => wrapped(`${name}: ${value}`, width, '  ', '      ')),
    ),
    all ? titled('Everything that was tried', width, featuresOf(report, width)) : [],
    all
      ? []
      : wrapped(
          'Everything that was tried, in the kernel’s own words: --all. As a page to hand on: --html FILE',
          width,
        ),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

const titled = (title: string, width: number, lines: readonly string[]) =>
  lines.length === 0 ? [] : [...wrapped(title, width), ...lines];

/** A mark, and words beside or below it. */
function marked(
  state: keyof typeof MARKS,
  text: string,
  width: number,
  more: readonly string[] = [],
): readonly string[] {
  const mark = MARKS[state];
  const hang = ' '.repeat(width < NARROW ? 4 : 2 + MARK_WIDTH);
  const first = width < NARROW ? `  ${mark}  ` : `  ${mark.padEnd(MARK_WIDTH)}`;
  return [...wrapped(text, width, first, hang), ...more.flatMap((each) => wrapped(each, width, hang))];
}

function protectionLines(report: CapabilityReport, protection: Protection, width: number): readonly string[] {
  const { title, state, why, lost, repairs, relied_on_by: reliedOnBy } = protection;
  const rung = rungWords(protection);
  const numbers = repairs
    .map((id) => report.repairs.findIndex((each) => each.id === id) + 1)
    .filter((n) => n > 0);
  return marked(state, rung === '' ? title : `${title} (${rung})`, width, [
    // Said once for all, above.
    ...(why === '' || (state === 'unknown' && !report.privileged) ? [] : [why]),
    ...(lost === null ? [] : [`Lost: ${lost}`]),
    ...(reliedOnBy.length > 0 && state !== 'works' ? [`Relied on by: ${reliedOnBy.join(', ')}`] : []),
    ...(numbers.length === 0 ? [] : [`→ repair ${numbers.join(', ')} below`]),
  ]);
}

function changesOf(
  { since_last: last, protections }: CapabilityReport,
  width: number,
  now: number,
): readonly string[] {
  if (last === null || last.changes.length === 0) return [];
  const lines = last.changes.flatMap(({ protection, before, after, rungs: [from, to] }) =>
    marked(
      after,
      `${protections[protection].title}: was ${before}${from === to ? '' : ` (${from ?? 'no way'} → ${to ?? 'no way'})`}`,
      width,
    ),
  );
  return [
    `Different since ${last.same_boot ? 'an earlier look' : 'the last boot'}, ${when(last.made, now)}`,
    ...lines,
  ];
}

function repairLines(
  report: CapabilityReport,
  repair: Repair,
  number: number,
  width: number,
): readonly string[] {
  const lifts = titlesOf(report, repair);
  return [
    ...wrapped(repair.title, width, `  ${number}  `, '     '),
    ...(lifts.length === 0 ? [] : wrapped(`Lifts: ${lifts.join('; ')}`, width, '     ')),
    ...repair.steps.flatMap(({ text, command }, i) => [
      ...wrapped(text, width, `     ${i + 1}. `, '        '),
      // Not wrapped: it is to be copied.
      ...(command === undefined ? [] : command.split('\n').map((line) => `        $ ${plain(line)}`)),
    ]),
    ...repair.diffs.flatMap(({ file, lines }) => [
      `     ${visible(file)}`,
      ...lines.map((line) => `     ${plain(line)}`),
    ]),
    ...wrapped(`Undo: ${repair.undo}`, width, '     '),
  ];
}

function interfacesOf({ xdp }: CapabilityReport, width: number): readonly string[] {
  return Object.entries(xdp).flatMap(([name, { driver, native, generic }]) => {
    const says = (feature: Feature) => {
      // In brackets, on one line.
      const words =
        feature.state === 'works'
          ? ''
          : featureWords(feature)
              .replace(/\.$/, '')
              .replace(/\s*\n\s*/g, '; ');
      return `${MARKS[feature.state].slice(2)}${words === '' ? '' : ` (${words})`}`;
    };
    const title = driver === null ? name : `${name} (${driver})`;
    return wrapped(
      `${title}: in the driver ${says(native)}; before the stack ${says(generic)}`,
      width,
      '  ',
      '      ',
    );
  });
}

function featuresOf({ bpf_features: features }: CapabilityReport, width: number): readonly string[] {
  return FEATURE_IDS.flatMap((id) => {
    const feature = features[id];
    const words = feature.state === 'works' ? '' : featureWords(feature);
    // The kernel's words may have lines; each begins where all of it does.
    return marked(
      feature.state,
      `${id}: ${FEATURES[id]}`,
      width,
      words.split('\n').filter((line) => line.trim() !== ''),
    );
  });
}

/** On one line as it is typed: a tab is no secret, all else that a terminal obeys is a code. */
const plain = (line: string) => visible(line.replaceAll('\t', '    '));

/** At spaces, and within what is longer than a line. */
export function wrapped(
  text: string,
  width: number,
  first = '',
  hang = first.replace(/\S/g, ' '),
): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let used = columns(first);
  let empty = true;
  const next = () => {
    lines.push(line.trimEnd());
    line = hang;
    used = columns(hang);
    empty = true;
  };
  for (const word of visible(text).split(' ')) {
    if (word === '') continue;
    if (!empty && used + 1 + columns(word) > width) next();
    if (!empty) [line, used] = [`${line} `, used + 1];
    for (const char of word) {
      if (used + columns(char) > width && !empty) next();
      line += char;
      used += columns(char);
      empty = false;
    }
  }
  if (!empty || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}
