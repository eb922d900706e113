/** The one honest sentence on top of a report. */
import type { Protection, ProtectionId } from '../../shared/capabilities.ts';

type Protections = Readonly<Record<ProtectionId, Protection>>;

const ORDINALS = ['one rung below the strongest', 'two rungs below the strongest'];

export function summaryOf(protections: Protections, privileged: boolean): string {
  if (!privileged) return 'Nobody has tried this kernel yet, so what Merlon can do on it is not known.';
  return `${sees(protections)} ${stops(protections)}${itself(protections)}.`;
}

function sees({ see_programs: all, see_failed_programs: failed, see_running: running }: Protections): string {
  if (all.state !== 'works') return 'Merlon sees nothing of what runs on this kernel.';
  const begin = 'Merlon sees every program that starts and ends on this kernel';
  const less = [
    failed.state === 'impossible' ? 'not the attempts that fail' : '',
    failed.state === 'degraded' ? 'not the failed attempts of 32-bit programs' : '',
    running.state === 'works' ? '' : 'less of what ran before it',
  ].filter((each) => each !== '');
  return less.length === 0 ? `${begin}.` : `${begin}, but ${less.join(' and ')}.`;
}

/** Nothing is enforced before there are policies: it says what the kernel would allow. */
function stops({ deny_exec: deny, deny_connect: connect }: Protections): string {
  const network = connect.state === 'works' || connect.state === 'degraded';
  const also = network ? ' and cut a process off the network' : '';
  if (deny.rung === null)
    return network
      ? 'It could cut a process off the network, but deny no program'
      : 'It could stop nothing before it happens';
  if (deny.rung === deny.rungs.length - 1) return `It could deny no program, only end it at its start${also}`;
  const lower = deny.rung === 0 ? '' : ` (${ORDINALS[deny.rung - 1] ?? 'a lower rung'})`;
  return `It could deny programs by ${deny.rungs[deny.rung]?.name ?? ''}${lower}${also}`;
}

function itself({ protect_itself: own }: Protections): string {
  return own.state === 'works' ? '' : '; it cannot stop root from ending it';
}
