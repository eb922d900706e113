/** Helper and engine killed again and again under load: nothing that was committed may be missing, and capture is back at once. */
import { campaign } from '../kernel/campaign.ts';
import { median, percentile, type Figure } from './figures.ts';
import { say } from './machine.ts';

export async function kills(count: number): Promise<Figure[]> {
  const begun = Date.now();
  const outcome = await campaign({
    kills: count,
    onProgress: (done, told) => {
      if (done % 20 === 0 || done === count) say(`kills: ${done} of ${count}, ${told} events told`);
    },
  });
  const { told, stored, missing, changed, doubled, findings, backMs, firstBackMs, partitions } = outcome;
  for (const finding of findings) say(`kills: ${finding}`);
  const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
  const never = (name: string, value: number, note?: string): Figure => ({
    bench: 'kills',
    name,
    value,
    unit: '',
    aim: '0',
    reached: value === 0,
    ...(note === undefined ? {} : { note }),
  });
  const back = (name: string, values: readonly number[], note: string): Figure => ({
    bench: 'kills',
    name: `${name}: from the kill to the first event of a later program`,
    value: median(values),
    unit: 'ms',
    aim: '≤ 500 ms',
    reached: median(values) <= 500,
    note: `median of ${values.length}; p90 ${Math.round(percentile(values, 90))} ms${note}`,
  });
  return [
    {
      bench: 'kills',
      name: 'kills',
      value: outcome.kills.helper + outcome.kills.engine,
      unit: '',
      note: `${outcome.kills.helper} of the helper, ${outcome.kills.engine} of the engine, in ${minutes} min`,
    },
    never(
      'told as stored, and missing',
      missing,
      `of ${told} told; ${stored} stored, ${partitions} partitions`,
    ),
    never('told of one process, stored of another', changed),
    never('stored twice', doubled),
    never('findings of the check', findings.length),
    back('helper', backMs.helper, '; the second within a minute waits 1 s by design'),
    back('helper, first of its engine', firstBackMs, ''),
    back('engine', backMs.engine, ''),
  ];
}
