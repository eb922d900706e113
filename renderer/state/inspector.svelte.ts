import * as v from 'valibot';
import { kept } from './kept.svelte.ts';

export const NARROWEST = 280;
export const WIDEST = 720;

/** Where the inspector lies over the contents, as InspectorPanel has it. */
export const COVERS = 'max-width: 860px';

/** Whether the inspector stands beside the contents, and how wide a person made it (null: as the window has it). */
export const inspector = {
  open: kept('inspector-open', v.boolean(), true),
  width: kept(
    'inspector-width',
    v.nullable(v.pipe(v.number(), v.minValue(NARROWEST), v.maxValue(WIDEST))),
    null,
  ),
};
