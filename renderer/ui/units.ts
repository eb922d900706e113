/** Quantities and moments as a person reads them. Unknown is a word of the caller's: nothing here shows 0 for it. */

const pad = (n: number, width = 2) => String(n).padStart(width, '0');

/** Clock time on this machine's wall, `14:34:07`. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** `.402`: the milliseconds that go with `clock`. */
export function clockMillis(ms: number): string {
  return `.${pad(Math.floor(ms) % 1000, 3)}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Day and month, `9 Nov`, with the year where it is not this one; `today` where it is. */
export function day(ms: number, now: number): string {
  const at = new Date(ms);
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) return 'today';
  const date = `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''}`;
  return at.getFullYear() === today.getFullYear() ? date : `${date} ${at.getFullYear()}`;
}

/** In as many characters as a clock with milliseconds: `9 Nov 14:34`, of another year `2025-11-09`. */
export function dayAndMinute(ms: number, now: number): string {
  const at = new Date(ms);
  if (at.getFullYear() !== new Date(now).getFullYear()) return moment(ms).slice(0, 10);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''} ${clock(ms).slice(0, 5)}`;
}

/** `2026-11-22 14:34:07.402` */
export function moment(ms: number): string {
  const at = new Date(ms);
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${date} ${clock(ms)}${clockMillis(ms)}`;
}

/** Nanoseconds as `740 µs`, `11 ms`, `1.84 s`, `2 min 5 s`, `3 h 12 min`, `4 d 2 h`. */
export function duration(ns: number): string {
  if (ns < 1e6) return `${Math.round(ns / 1e3)} µs`;
  if (ns < 1e9) return `${Math.round(ns / 1e6)} ms`;
  if (ns < 6e10) return `${(ns / 1e9).toFixed(2)} s`;
  return span(ns / 1e6);
}

/** Milliseconds in whole seconds and up: `7 s`, `2 min 5 s`, `3 h 12 min`, `4 d 2 h`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return both(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86_400) return both(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
  return both(Math.floor(s / 86_400), 'd', Math.floor((s % 86_400) / 3600), 'h');
}

/** What is left, as a clock that counts down: `0:43`, `12:05`. */
export function countdown(ms: number): string {
  const s = Math.ceil(Math.max(0, ms) / 1000);
  return `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

const both = (a: number, unitA: string, b: number, unitB: string) =>
  b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`;

/** `612 B`, `9.1 MiB`, `212 MiB`, `1.12 GiB` */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** `1,284` */
export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** `1 event`, `1,284 events` */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
