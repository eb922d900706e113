/**
 * A capability report as one page to hand on: nothing in it is fetched, and nothing in it runs. Every text is escaped;
 * what a browser would obey unseen (controls, bidirectional characters) is shown as a code.
 */
import {
  FEATURE_IDS,
  FEATURES,
  PROTECTION_IDS,
  type CapabilityReport,
  type Feature,
  type FeatureState,
  type KernelForecast,
  type Protection,
  type ProtectionState,
  type Repair,
  type Rung,
} from '../shared/capabilities.ts';
import { STYLE } from './capabilities-style.ts';
import {
  featureCounts,
  featureWords,
  GROUPS,
  hardeningWords,
  headWords,
  kernelWords,
  rungWords,
  titlesOf,
} from './capabilities-text.ts';
import { ACTING } from './terminal.ts';
import { moment } from './time.ts';

/** What is markup already; every other text is escaped by `markup`. */
class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
type Part = string | number | Markup | readonly Markup[];

function markup(fixed: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(fixed.map((text, i) => text + markupOf(parts[i] ?? '')).join(''));
}

function markupOf(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return part.map(({ text }) => text).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string) =>
  text
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '')
    .replace(ACTING, (char) => `<span class="esc">${codeOf(char)}</span>`);

const codeOf = (char: string) =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

const NOTHING = new Markup('');
const when = (condition: boolean, make: () => Markup) => (condition ? make() : NOTHING);
/** What the machine said: apart from the direction of the text around it. */
const code = (text: string) => markup`<bdi class="m">${text}</bdi>`;
/** The kernel's words may have lines. */
const lines = (text: string) =>
  text
    .split('\n')
    .flatMap((line, i) => [i === 0 ? NOTHING : markup`<br />`, markup`${line.replaceAll('\t', '    ')}`]);

/* Marks: shape and word, then colour */

type State = ProtectionState | FeatureState | KernelForecast['state'] | Rung['state'];
type Tone = 'fine' | 'less' | 'none' | 'open';

const STATES: Readonly<Record<State, readonly [tone: Tone, word: string]>> = {
  works: ['fine', 'works'],
  fits: ['fine', 'fits'],
  degraded: ['less', 'degraded'],
  partly: ['less', 'partly'],
  impossible: ['none', 'impossible'],
  refused: ['none', 'refused'],
  not: ['none', 'fits not'],
  unknown: ['open', 'unknown'],
  untried: ['open', 'not tried'],
};
const SHAPES: Readonly<Record<Tone, string>> = {
  fine: 'M3 8.5l3.2 3.2L13 5',
  less: 'M8 3v6.5M8 12.6v.01',
  none: 'M4 4l8 8M12 4l-8 8',
  open: 'M4 8h8',
};

function mark(state: State): Markup {
  const [tone, word] = STATES[state];
  const icon = markup`<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${SHAPES[tone]}"/></svg>`;
  return markup`<span class="state ${tone}">${icon}${word}</span>`;
}

const MARK = markup`<svg viewBox="0 0 24 24" aria-hidden="true"><path fill-rule="evenodd" d="M4 18.5V2.6c.5 2.5 1.7 4 3.6 4.8C9.6 8.2 11.2 8.7 12 10.3c.8-1.6 2.4-2.1 4.4-2.9 1.9-.8 3.1-2.3 3.6-4.8v15.9zm7.1-5.9v4h1.8v-4a.9.9 0 0 0-1.8 0z"/><path d="M2.5 20h19v1.8h-19z"/></svg>`;

