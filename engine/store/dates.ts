/**
 * How a cell says a date (see Storage, `date`): whole microseconds after a moment that the boot clock gives, or epoch
 * milliseconds as they are. Both directions are here, since they must agree to the last bit.
 */

/** From here on, up and down, a cell is epoch milliseconds; below it microseconds after the moment. */
export const LEAST_RAW_MS = 1e11;

/** The moment that the boot clock gives, in microseconds since the epoch, by the partition's `wall_base_ms`. */
export function momentUs(wallBaseMs: number, timeNs: number): number {
  return Math.round(wallBaseMs * 1000 + timeNs / 1000);
}

/** Epoch milliseconds of a cell that is a number. */
export function dateOfCell(cell: number, moment: number): number {
  return Math.abs(cell) >= LEAST_RAW_MS ? cell : (moment + cell) / 1000;
}

/** The cell of epoch milliseconds; undefined where only a TEXT cell can say them exactly. */
export function cellOfDate(ms: number, moment: number): number | undefined {
  const cell = Math.round(ms * 1000) - moment;
  if (Math.abs(cell) < LEAST_RAW_MS && Object.is((moment + cell) / 1000, ms)) return cell;
  return Math.abs(ms) >= LEAST_RAW_MS ? ms : undefined;
}
