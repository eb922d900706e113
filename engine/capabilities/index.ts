/** What this kernel lets Merlon do, as it was last tried; faces ask for it, and are told when it changes. */
import type {
  CapabilityChange,
  CapabilityReport,
  KernelForecast,
  ProbeOutput,
} from '../../shared/capabilities.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { HelperReply } from '../sensor/launch.ts';
import { History } from './history.ts';
import { parseProbe, runProbe } from './probing.ts';
import { reportOf } from './report.ts';

export interface CapabilitiesOptions {
  /** Absolute path of merlon-helper. */
  readonly helper: string;
  /** Of the data, where the report before this one is kept. */
  readonly folder: string;
  /** Looks at the kernels that are installed and do not run. */
  readonly forecast: (signal: AbortSignal) => Promise<readonly KernelForecast[]>;
  readonly onReport: (report: CapabilityReport) => void;
  /** A report differs from the one before, of this boot or the last. */
  readonly onDiffers: (changes: readonly CapabilityChange[], report: CapabilityReport) => void;
  readonly log: (line: string) => void;
}

const NOT_YET = 'Start sensing, which asks for the password: then root tries it.';

export class Capabilities {
  readonly #options: CapabilitiesOptions;
  readonly #history: History;
  readonly #ended = new AbortController();
  #report: CapabilityReport;
  #probing = false;

  constructor(options: CapabilitiesOptions) {
    this.#options = options;
    this.#history = new History(options.folder, options.log);
    this.#report = { ...reportOf(undefined, NOT_YET), kernels: null, since_last: null };
  }

  get report(): CapabilityReport {
    return this.#report;
  }

  /** Looks at the installed kernels, in its own time. */
  look(): void {
    const { forecast, log, onReport } = this.#options;
    forecast(this.#ended.signal).then(
      (kernels) => {
        if (this.#ended.signal.aborted) return;
        this.#report = { ...this.#report, kernels };
        onReport(this.#report);
      },
      (error: unknown) => {
        if (this.#ended.signal.aborted) return;
        log(`the installed kernels were not looked at: ${String(error)}`);
      },
    );
  }

  /** Takes what was tried beside a helper that has just begun. @param reply to its command `capabilities`. */
  async take(reply: Promise<HelperReply<unknown>>): Promise<void> {
    const answer = await reply;
    if (this.#ended.signal.aborted) return;
    if (!answer.ok) {
      // A helper that has gone is started again, and asked again.
      if (answer.error.code !== 'gone') this.#untried(answer.error.message);
      return;
    }
    const probe = parseProbe(answer.value);
    if (probe === undefined) this.#untried('The probe said something else than a probe does.');
    else this.#took(probe);
  }

  /** Tries everything again, which asks for the password where it must. */
  async probe(): Promise<Result<CapabilityReport, 'busy' | 'not_permitted' | 'probe_failed'>> {
    if (this.#probing) return fail('busy', 'This kernel is being tried right now.');
    this.#probing = true;
    try {
      const { helper, log } = this.#options;
      const probed = await runProbe(helper, (line) => log(`probe: ${line}`));
      if (!probed.ok) {
        const { code, message, detail } = probed.error;
        return fail(code === 'not_permitted' ? code : 'probe_failed', message, detail);
      }
      this.#took(probed.value);
      this.look();
      return ok(this.#report);
    } finally {
      this.#probing = false;
    }
  }

  stop(): void {
    this.#ended.abort();
  }

  /** What was tried before stays true: this is said where nothing was. */
  #untried(why: string): void {
    this.#options.log(`this kernel was not tried: ${why}`);
    if (this.#report.privileged) return;
    this.#report = { ...this.#report, ...reportOf(undefined, why) };
    this.#options.onReport(this.#report);
  }

  #took(probe: ProbeOutput): void {
    const bare = reportOf(probe, null);
    const since_last = this.#history.since(bare);
    this.#report = { ...bare, kernels: this.#report.kernels, since_last };
    const changes = this.#history.keep(bare);
    this.#options.onReport(this.#report);
    if (changes !== undefined && changes.length > 0) this.#options.onDiffers(changes, this.#report);
  }
}
