/** The heads of the two tables. */
import type { MapKey, ProgramKey } from './rows.ts';

export interface Column<K extends string> {
  readonly key: K;
  readonly label: string;
  /** The class of its cells. */
  readonly place: string;
  readonly number?: true;
  /** What the order is, where the head alone does not say. */
  readonly about?: string;
}

export const PROGRAM_COLUMNS: readonly Column<ProgramKey>[] = [
  {
    key: 'notable',
    label: 'Worth a look',
    place: 'c-mark',
    about: 'What is worth a look first, then what is new, then what is foreign',
  },
  { key: 'name', label: 'Name', place: 'c-name' },
  { key: 'type', label: 'Type', place: 'c-type' },
  { key: 'attached', label: 'Attached to', place: 'c-attached' },
  { key: 'owner', label: 'Owner', place: 'c-owner' },
  { key: 'loader', label: 'Loaded by', place: 'c-loader' },
  { key: 'loaded', label: 'Loaded', place: 'c-loaded' },
  { key: 'runs', label: 'Runs', place: 'c-runs', number: true },
  { key: 'cpu', label: 'CPU', place: 'c-cpu', number: true },
  { key: 'memory', label: 'Memory', place: 'c-memory', number: true },
];

export const MAP_COLUMNS: readonly Column<MapKey>[] = [
  { key: 'name', label: 'Name', place: 'c-name' },
  { key: 'type', label: 'Type', place: 'c-type' },
  { key: 'owner', label: 'Owner', place: 'c-owner' },
  { key: 'entries', label: 'Room for', place: 'c-entries', number: true },
  { key: 'programs', label: 'Used by', place: 'c-used', number: true },
  { key: 'memory', label: 'Memory', place: 'c-memory', number: true },
];
