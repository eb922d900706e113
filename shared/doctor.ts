/** What `merlon doctor` and its button say: plain values, made by the engine or, where none runs, by the command line. */
import type { ConfigList, Status } from './answers.ts';

export type DoctorState = 'ok' | 'problem' | 'not_checked'; // `said` says why

export interface DoctorCheck {
  readonly id: string;
  /** What was looked at. */
  readonly title: string;
  readonly state: DoctorState;
  /** What was found, a sentence. */
  readonly said: string;
  /** What to do about a problem, a sentence. */
  readonly todo?: string;
}

export interface DoctorReport {
  /** Epoch milliseconds. */
  readonly made: number;
  /** Whether an engine was there to be asked. */
  readonly engine_running: boolean;
  readonly versions: Readonly<Record<string, string>>;
  readonly system: Readonly<Record<string, string>>;
  readonly checks: readonly DoctorCheck[];
  /** null where no engine runs. */
  readonly status: Status | null;
  readonly config: ConfigList;
  /** The engine's last lines; empty where none runs. */
  readonly log: readonly string[];
  /** What the bundle holds, and what it leaves out: a phrase each. */
  readonly holds: readonly string[];
  readonly leaves_out: readonly string[];
}

export interface Diagnostics {
  readonly report: DoctorReport;
  /** What `merlon doctor` prints, whole. */
  readonly text: string;
  /** A gzipped tar archive of report.json and report.txt. */
  readonly bundle: {
    readonly name: string;
    readonly base64: string;
    readonly files: readonly { readonly name: string; readonly bytes: number }[];
  };
}

/** For a person who is about to type a password. */
export interface RootFacts {
  /** Nobody is asked: the engine runs as root already. */
  readonly root: boolean;
  readonly kernel: string;
  /** Whether the kernel describes its types, without which nothing can be loaded. */
  readonly btf: boolean;
  /** Security modules that are active, in the kernel's order; null where it does not say. */
  readonly lsm: readonly string[] | null;
  /** What the helper's file is, as polkit will name it. */
  readonly helper: string;
}
