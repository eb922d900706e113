/** Events of what was found among everybody's BPF. */
import type { EventFields } from '../../shared/event.ts';
import { base, type NoticeContext } from '../sensor/notices.ts';
import type { Finding } from './findings.ts';

export function bpfFound(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  { what, program, sentence }: Finding,
): EventFields {
  const fields: EventFields = {
    ...base(context, atNs, sequence, 'info'),
    'event.action': 'foreign_bpf',
    'event.outcome': what === 'foreign_program' ? 'unknown' : 'failure',
    'event.reason': what,
    'merlon.bpf.program.id': program.id,
    'merlon.bpf.program.type': program.type,
    'merlon.bpf.program.tag': program.tag,
    message: sentence,
  };
  if (program.name !== '') fields['merlon.bpf.program.name'] = program.name;
  const who = program.loader ?? program.holders[0];
  if (who?.entity_id != null) {
    fields['process.entity_id'] = who.entity_id;
    fields['process.pid'] = who.pid;
    fields['process.name'] = who.name;
    if (who.executable !== null) fields['process.executable'] = who.executable;
  }
  return fields;
}