export function page(report: CapabilityReport): string {
  const title = `What Linux ${report.kernel_version} lets Merlon do`.replace(ACTING, codeOf);
  const main = [
    changes(report),
    ...GROUPS.map(({ group, name, about }) => protectionGroup(report, group, name, about)),
    repairs(report),
    section('Before you reboot', 'kernels that are installed and do not run', [kernels(report)]),
    section('Network interfaces', 'programs in the way of packets (XDP)', [interfaces(report)]),
    section('Hardening', 'what protects the kernel itself', [hardening(report)]),
    section('Every way to it', 'the strongest first; what each needs, and its limits', [ways(report)]),
    section('Everything that was tried', countWords(report), [features(report)]),
  ];
  const whole = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${head(report)}<main>
${main}</main>
${foot(report)}</body>
</html>
`;
  return whole.text;
}

function section(title: string, about: string, content: readonly Markup[]): Markup {
  if (content.every(({ text }) => text === '')) return NOTHING;
  return markup`<section><h2>${title}<small>${about}</small></h2>
${content}</section>
`;
}

function head(report: CapabilityReport): Markup {
  const { why_not: whyNot } = report;
  // It is read later: every moment has its day.
  return markup`<header>
<p class="brand">${MARK}Merlon</p>
<h1>${report.summary}</h1>
<p>${headWords(report, 0)}</p>
${when(whyNot !== null, () => markup`<p class="note">${whyNot ?? ''}</p>`)}</header>
`;
}

function protectionGroup(
  report: CapabilityReport,
  group: Protection['group'],
  name: string,
  about: string,
): Markup {
  const rows = PROTECTION_IDS.map((id) => report.protections[id]).filter((each) => each.group === group);
  const content = rows.map((each) => protection(report, each));
  return section(name, about, content);
}

function protection(report: CapabilityReport, each: Protection): Markup {
  const { state, title, why, lost, relied_on_by: reliedOnBy } = each;
  const rung = rungWords(each);
  const numbers = each.repairs
    .map((id) => report.repairs.findIndex((repair) => repair.id === id) + 1)
    .filter((n) => n > 0);
  return markup`<article class="cap">${mark(state)}${ladder(each)}<div>
<h3>${title}${when(rung !== '', () => markup` <span class="by">${rung}</span>`)}</h3>
<p>${why}</p>
${when(lost !== null, () => markup`<p><b>Lost:</b> ${lost ?? ''}</p>`)}
${when(reliedOnBy.length > 0, () => markup`<p class="quiet">Relied on by ${reliedOnBy.join(', ')}</p>`)}
</div><p class="fix">${numbers.map((n) => markup`<a href="#repair-${n}">Repair ${n}</a> `)}</p></article>
`;
}

/** One bar for each way, the strongest on top; the one in use is dark, those below it are grey. */
function ladder({ rung, rungs }: Protection): Markup {
  if (rungs.length < 2) return markup`<span class="ladder"></span>`;
  const bars = rungs.map(
    (_, i) => markup`<i class="${rung === null || i < rung ? '' : i === rung ? 'on' : 'under'}"></i>`,
  );
  return markup`<span class="ladder" aria-hidden="true">${bars}</span>`;
}

/* Tables */

interface Cell {
  readonly content: Markup;
  /** What names the row. */
  readonly head?: true;
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly Cell[])[]): Markup {
  if (rows.length === 0) return NOTHING;
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${heads.map((each) => markup`<th scope="col">${each}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => markup`<tr>${row.map(cellOf)}</tr>\n`)}</tbody></table></div>
`;
}

const cellOf = ({ content, head: names }: Cell) =>
  names === undefined ? markup`<td>${content}</td>` : markup`<th scope="row">${content}</th>`;

function changes({ since_last: last, protections }: CapabilityReport): Markup {
  if (last === null || last.changes.length === 0) return NOTHING;
  const rows = last.changes.map(({ protection: id, before, after, rungs: [from, to] }) => [
    { content: markup`${protections[id].title}`, head: true as const },
    { content: mark(before) },
    { content: mark(after) },
    { content: markup`${from ?? 'none'} → ${to ?? 'none'}` },
  ]);
  const since = `${moment(last.made)}, Linux ${last.kernel_version}${last.same_boot ? ', this boot' : ''}`;
  return section('Different since', since, [
    table('What is different', ['Protection', 'Was', 'Is', 'By'], rows),
  ]);
}

function kernels(report: CapabilityReport): Markup {
  if (report.kernels === null) return markup`<p>They were still being looked at.</p>`;
  const rows = report.kernels.map((kernel) => [
    { content: code(kernel.version), head: true as const },
    { content: mark(kernel.state) },
    { content: markup`${kernelWords(kernel)}` },
  ]);
  return table('Installed kernels', ['Kernel', 'State', 'What would be'], rows);
}

function interfaces({ xdp }: CapabilityReport): Markup {
  const rows = Object.entries(xdp).map(([name, { driver, native, generic }]) => [
    { content: code(name), head: true as const },
    { content: driver === null ? markup`none` : code(driver) },
    { content: withWords(native) },
    { content: withWords(generic) },
  ]);
  return table('Interfaces', ['Interface', 'Driver', 'In the driver', 'Before the stack'], rows);
}

const withWords = (feature: Feature) => {
  const words = feature.state === 'works' ? '' : featureWords(feature);
  return markup`${mark(feature.state)}${when(words !== '', () => markup` <span class="quiet">${lines(words)}</span>`)}`;
};

function hardening(report: CapabilityReport): Markup {
  const rows = hardeningWords(report).map(([name, value]) => [
    { content: markup`${name}`, head: true as const },
    { content: markup`${value}` },
  ]);
  return table('Hardening', ['What', 'How it is'], rows);
}

function ways({ protections }: CapabilityReport): Markup {
  const rows = PROTECTION_IDS.flatMap((id) => {
    const { title, rungs, rung } = protections[id];
    return rungs.map(({ name, state, needs, limits }, i) => [
      { content: markup`${title}`, head: true as const },
      { content: markup`${name}${when(i === rung, () => markup` <span class="by">in use</span>`)}` },
      { content: mark(state) },
      {
        content:
          needs.length === 0
            ? markup`nothing`
            : markup`${needs.map((need, at) => markup`${at === 0 ? '' : ', '}${code(need)}`)}`,
      },
      { content: markup`${limits ?? ''}` },
    ]);
  });
  return table('Ways', ['Protection', 'Way', 'State', 'Needs', 'Limits'], rows);
}

function features({ bpf_features: all }: CapabilityReport): Markup {
  const rows = FEATURE_IDS.map((id) => {
    const { state, step, error, errno, message } = all[id];
    const number = errno === undefined ? '' : String(errno);
    return [
      { content: code(id), head: true as const },
      { content: markup`${FEATURES[id]}` },
      { content: mark(state) },
      { content: markup`${step ?? ''}` },
      { content: code([error ?? '', number].filter(Boolean).join(' ')) },
      { content: markup`<span class="m">${lines(message ?? '')}</span>` },
    ];
  });
  return table(
    'Features',
    ['Feature', 'What it is', 'State', 'Step', 'Error', 'In the kernel’s words'],
    rows,
  );
}

function countWords(report: CapabilityReport): string {
  const { works, refused, untried } = featureCounts(report);
  return `${works} work, ${refused} refused, ${untried} not tried`;
}

/* Repairs */

function repairs(report: CapabilityReport): Markup {
  const content = report.repairs.map((repair, i) => repairOf(report, repair, i + 1));
  return section('Repairs', 'what would lift a line, and how it is taken back', content);
}

function repairOf(report: CapabilityReport, repair: Repair, number: number): Markup {
  const lifts = titlesOf(report, repair);
  return markup`<article class="repair" id="repair-${number}"><h3>${number}. ${repair.title}</h3>
