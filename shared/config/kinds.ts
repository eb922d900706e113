/** The kinds of values that settings have: how each is understood, and how it is written for a person and in a file. */
import * as v from 'valibot';

/** What a setting can hold, in JSON, in YAML and on the wire alike. */
export type ConfigValue = string | number | boolean;

/** What a face needs in order to offer the right control. */
export type Form =
  | { readonly kind: 'switch' }
  | { readonly kind: 'number'; readonly unit?: string; readonly min: number; readonly max: number }
  | { readonly kind: 'size'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[] }
  | { readonly kind: 'pause' }
  | { readonly kind: 'hours' };

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A schema and the form that goes with it; its one issue is a sentence that says what the setting takes. */
export interface Kind<T extends ConfigValue> {
  readonly schema: v.GenericSchema<unknown, T>;
  readonly form: Form;
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  byte: 1,
  bytes: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};
const WRITTEN: readonly (readonly [string, number])[] = [
  ['PiB', 2 ** 50],
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
];
const count = (n: number) => n.toLocaleString('en-US');

/** On or off; what YAML 1.1 took for that is understood too. */
export function onOff(): Kind<boolean> {
  const words: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
    [true, true],
    [false, false],
    ...['true', 'yes', 'on'].map((word) => [word, true] as const),
    ...['false', 'no', 'off'].map((word) => [word, false] as const),
  ]);
  return {
    schema: understood(
      (given) => words.get(typeof given === 'string' ? given.toLowerCase() : given),
      'Takes yes or no.',
    ),
    form: { kind: 'switch' },
  };
}

export function number(limits: {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  readonly unit?: string;
  /** The smallest value is itself too small. */
  readonly above?: boolean;
}): Kind<number> {
  const { min, max, whole = false, above = false, unit } = limits;
  const range = above ? `above ${count(min)}, at most ${count(max)}` : `from ${count(min)} to ${count(max)}`;
  const what = unit === undefined ? (whole ? 'a whole number' : 'a number') : `a number of ${unit}`;
  return {
    schema: understood((given) => {
      if (typeof given !== 'number' || !Number.isFinite(given)) return undefined;
      if (whole && !Number.isSafeInteger(given)) return undefined;
      return (above ? given > min : given >= min) && given <= max ? given : undefined;
    }, `Takes ${what} ${range}.`),
    form: { kind: 'number', min, max, ...(unit === undefined ? {} : { unit }) },
  };
}

/** Bytes, as a number or with a unit: `2 GiB`. */
export function size(limits: {
  readonly min: number;
  readonly max: number;
  readonly powerOfTwo?: boolean;
}): Kind<number> {
  const { min, max, powerOfTwo = false } = limits;
  const how = powerOfTwo ? 'a power of two' : 'a size such as 2 GiB or 500 MiB';
  return {
    schema: understood(
      (given) => {
        const bytes = typeof given === 'string' ? parseSize(given) : given;
        if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < min || bytes > max)
          return undefined;
        return powerOfTwo && !Number.isInteger(Math.log2(bytes)) ? undefined : bytes;
      },
      `Takes ${how}, from ${formatSize(min)} to ${formatSize(max)}.`,
    ),
    form: { kind: 'size', min, max },
  };
}

/** @returns whole bytes; undefined where the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d{1,16}(?:\.\d{1,6})?)\s*([a-z]{0,5})\s*$/i.exec(text);
  const unit = UNITS[(match?.[2] || 'b').toLowerCase()];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** In the largest unit that says it exactly with two decimals at most: `2 GiB`, `1.5 GiB`, `1234567 bytes`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of WRITTEN) {
    const hundredths = (bytes / factor) * 100;
    if (bytes >= factor && Number.isInteger(hundredths)) return `${hundredths / 100} ${unit}`;
  }
  return `${bytes} bytes`;
}

export function choice<const V extends string>(
  choices: readonly { readonly value: V; readonly label: string }[],
): Kind<V> {
  const values = choices.map(({ value }) => value);
  return {
    schema: understood(
      (given) => values.find((value) => value === given),
      `Takes ${values.slice(0, -1).join(', ')} or ${values.at(-1)}.`,
    ),
    form: { kind: 'choice', choices },
  };
}

const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?$/;

/** `off`, `on`, or the moment until which it is on. Without a zone that moment is local. */
export function pause(): Kind<string> {
  return {
    schema: understood((given) => {
      if (given === true || given === 'on') return 'on';
      if (given === false || given === 'off') return 'off';
      if (typeof given !== 'string' || !INSTANT.test(given)) return undefined;
      const at = Date.parse(given.replace(' ', 'T'));
      return Number.isNaN(at) ? undefined : new Date(at).toISOString().replace('.000Z', 'Z');
    }, 'Takes on, off, or a moment such as 2026-01-31T18:00.'),
    form: { kind: 'pause' },
  };
}

const HOURS = /^([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]):([0-5]\d)$/;

/** `off`, or a span of each day in local time: `22:00-07:00`. */
export function hours(): Kind<string> {
  return {
    schema: understood((given) => {
      if (given === false || given === 'off') return 'off';
      const match = typeof given === 'string' ? HOURS.exec(given) : null;
      if (match === null) return undefined;
      const [, fromHour = '', fromMinute = '', untilHour = '', untilMinute = ''] = match;
      const from = `${fromHour}:${fromMinute}`;
      const until = `${untilHour}:${untilMinute}`;
      return from === until ? undefined : `${from}-${until}`;
    }, 'Takes off, or a span of the day such as 22:00-07:00.'),
    form: { kind: 'hours' },
  };
}

/** A schema that says one sentence, whatever was wrong. */
function understood<T extends ConfigValue>(
  read: (given: unknown) => T | undefined,
  sentence: string,
): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: sentence });
      return NEVER;
    }),
  );
}
