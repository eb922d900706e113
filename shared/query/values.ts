import type { FieldName } from '../event.ts';
import type { Condition, Scalar } from './ast.ts';

/** Fields of kind `long` that count nanoseconds: queries may write `20ms`. */
export const DURATION_FIELDS: ReadonlySet<FieldName> = new Set<FieldName>([
  'event.duration',
  'merlon.exit.cpu_time',
]);

const NS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
  ['d', 86400e9],
]);

/** A whole number that is exact; undefined where the text is none. */
export function parseLong(text: string): number | undefined {
  if (!/^-?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value + 0 || 0 : undefined;
}

/** Nanoseconds of `20ms`, `1.5s`, `3m` … or of a plain whole number. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h|d)$/.exec(text);
  if (!match) return parseLong(text);
  const value = Math.round(Number(match[1]) * NS_PER_UNIT.get(match[2]!)!);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The shortest way to write nanoseconds exactly. */
export function formatDuration(ns: number): string {
  if (ns <= 0) return String(ns);
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us']) {
    const size = NS_PER_UNIT.get(unit)!;
    if (ns % size === 0) return `${ns / size}${unit}`;
  }
  return `${ns}ns`;
}

/** `2026-11-22`, `2026-11-22T10:00`, `…:05.123456Z`, `…+01:00` (UTC where no zone is given), `now`, `now-10m`. */
export function parseTime(text: string): Scalar | undefined {
  const relative = /^now(?:([-+])(\d{1,9})(ms|s|m|h|d))?$/i.exec(text);
  if (relative) {
    const ms = relative[2] ? (Number(relative[2]) * NS_PER_UNIT.get(relative[3]!.toLowerCase())!) / 1e6 : 0;
    return { of: 'ago', ms: relative[1] === '+' ? -ms : ms };
  }
  const upper = text.toUpperCase();
  return timeSpan(upper) === undefined ? undefined : { of: 'time', text: upper };
}

/** A moment before now, as it is written: `now-10m`. */
export function formatAgo(ms: number): string {
  if (ms === 0) return 'now';
  const size = Math.abs(ms);
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => size % (NS_PER_UNIT.get(name)! / 1e6) === 0);
  const count = unit === undefined ? size : size / (NS_PER_UNIT.get(unit)! / 1e6);
  return `now${ms < 0 ? '+' : '-'}${count}${unit ?? 'ms'}`;
}

/** The span of epoch milliseconds that an ISO time names: from `start` up to, not including, `end`. */
function timeSpan(text: string): { start: number; end: number } | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const wall = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  );
  // Date.UTC lets the 31st of February roll over; the calendar does not.
  const clock = `${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}`;
  if (new Date(wall).toISOString().slice(0, 19) !== `${year}-${month}-${day}T${clock}`) return undefined;
  const base = wall - zoneOffset(zone);
  if (fraction !== undefined && fraction.length > 3) {
    const micros = base * 1000 + Number(fraction.padEnd(6, '0'));
    return { start: firstShownAs(micros), end: firstShownAs(micros + 1) };
  }
  if (fraction !== undefined) {
    const start = base + Number(fraction.padEnd(3, '0'));
    return { start, end: start + 10 ** (3 - fraction.length) };
  }
  const width = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 86_400_000;
  return { start: base, end: base + width };
}

/**
 * The smallest date that faces show (`isoTime`) as these microseconds since the epoch. Dates are doubles, whose steps
 * are about a quarter of a microsecond today: only trying tells on which side of a rounding one lies.
 */
function firstShownAs(micros: number): number {
  const step = 2 ** (Math.floor(Math.log2(Math.max(1, Math.abs(micros / 1000)))) - 52);
  const shown = (ms: number) =>
    Math.floor(ms) * 1000 + Math.min(999, Math.round((ms - Math.floor(ms)) * 1000));
  let ms = (micros - 1) / 1000;
  while (shown(ms) < micros) ms += step;
  return ms;
}

function zoneOffset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** What a number must be to satisfy a condition; an end that is infinite is open. */
export interface Bounds {
  readonly low: number;
  readonly lowOpen: boolean;
  readonly high: number;
  readonly highOpen: boolean;
}

/** The one meaning of a numeric condition, for predicate and SQL alike. @param now epoch milliseconds. */
export function boundsOf(
  condition: Extract<Condition, { type: 'compare' | 'between' }>,
  now: number,
): Bounds {
  const open = { low: -Infinity, lowOpen: false, high: Infinity, highOpen: false };
  if (condition.type === 'between') {
    const from = condition.from === null ? open : lowerBound(condition.from, true, now);
    const to = condition.to === null ? open : upperBound(condition.to, true, now);
    return { low: from.low, lowOpen: from.lowOpen, high: to.high, highOpen: to.highOpen };
  }
  const { op, value } = condition;
  switch (op) {
    case 'is':
      return { ...lowerBound(value, true, now), ...upperBound(value, true, now) };
    case 'gt':
    case 'gte':
      return { ...open, ...lowerBound(value, op === 'gte', now) };
    case 'lt':
    case 'lte':
      return { ...open, ...upperBound(value, op === 'lte', now) };
  }
}

function lowerBound(value: Scalar, inclusive: boolean, now: number) {
  if (value.of === 'time') {
    const span = timeSpan(value.text) ?? { start: NaN, end: NaN };
    return { low: inclusive ? span.start : span.end, lowOpen: false };
  }
  return { low: value.of === 'number' ? value.value : now - value.ms, lowOpen: !inclusive };
}

function upperBound(value: Scalar, inclusive: boolean, now: number) {
  if (value.of === 'time') {
    const span = timeSpan(value.text) ?? { start: NaN, end: NaN };
    return { high: inclusive ? span.end : span.start, highOpen: true };
  }
  return { high: value.of === 'number' ? value.value : now - value.ms, highOpen: !inclusive };
}
