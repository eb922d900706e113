/** Where a figure comes from: the place in the console that shows what is behind it. */
import type { FieldName } from '../../shared/event.ts';
import { formatQuery } from '../../shared/query.ts';
import { hrefOf } from '../state/route.svelte.ts';

/** The condition that a text field has exactly this value. */
export const matching = (field: FieldName, value: string) =>
  formatQuery({ type: 'match', field, pattern: [{ literal: value }] });

export const toFeed = (query: string, range: { from?: number; until?: number; event?: string } = {}) =>
  hrefOf({ screen: 'feed', query, ...range });

export const toProcess = (entityId: string) => hrefOf({ screen: 'process', entityId });
