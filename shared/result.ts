/** The outcome of an operation whose failures are expected: a value, or an error from a closed set of codes. */
export type Result<T, C extends string = string> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure<C> };

/** An expected failure: `code` for programs, `message` (one sentence that says what to do) for people. */
export interface Failure<C extends string = string> {
  readonly code: C;
  readonly message: string;
  /** What the kernel, libbpf or SQLite said, word for word. */
  readonly detail?: string;
}

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail<C extends string>(
  code: C,
  message: string,
  detail?: string,
): { readonly ok: false; readonly error: Failure<C> } {
  return { ok: false, error: detail === undefined ? { code, message } : { code, message, detail } };
}

/** Ends a `switch` over a union: a forgotten member is a compile error, and a bug at run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
