/** What the command menu lists for a text. */
import type { Command } from '../state/commands.svelte.ts';
import { fuzzy } from '../state/fuzzy.ts';

export interface Line {
  readonly command: Command;
  /** Which characters of the title matched. */
  readonly at: readonly number[];
  /** Its group, where the list is not sorted by groups. */
  readonly from?: string | undefined;
}
export interface Group {
  readonly title: string;
  readonly lines: readonly Line[];
}

const RECENT = 5;
/** A match of other words than the title's is worth less. */
const ELSEWHERE = 0.5;
/** Where the text says it plainly, what it means comes before what has its letters. */
const SURE = 'sure.';

/**
 * Without a text: what was chosen last, then everything by group. With one: what matches, best first, and what the
 * text could mean itself.
 */
export function found(
  text: string,
  all: readonly Command[],
  recent: readonly string[],
  jumps: readonly Command[],
): readonly Group[] {
  const possible = all.filter((command) => command.enabled?.() ?? true);
  if (text.trim() === '') return byGroup(possible, recent);
  const matches = possible
    .flatMap((command) => matchOf(text, command) ?? [])
    .map((match) => ({ ...match, score: match.score + recency(match.line.command, recent) }))
    .sort((a, b) => b.score - a.score)
    .map(({ line }) => line);
  const lines = (list: readonly Command[]) => list.map((command) => ({ command, at: [] }));
  return [
    { title: 'Open', lines: lines(jumps.filter(({ id }) => id.startsWith(SURE))) },
    { title: 'Commands', lines: matches },
    { title: 'Look for it', lines: lines(jumps.filter(({ id }) => !id.startsWith(SURE))) },
  ].filter((group) => group.lines.length > 0);
}

/** These, of the frame, stand around the screen's own. */
const FIRST = ['Go to'];
const LAST = ['View', 'Help'];

/** The headings commands stand under, in order. */
export function groupTitles(list: readonly Command[]): readonly string[] {
  const titles = [...new Set(list.map(({ group }) => group))];
  const rank = (title: string) => (FIRST.includes(title) ? -1 : LAST.indexOf(title) + 1);
  return titles.sort((a, b) => rank(a) - rank(b));
}

function byGroup(possible: readonly Command[], recent: readonly string[]): readonly Group[] {
  const last = recent.flatMap((id) => possible.find((command) => command.id === id) ?? []).slice(0, RECENT);
  const rest = possible.filter((command) => !last.includes(command));
  const titles = groupTitles(rest);
  return [
    { title: 'Recent', lines: last.map((command) => ({ command, at: [], from: command.group })) },
    ...titles.map((title) => ({
      title,
      lines: rest.filter(({ group }) => group === title).map((command) => ({ command, at: [] })),
    })),
  ].filter((group) => group.lines.length > 0);
}

function matchOf(text: string, command: Command): { line: Line; score: number } | undefined {
  const title = fuzzy(text, command.title);
  const elsewhere = fuzzy(text, `${command.group} ${command.title} ${command.words ?? ''}`);
  const from = command.group;
  if (title !== undefined) return { line: { command, at: title.at, from }, score: title.score };
  return elsewhere && { line: { command, at: [], from }, score: elsewhere.score * ELSEWHERE };
}

/** Decides between equals. */
function recency(command: Command, recent: readonly string[]): number {
  const at = recent.indexOf(command.id);
  return at < 0 ? 0 : 2 / (at + 1);
}

/** The title in pieces: those that matched, and those between. */
export function marked(title: string, at: readonly number[]): readonly { text: string; hit: boolean }[] {
  const hits = new Set(at);
  const pieces: { text: string; hit: boolean }[] = [];
  [...title].forEach((character, place) => {
    const hit = hits.has(place);
    const last = pieces.at(-1);
    if (last?.hit === hit) last.text += character;
    else pieces.push({ text: character, hit });
  });
  return pieces;
}
