import { entityIdOf, entityPrefix } from './derived.ts';
import { foldText } from './terms.ts';

/** A process of one boot as its entity id tells it. */
export interface Entity {
  readonly pid: number;
  /** When it started, by the boot clock. */
  readonly startNs: number;
}

/** What an entity id of this boot says, capitals aside; undefined where it is none that Merlon makes. */
export function readEntity(bootId: string, text: string): Entity | undefined {
  const [, pidText, startText, ...rest] = text.split('-');
  if (pidText === undefined || startText === undefined || rest.length > 0) return undefined;
  const pid = parseInt(pidText, 36);
  const startNs = parseInt(startText, 36);
  const made = entityIdOf(entityPrefix(bootId), pid, startNs);
  return foldText(made) === foldText(text) ? { pid, startNs } : undefined;
}
