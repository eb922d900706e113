/** merlon capabilities: what this kernel lets Merlon do; without an engine, too. */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CapabilityReport, Protection, ProtectionState } from '../shared/capabilities.ts';
import { ask, CommandError, EXIT, json, readArgs, usage, type Command, type Output } from './command.ts';
import { readable } from './capabilities-text.ts';
import { visible } from './terminal.ts';

/** As of engine/capabilities/alone.ts. */
type ReportAlone = (options: {
  onLog?: (line: string) => void;
  signal?: AbortSignal;
}) => Promise<CapabilityReport>;

export interface Surroundings {
  readonly reportAlone: ReportAlone;
  readonly root: boolean;
}

interface Plan {
  readonly probe: boolean;
  readonly show: (report: CapabilityReport, out: Output) => Promise<void>;
}

export const capabilities = capabilitiesCommand({
  // Only where it is wanted: with a running engine it is not.
  reportAlone: async (options) => (await import('../engine/capabilities/alone.ts')).reportAlone(options),
  root: process.getuid?.() === 0,
});

export function capabilitiesCommand({ reportAlone, root }: Surroundings): Command {
  return {
    name: 'capabilities',
    about: 'what this kernel lets Merlon do, by trying it; what would lift it',
    help: `merlon capabilities [--probe] [--all | --json | --html FILE]

Says what Merlon can see, stop and hold on this kernel, by which way and why not by a stronger one; what would lift it; and
what installed kernels would change. All of it was tried by loading small programs, which are gone again; kernel modules that
the kernel loaded for it (veth, sch_ingress) stay.
Works without an engine, too: then the helper is started for this alone, which asks for the password where it must.
  --probe      tries everything again (with an engine; it asks for the password where it must)
  --all        everything that was tried, with the kernel’s own words
  --json       the report as one object, for scripts
  --html FILE  the report as one page to hand on, only for you to read; nothing is overwritten
Exit code 0; 1 where something that Merlon relies on is impossible, or works less well than at the report before; 4 where
--probe was asked for and not allowed.
`,
    prepare(args) {
      const { probe, show } = plan(args, root);
      return async ({ console, out, progress, signal }) => {
        if (probe) progress.say('Trying everything again');
        const asked = ask(console, probe ? 'capabilities.probe' : 'capabilities.get', {});
        await show(await unlessAborted(asked, signal), out);
      };
    },
    prepareAlone(args) {
      const { show } = plan(args, root);
      return async ({ out, progress, signal }) =>
        show(await unlessAborted(reportAlone({ onLog: (line) => progress.say(line), signal }), signal), out);
    },
  };
}

/** @throws CommandError (failed) on Ctrl-C: a dialog for the password may be open for long. */
async function unlessAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const end = () => aborted.reject(new CommandError(EXIT.failed, 'You ended it before there was a report.'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  asked.catch(() => {}); // told by the race, or of no interest any more
  try {
    return await Promise.race([asked, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function plan(args: readonly string[], root: boolean): Plan {
  const { values } = readArgs('capabilities', args, {
    probe: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    html: { type: 'string' },
  });
  const { probe, all } = values;
  if ([all, values.json, values.html !== undefined].filter(Boolean).length > 1)
    throw usage('capabilities', 'Give one of --all, --json and --html');
  if (values.html === '') throw usage('capabilities', '--html takes the name of a file');
  const file = values.html === undefined ? undefined : resolve(values.html);
  // Before anybody is asked for a password.
  if (file !== undefined && existsSync(file)) throw isThere(file);
  return {
    probe,
    show: async (report, out) => {
      if (file !== undefined) {
        const { page } = await import('./capabilities-html.ts');
        write(file, page(report));
        await out.write(
          visible(`${file} holds the whole report: open it in a browser, or hand it on.`) + '\n',
        );
      } else if (values.json) await out.write(json(report));
      else await out.write(readable(report, { width: out.width, all, now: Date.now() }));
      judge(report, { probe, root });
    },
  };
}

/** @throws CommandError where it cannot be, or something is there already. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') throw isThere(file);
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.failed, `${file} cannot be written: ${why}`);
  }
}

const isThere = (file: string) =>
  new CommandError(
    EXIT.failed,
    `${file} is there already, and Merlon overwrites nothing. Name another file.`,
  );

/** Higher is better; what is not known counts neither way. */
const WORTH: Readonly<Record<ProtectionState, number | null>> = {
  works: 2,
  degraded: 1,
  impossible: 0,
  unknown: null,
};

/** For scripts. @throws CommandError where something that is relied on is missing or has become less, or nothing was allowed */
function judge(report: CapabilityReport, { probe, root }: { probe: boolean; root: boolean }): void {
  const { protections, since_last: last, privileged, why_not: whyNot } = report;
  const missing = Object.values(protections).filter((each) => isRelied(each) && each.state === 'impossible');
  const less = (last?.changes ?? []).filter(
    ({ protection, before, after }) => isRelied(protections[protection]) && isWorse(before, after),
  );
  const problems = [
    ...missing.map(({ title }) => `“${title}” is impossible on this kernel, and Merlon relies on it.`),
    ...less
      .filter(({ protection }) => protections[protection].state !== 'impossible')
      .map(
        ({ protection, before, after }) =>
          `“${protections[protection].title}” was ${before} and is ${after}.`,
      ),
  ];
  if (problems.length > 0) throw new CommandError(EXIT.failed, problems.join(' '));
  if (!probe || privileged) return;
  // Root is never not allowed: then it failed.
  throw new CommandError(root ? EXIT.failed : EXIT.notPermitted, `Nothing was tried. ${whyNot ?? ''}`.trim());
}

const isRelied = ({ relied_on_by: by }: Protection) => by.length > 0;

function isWorse(before: ProtectionState, after: ProtectionState): boolean {
  const [was, is] = [WORTH[before], WORTH[after]];
  return was !== null && is !== null && is < was;
}
