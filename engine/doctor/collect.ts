/** Merlon's look at itself, as a report, as text, and as a bundle that can be handed to somebody else. */
import { arch } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import type { Diagnostics, DoctorReport } from '../../shared/console.ts';
import { bundleOf } from './bundle.ts';
import { examine, type Examined } from './checks.ts';
import { readText, rootFacts } from './root-facts.ts';
import { ownPerson, Scrubber, type Person } from './scrub.ts';
import { reportText } from './text.ts';

export interface Collected extends Examined {
  readonly log: readonly string[];
  /** Whose names are taken out of the bundle; for tests. */
  readonly person?: Person;
}

const HOLDS = [
  'versions of Merlon, Node, kernel and distribution',
  'what each check found',
  'state of helper, sensors and database: counts and sizes',
  'every setting and where its value comes from',
  'the last lines of the engine’s log',
] as const;
const LEAVES_OUT = [
  'events: no process, argument, path or user that Merlon saw',
  'keys, passwords and tokens: what looks like one is replaced by a tag',
  'your name, your home folder and this machine’s name: replaced by ‹user›, ~ and ‹host›',
  'environment variables but for the kind of desktop, and the text of the settings files',
  'boot and machine ids, network addresses',
] as const;

/** Looks, and takes out of what was found what must not leave this machine. */
export function collect({ log, person = ownPerson(), ...examined }: Collected): Promise<Diagnostics> {
  const made = Date.now();
  const report: DoctorReport = {
    made,
    engine_running: examined.status !== null,
    versions: versions(),
    system: system(),
    checks: examine(examined),
    status: examined.status,
    config: examined.config,
    log,
    holds: HOLDS,
    leaves_out: LEAVES_OUT,
  };
  // Whatever is shown is copied somewhere: there is no other report than the one that may leave this machine.
  const outside = withoutPerson(report, new Scrubber(person));
  const text = reportText(outside);
  const bundle = bundleOf(made, [
    { name: 'report.txt', text },
    { name: 'report.json', text: `${JSON.stringify(outside, null, 2)}\n` },
  ]);
  return Promise.resolve({ report: outside, text, bundle });
}

function withoutPerson(report: DoctorReport, scrubber: Scrubber): DoctorReport {
  const { status } = report;
  const host = status === null ? undefined : { ...status.host, boot_id: 'left out' };
  return scrubber.value({ ...report, ...(host === undefined ? {} : { status: { ...status!, host } }) });
}

const versions = () => ({
  merlon: manifest.version,
  node: process.versions.node,
  v8: process.versions.v8,
  openssl: process.versions.openssl,
});

function system(): Record<string, string> {
  const { kernel, btf, lsm, root } = rootFacts('');
  const distribution = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readText('/etc/os-release') ?? '')?.[1];
  return {
    kernel,
    architecture: arch(),
    distribution: distribution ?? 'unknown',
    btf: btf ? 'present' : 'missing',
    lsm: lsm?.join(', ') ?? 'unknown',
    lockdown: readText('/sys/kernel/security/lockdown') ?? 'unknown',
    root: root ? 'yes' : 'no',
    desktop: process.env['XDG_CURRENT_DESKTOP'] ?? 'none',
    session: process.env['XDG_SESSION_TYPE'] ?? 'none',
  };
}
