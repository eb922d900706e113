/** The campaign of kills in short; `npm run bench -- kills` is the long one. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { campaign } from './campaign.ts';

it('helper and engine killed under load: what was told is stored once, and the files are sound', async () => {
  const outcome = await campaign({ kills: 6, next: (kill) => (kill % 2 === 1 ? 'helper' : 'engine') });
  const { told, stored, missing, changed, doubled, findings, kills } = outcome;
  assert.deepEqual(
    { missing, changed, doubled, findings },
    { missing: 0, changed: 0, doubled: 0, findings: [] },
  );
  assert.deepEqual(kills, { helper: 3, engine: 3 });
  assert.ok(told > 0 && stored >= told, `${told} told, ${stored} stored`);
});
