/** A measured figure with what it is to be compared with; every bench returns a list of them. */
export interface Figure {
  readonly bench: string;
  /** What was measured, in words. */
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
  /** The aim, as docs and issues state it; absent for references. */
  readonly aim?: string;
  /** Whether the aim was reached; absent where there is none. */
  readonly reached?: boolean;
  /** How many measurements the value is the median of, or anything that limits it. */
  readonly note?: string;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest-rank percentile; NaN for an empty list. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))] ?? NaN;
}

/** Three significant digits, thousands grouped. */
export function show(value: number | string): string {
  if (typeof value === 'string') return value;
  if (!Number.isFinite(value)) return 'unknown';
  const rounded = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** The figures as an aligned text table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((f) => [
    f.bench,
    f.name,
    `${show(f.value)} ${f.unit}`.trim(),
    f.aim ?? '',
    f.reached === undefined ? '' : f.reached ? 'reached' : 'MISSED',
    f.note ?? '',
  ]);
  const head = ['bench', 'figure', 'measured', 'aim', '', 'note'];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
