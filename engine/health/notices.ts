/** Events of what Merlon leaves out to keep its budget. */
import type { Budget } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import { base, type NoticeContext } from '../sensor/notices.ts';
import type { Step } from './budget.ts';
import { SPARE } from './sensors.ts';

/** Of bpf/limit.bpf.h. */
const FEW = '10 a second on each processor';

/** A sensor tells less than before, or all again. */
export function sensorLimited(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  { sensor, to, percent, budget }: Step & { readonly budget: Budget },
): EventFields {
  const { sees } = SPARE[sensor];
  const used = budget.used_percent ?? 0;
  const over = `Merlon took ${figure(used)} of a processor, and its budget is ${figure(budget.percent)}${budget.on_battery ? ' on battery' : ''}; ${figure(percent)} went into this.`;
  const message = {
    on: `${sees} are all told again: Merlon takes ${figure(used)} of a processor, and there is room for them.`,
    thinned: `${sees} are told in part only, ${FEW}. ${over}`,
    shed: `${sees} are no longer seen. ${over}`,
  }[to];
  return {
    ...base(context, atNs, sequence, 'change'),
    'event.action': to === 'on' ? 'sensor_restored' : 'sensor_limited',
    'event.outcome': 'success',
    'event.reason': `${sensor}: ${to}`,
    message,
  };
}

/** The budget is exceeded, and nothing that may be left out would help. */
export function budgetExhausted(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  { used_percent: used, percent }: Budget,
): EventFields {
  return {
    ...base(context, atNs, sequence, 'info'),
    'event.action': 'budget_exceeded',
    'event.outcome': 'failure',
    message: `Merlon takes ${figure(used ?? 0)} of a processor, more than its budget of ${figure(percent)}, and goes on: without what takes it, there would be nothing to detect with.`,
  };
}

function figure(percent: number): string {
  return `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}
