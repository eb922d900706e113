import * as v from 'valibot';

const PREFIX = 'merlon.';

/** A value that outlives a reload, in this browser. */
export interface Kept<T> {
  value: T;
}

/**
 * Keeps a value in localStorage under a name. What is there but does not fit the schema is dropped: another version,
 * or somebody's hand, wrote it. Where there is no storage the value lives as long as the page.
 */
export function kept<S extends v.GenericSchema>(
  name: string,
  schema: S,
  initial: v.InferOutput<S>,
): Kept<v.InferOutput<S>> {
  const key = PREFIX + name;
  let value = $state.raw<v.InferOutput<S>>(parse(schema, read(key)) ?? initial);
  // Another tab of the same console changed it.
  globalThis.window?.addEventListener('storage', (event) => {
    if (event.key === key) value = parse(schema, event.newValue) ?? initial;
  });
  return {
    get value() {
      return value;
    },
    set value(next) {
      value = next;
      write(key, JSON.stringify(next));
    },
  };
}

function parse<S extends v.GenericSchema>(schema: S, text: string | null): v.InferOutput<S> | undefined {
  if (text === null) return undefined;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is denied
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Denied or full: the value holds until the page is left.
  }
}
