/** Names that are no setting’s. */
import type { ConfigProblem } from '../answers.ts';
import { SETTING_KEYS } from '../config.ts';
import { nearestNames } from '../query/suggest.ts';

const GROUPS = [...new Set(SETTING_KEYS.map((key) => key.slice(0, key.indexOf('.'))))];

/** What a name that is no setting’s, nor a group’s, was probably meant to be. */
export const meant = (name: string): string | undefined =>
  nearestNames(name, [...SETTING_KEYS, ...GROUPS])[0];

/** Whether something that does not count may have been about this group of settings: its name may be mistyped, or the file broken. */
export const mayConcern = ({ key }: Pick<ConfigProblem, 'key'>, group: string): boolean =>
  key === undefined || (meant(key) ?? key).startsWith(group);

/** A sentence for a name that is no setting’s. */
export function noSetting(key: string): string {
  const near = meant(key);
  return `There is no setting ${shown(key)}.${near === undefined ? '' : ` Did you mean ${near}?`}`;
}

/** A name may be anything, and as long: a secret that landed in the wrong place, for one. */
export const shown = (key: string) => (/^[a-z][a-z0-9_.]{0,59}$/i.test(key) ? key : 'of that name');
