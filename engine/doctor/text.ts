import type { DoctorCheck, DoctorReport } from '../../shared/console.ts';
import { formatSetting } from '../../shared/config.ts';

const MARKS: Readonly<Record<DoctorCheck['state'], string>> = {
  ok: 'ok',
  problem: 'problem',
  not_checked: 'not checked',
};

/** The report for a person, top to bottom. */
export function reportText(report: DoctorReport): string {
  const { checks, config, log, made, versions, system, holds, leaves_out: leavesOut } = report;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['What was looked at', checks.flatMap(checkLines)],
    ['Versions and system', [...Object.entries(versions), ...Object.entries(system)].map(pair)],
    [
      'Status',
      report.status === null ? ['No engine runs.'] : JSON.stringify(report.status, null, 2).split('\n'),
    ],
    [
      'Settings',
      config.settings.map(
        ({ key, value, source, locked }) =>
          `${key.padEnd(30)} ${formatSetting(key, value)} (${source}${locked ? ', locked' : ''})`,
      ),
    ],
    ['Log', log.length === 0 ? ['No line.'] : log],
    ['In this bundle', holds.map(item)],
    ['Left out', leavesOut.map(item)],
  ];
  const body = sections.map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return `Merlon’s look at itself, ${new Date(made).toISOString()}\n\n${body.join('\n')}`;
}

/** One check as lines: what, how, and what to do. */
export function checkLines({ state, title, said, todo }: DoctorCheck): string[] {
  const head = `${MARKS[state].padEnd(12)} ${title}: ${said}`;
  return todo === undefined ? [head] : [head, `${''.padEnd(12)} → ${todo}`];
}

const pair = ([name, value]: readonly [string, string]) => `${name.padEnd(14)} ${value}`;
const item = (text: string) => `- ${text}`;
