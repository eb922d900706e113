import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;
const LIFE_MS = 120_000;
const MAX_OUTSTANDING = 100;

/** One-time tokens for the web page's link. Only their hashes are kept, so that a look-up leaks nothing by its time. */
export class Tokens {
  readonly #now: () => number;
  /** Hash to the moment when it ends, oldest first. */
  readonly #ends = new Map<string, number>();

  /** @param now milliseconds of a clock that is never set back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns a new token: 32 random bytes, base64url. It works once, for two minutes. */
  make(): string {
    this.#forgetOld();
    if (this.#ends.size >= MAX_OUTSTANDING) {
      for (const oldest of this.#ends.keys()) {
        this.#ends.delete(oldest);
        break;
      }
    }
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    this.#ends.set(hashOf(token), this.#now() + LIFE_MS);
    return token;
  }

  /** Spends a token. @returns whether it was good. */
  redeem(token: string): boolean {
    this.#forgetOld();
    return this.#ends.delete(hashOf(token));
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const [hash, end] of this.#ends) if (end <= now) this.#ends.delete(hash);
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