${when(lifts.length > 0, () => markup`<p class="quiet">Lifts: ${lifts.join('; ')}</p>`)}
<ol>
${repair.steps.map(step)}</ol>
${repair.diffs.map(diff)}<p><b>Undo:</b> ${repair.undo}</p></article>
`;
}

const step = ({ text, command }: Repair['steps'][number]) =>
  markup`<li>${text}${when(command !== undefined, () => markup`<pre tabindex="0"><code>${lines(command ?? '')}</code></pre>`)}</li>
`;

const diff = ({ file, lines: changed }: Repair['diffs'][number]) =>
  markup`<figure><figcaption>${code(file)}</figcaption><pre tabindex="0">${changed.map(diffLine)}</pre></figure>
`;

function diffLine(line: string): Markup {
  const tone = line.startsWith('+') ? 'add' : line.startsWith('-') ? 'del' : 'ctx';
  return markup`<span class="${tone}">${line.replaceAll('\t', '    ')}</span>
`;
}

function foot({ made, boot_id: boot, architecture, schema, privileged }: CapabilityReport): Markup {
  const by = privileged ? 'as root' : 'not as root';
  return markup`<footer><p>Made ${new Date(made).toISOString()} by Merlon, ${by} · boot ${code(boot)} · ${code(architecture)} · schema ${schema}</p></footer>
`;
}
