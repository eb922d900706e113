/** What a call of bpf() adds to the event of its caller. */
import { assertNever } from '../../shared/result.ts';
import type { BpfCommand, EventAction, EventFields } from '../../shared/event.ts';
import { attachType, commandName, linkType, programType } from './bpf-names.ts';
import type { BpfRecord } from './decode.ts';
import { errorName } from './names.ts';
import type { Process } from './processes.ts';
import { MERLON_B_ASKED, MERLON_B_MISSING, MERLON_B_PATH_CUT } from './records.generated.ts';

export interface LoadedProgram {
  /** The kernel’s number of it. */
  readonly id: number;
  /** 16 hex digits. */
  readonly tag: string;
  /** Boot-clock nanoseconds. */
  readonly atNs: number;
  readonly process: Process;
}

export type BpfAction = Extract<
  EventAction,
  'bpf_loaded' | 'bpf_refused' | 'bpf_attached' | 'bpf_detached' | 'bpf_pinned'
>;

const DRIVER = Object.freeze(['driver']);
const TYPES: Readonly<Record<BpfAction, readonly string[]>> = {
  bpf_loaded: Object.freeze(['start']),
  bpf_refused: Object.freeze(['start']),
  bpf_attached: Object.freeze(['change']),
  bpf_detached: Object.freeze(['end']),
  bpf_pinned: Object.freeze(['info']),
};
const INCOMPLETE = Object.freeze(['incomplete']);

/** undefined for a command that this engine does not know. */
export function bpfAction({ bpf }: BpfRecord): BpfAction | undefined {
  const command = commandName(bpf.command);
  switch (command) {
    case 'prog_load':
      return bpf.error === 0 ? 'bpf_loaded' : 'bpf_refused';
    case 'raw_tracepoint_open':
    case 'link_create':
    case 'link_update':
    case 'prog_attach':
      return 'bpf_attached';
    case 'prog_detach':
    case 'link_detach':
      return 'bpf_detached';
    case 'obj_pin':
      return 'bpf_pinned';
    case undefined:
      return undefined;
    default:
      return assertNever(command);
  }
}

/**
 * To be laid over what is known of the caller.
 * @param caller a name for the sentence. @param incomplete its beginning was missed.
 */
export function bpfFields(
  record: BpfRecord,
  action: BpfAction,
  caller: string,
  incomplete: boolean,
): EventFields {
  const { bpf, tag, name, path } = record;
  const command = commandName(bpf.command);
  const known = bpf.program_id !== 0;
  const asked = (bpf.flags & MERLON_B_ASKED) !== 0;
  const type = known || asked ? programType(bpf.program_type) : undefined;
  const attach = attachType(bpf.attach_type, bpf.program_type);
  const cut = (bpf.flags & (MERLON_B_MISSING | MERLON_B_PATH_CUT)) !== 0;
  return {
    'event.category': DRIVER,
    'event.type': TYPES[action],
    'event.action': action,
    'event.outcome': bpf.error === 0 ? 'success' : 'failure',
    message: sentenceOf(record, action, caller),
    ...(bpf.error !== 0 && { 'error.code': errorName(bpf.error) }),
    ...(path !== '' && { 'file.path': path }),
    ...((incomplete || cut) && { 'merlon.process.flags': INCOMPLETE }),
    ...(command && { 'merlon.bpf.command': command satisfies BpfCommand }),
    ...(known && { 'merlon.bpf.program.id': bpf.program_id }),
    ...(name !== '' && { 'merlon.bpf.program.name': name }),
    ...(type !== undefined && { 'merlon.bpf.program.type': type }),
    ...(tag !== '' && { 'merlon.bpf.program.tag': tag }),
    ...(attach !== undefined && { 'merlon.bpf.attach_type': attach }),
    ...(bpf.link_id !== 0 && {
      'merlon.bpf.link.id': bpf.link_id,
      'merlon.bpf.link.type': linkType(bpf.link_type),
    }),
  };
}

function sentenceOf(record: BpfRecord, action: BpfAction, caller: string): string {
  const { bpf, path } = record;
  const what = programWords(record);
  switch (action) {
    case 'bpf_loaded':
      return `${caller} loaded ${what}.`;
    case 'bpf_refused':
      return `The kernel did not let ${caller} load ${what}: ${errorName(bpf.error)}.`;
    case 'bpf_attached':
      return commandName(bpf.command) === 'link_update'
        ? `${caller} put ${what} in the place of another.`
        : `${caller} attached ${what}.`;
    case 'bpf_detached':
      return `${caller} detached ${what}.`;
    case 'bpf_pinned':
      return `${caller} pinned ${bpf.link_id === 0 ? what : `the link of ${what}`} at ${path}.`;
    default:
      return assertNever(action);
  }
}

/** the xdp program “guard” (41) */
function programWords({ bpf, name }: BpfRecord): string {
  const asked = (bpf.flags & MERLON_B_ASKED) !== 0;
  if (bpf.program_id === 0 && !asked) return 'a BPF program';
  const title = `${programType(bpf.program_type)} program${name === '' ? '' : ` “${name}”`}`;
  return asked ? `a BPF ${title}` : `the BPF ${title} (${bpf.program_id})`;
}
