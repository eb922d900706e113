/** Takes out of a text what says who and where: secrets, the home folder, the names of user and host. */
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { Redactor } from '../redact.ts';

export interface Person {
  readonly home: string;
  readonly user: string;
  readonly host: string;
}

export function ownPerson(): Person {
  const { username, homedir } = userInfo();
  return { home: homedir, user: username, host: hostname() };
}

/** Names that say nothing of a person, and stand in too many sentences to be taken out of them. */
const NOBODY = new Set(['', 'root', 'localhost', 'nobody']);

export class Scrubber {
  readonly #redactor = new Redactor(randomBytes(32)); // its tags mean nothing outside this bundle
  readonly #names: readonly (readonly [RegExp, string])[];

  constructor({ home, user, host }: Person) {
    const [short = ''] = host.split('.');
    this.#names = [
      ...(home === '/' || home === ''
        ? []
        : [[new RegExp(`${escaped(home)}(?![\\w.-])`, 'g'), '~'] as const]),
      // Other people’s home folders name them as well.
      [/\/(?:home|Users)\/[^/\s'"]+/g, '/home/‹user›'] as const,
      ...whole(host, '‹host›'),
      ...whole(short, '‹host›'),
      ...whole(user, '‹user›'),
    ];
  }

  text(text: string): string {
    return this.#names.reduce(
      (kept, [name, instead]) => kept.replace(name, instead),
      // A path or a sentence may hold a secret only as a part.
      this.#redactor.text(text),
    );
  }

  /** Every text in a plain value; names of members stay. */
  value<T>(value: T): T {
    return this.#value(value) as T; // the same shape, text by text
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.#value(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#value(each)]));
  }
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function whole(name: string, instead: string): readonly (readonly [RegExp, string])[] {
  if (NOBODY.has(name)) return [];
  return [[new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(name)}(?![\\p{L}\\p{N}_])`, 'gu'), instead]];
}
