/** merlon status: what the status bar shows. */
import type { CanaryStatus, Status, StoreWaiting } from '../shared/console.ts';
import { ask, json, readArgs, type Command } from './command.ts';
import { visible } from './terminal.ts';
import { bytes, clock, count, duration } from './time.ts';

export const status: Command = {
  name: 'status',
  about: 'whether Merlon senses, what it lost, where it stores',
  help: `merlon status [--json]

Says whether Merlon senses, what it lost and where it stores.
  --json   one object: engine, helper, sensor, canary, store, host
`,
  prepare(args) {
    const { values } = readArgs('status', args, { json: { type: 'boolean' } });
    return async ({ console, out }) => {
      const now = await ask(console, 'status.get', {});
      await out.write(values.json ? json(now) : readable(now, Date.now()));
    };
  },
};

/** The status as a few lines for a person. */
export function readable({ engine, helper, sensor, canary, store, host }: Status, now: number): string {
  const rate =
    sensor.events_per_s === null ? 'rate unknown' : `${count(Math.round(sensor.events_per_s))} events/s`;
  const losses = Object.entries(sensor.lost_by_type).filter(([, lost]) => lost > 0);
  const lost =
    sensor.lost === null ? 'losses unknown while the helper is away' : `${count(sensor.lost)} lost`;
  const byType = losses.length > 0 ? ` (${losses.map(([type, n]) => `${type} ${count(n)}`).join(', ')})` : '';
  const rows: [string, string][] = [
    [
      'engine',
      `${engine.version}, pid ${engine.pid}, up ${duration(engine.uptime_s * 1000)}, ${bytes(engine.rss_bytes)}`,
    ],
    [
      'helper',
      `${helper.state}${helper.pid === null ? '' : `, pid ${helper.pid}`} since ${clock(helper.since)}`,
    ],
    ...(helper.reason === undefined ? [] : [['', helper.reason] satisfies [string, string]]),
    ...(helper.next_start === undefined
      ? []
      : [['', `next start in ${duration(Math.max(0, helper.next_start - now))}`] satisfies [string, string]]),
    ['sensor', `${rate}, ${count(sensor.received)} received, ${lost}${byType}`],
    ...(canary === undefined ? [] : [['canary', canaryWords(canary, now)] satisfies [string, string]]),
    ['attached', sensor.attached.length === 0 ? 'nothing' : sensor.attached.join(', ')],
    ...sensor.refused.map(({ name, reason }): [string, string] => ['refused', `${name}: ${reason}`]),
    [
      'store',
      store.unopened
        ? `not open: ${store.path}`
        : `${count(store.events)} events, ${bytes(store.bytes)}, in ${store.path}`,
    ],
    ...(store.problem === undefined ? [] : [['', store.problem] satisfies [string, string]]),
    ...(store.waiting === undefined
      ? []
      : [['waiting', waitingWords(store.waiting)] satisfies [string, string]]),
    ...store.damaged.map((sentence): [string, string] => ['damaged', sentence]),
    ['oldest', store.oldest === null ? 'no event yet' : new Date(store.oldest).toISOString()],
    ['host', `Linux ${host.kernel}, boot ${host.boot_id}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(9)} ${visible(value)}\n`).join('');
}

/** Whether Merlon’s own sensors tell of what it starts to test them. */
function canaryWords({ state, missing_since: missing, missed, last }: CanaryStatus, now: number): string {
  const before = `${count(missed)} missed since the engine started`;
  if (state === 'missed')
    return `missed since ${clock(missing ?? now)}: the sensors may be dead, held up, or tampered with (${before})`;
  if (state === 'not_sent')
    return `cannot be sent, which says nothing of the sensors; the engine’s log has the reason (${before})`;
  if (last === null) return 'the first is on its way';
  return `came back in ${Math.round(last.ms)} ms, ${duration(Math.max(0, now - last.at))} ago; ${before}`;
}

function waitingWords({ events, bytes: size, limit_bytes: limit, seconds_left: left }: StoreWaiting): string {
  const room =
    left === 0
      ? ': memory is full'
      : left === null
        ? ''
        : `, room for ${left < 60 ? `${left} s` : duration(left * 1000)}`;
  return `${count(events)} events in memory, ${bytes(size)} of ${bytes(limit)}${room}`;
}
