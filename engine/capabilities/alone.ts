/** A report where no engine runs: this process starts the helper for the probe alone. */
import { homedir } from 'node:os';
import type { CapabilityReport } from '../../shared/capabilities.ts';
import { dataFolder } from '../../shared/places.ts';
import { ownHelper, ownObject } from '../own-files.ts';
import { forecastKernels } from '../kernels/index.ts';
import { History } from './history.ts';
import { runProbe } from './probing.ts';
import { reportOf } from './report.ts';

export interface Alone {
  /** A line of the helper's or pkexec's stderr. */
  readonly onLog?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Absolute path of merlon-helper, or of a script that plays it. */
  readonly helper?: string;
  /** Folder of the data, where the report before this one is; it is read, not written. */
  readonly data?: string;
}

/** Never throws for a refusal: then the report is of what anybody can know, and says why. */
export async function reportAlone(options: Alone = {}): Promise<CapabilityReport> {
  const { onLog = () => {}, signal, helper = ownHelper(), data = ownData() } = options;
  const [probed, kernels] = await Promise.all([
    runProbe(helper, onLog, signal),
    forecastKernels(ownObject(), undefined, signal),
  ]);
  const bare = probed.ok ? reportOf(probed.value, null) : reportOf(undefined, probed.error.message);
  return { ...bare, kernels, since_last: new History(data, onLog).since(bare) };
}

function ownData(): string {
  return dataFolder({ env: process.env, uid: process.getuid?.() ?? 0, exists: () => false }, homedir());
}
