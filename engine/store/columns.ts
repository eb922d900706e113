import { FIELDS, isFieldName, type FieldKind, type FieldName } from '../../shared/event.ts';

/** One column of the table `event`: named like its field. */
export interface Column {
  readonly name: FieldName;
  readonly kind: FieldKind;
}

/** Every field has a column. The order here is that of encoded rows; a migration may have added columns elsewhere. */
export const COLUMNS: readonly Column[] = Object.keys(FIELDS)
  .filter(isFieldName)
  .map((name) => ({ name, kind: FIELDS[name].kind }));

/** The position of an event (see `Cursor`), and the primary key. */
export const KEY_COLUMNS = ['boot', 'time_ns', 'sequence'] as const;

/** A field's column in SQL. Field names are ours and hold no quotes; that is what makes this safe. */
export const columnSql = (name: FieldName) => `"${name}"`;

/** All columns, key first, as a list in SQL. */
export const ALL_COLUMNS_SQL = [...KEY_COLUMNS, ...COLUMNS.map(({ name }) => columnSql(name))].join(', ');
