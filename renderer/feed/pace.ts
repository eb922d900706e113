/** How many events the feed takes at once, keeps and asks for, and how often its list changes. */
import { MAX_LIVE } from '../../shared/console.ts';

/** Rows kept while following; older ones come from the store. */
export const MAX_LIVE_ROWS = 5_000;
/** Rows loaded at most by scrolling down. */
export const MAX_ROWS = 40_000;
/** New rows that wait while the list is paused; beyond, only their number is known, and the store has them. */
export const MAX_HELD = 20_000;
/** An answer in about so many milliseconds, with what was found: then the page asks on from there. */
export const PATIENCE_MS = 250;
/**
 * Rows of a screen, and the time in which as many may come: nobody reads faster, and the page stays free for other work.
 * Of more the newest come; who scrolls down reads the others.
 */
export const SCREEN = Math.min(MAX_LIVE, Math.ceil((globalThis.screen?.height ?? 1080) / 28) + 2);
export const PACE = { newest: SCREEN, every_ms: 250 };
/** While rows are folded one takes many events. */
export const FOLDED_PACE = { newest: MAX_LIVE, every_ms: 1000 };
/** Rows asked for at once, and found before a search rests until somebody scrolls: no frame has more to take in. */
export const PAGE = SCREEN + 20;
export const FOLDED_PAGE = 500;
/** Time between two changes of the list. */
export const MIN_CHANGE_MS = 30;
/** More comes than is shown for so long after it last did: words must not flicker. */
export const SKIPPING_MS = 3000;
/** Time between two changes of the list while rows are folded: each change folds all of them anew. */
export const MIN_FOLDED_MS = 500;
/** Time between two readings of the newest page, when more is stored than the engine can still show. */
export const MIN_RESTART_MS = 1000;
