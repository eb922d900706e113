/** What the engine answers about running processes and their programs, beyond the process table. */
import type { ProcessProgram } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import type { Query } from '../../shared/query.ts';
import type { Packages } from '../identity/packages.ts';
import type { FoundFile, ProgramFiles } from '../identity/program.ts';
import { ownMountNamespace } from '../sensor/image.ts';
import type { Processes } from '../sensor/processes.ts';
import type { Store } from '../store/contract.ts';

export interface ProgramSources {
  readonly store: Pick<Store, 'page'>;
  readonly processes: Pick<Processes, 'byEntityId'>;
  readonly packages: Pick<Packages, 'owner'>;
  readonly files: Pick<ProgramFiles, 'look'>;
  readonly stored: (entityId: string) => Promise<Readonly<EventFields> | undefined>;
}

/** @returns undefined where neither the table nor the store knows the process. */
export async function programOf(
  entityId: string,
  sources: ProgramSources,
  signal: AbortSignal,
): Promise<ProcessProgram | undefined> {
  const known = sources.processes.byEntityId(entityId);
  const ran = await executionOf(entityId, sources.store, signal);
  const fields = ran ?? (await sources.stored(entityId));
  if (known === undefined && fields === undefined) return undefined;
  const path = ran?.['process.executable'] ?? known?.image?.executable ?? fields?.['process.executable'];
  if (path === undefined) return { path: null, package: null, file: null, problem: 'no_path' };
  const found = await fileOf(path, ran, sources.files);
  return { path, package: packageOf(path, ran, found, sources.packages), ...found };
}

/** What the process was seen to run last. A fork that executed nothing has no such event: it runs its parent's. */
async function executionOf(
  entityId: string,
  store: Pick<Store, 'page'>,
  signal: AbortSignal,
): Promise<Readonly<EventFields> | undefined> {
  const is = (field: 'process.entity_id' | 'event.action', literal: string): Query => ({
    type: 'match',
    field,
    pattern: [{ literal }],
  });
  const terms = [
    is('process.entity_id', entityId),
    { type: 'or', terms: [is('event.action', 'exec'), is('event.action', 'running')] } as const,
  ];
  const { events } = await store.page({ query: { type: 'and', terms }, limit: 1 }, signal);
  return events[0]?.fields;
}

async function fileOf(
  path: string,
  ran: Readonly<EventFields> | undefined,
  files: Pick<ProgramFiles, 'look'>,
): Promise<FoundFile> {
  if (ran?.['merlon.process.flags']?.includes('memfd')) return { file: null, problem: 'memory' };
  const namespace = ran?.['merlon.namespace.mount'];
  return files.look(path, {
    device: ran?.['merlon.executable.device'],
    inode: ran?.['merlon.executable.inode'],
    at: ran?.['@timestamp'],
    elsewhere: namespace !== undefined && namespace !== ownMountNamespace(),
  });
}

/** As it was known when the program was run; else as it is now, where the file is still the same. */
function packageOf(
  path: string,
  ran: Readonly<EventFields> | undefined,
  { file }: FoundFile,
  packages: Pick<Packages, 'owner'>,
): ProcessProgram['package'] {
  const name = ran?.['package.name'];
  if (name !== undefined) return { name, version: ran?.['package.version'] ?? '' };
  if (file === null || file.since_run === 'replaced') return null;
  return packages.owner(path, file.inode, ownMountNamespace()) ?? null;
}
