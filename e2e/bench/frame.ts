/** Writes the `start` command as the engine sends it, for a helper whose records nobody decodes. */
import { LAYOUT_HASH } from '../../engine/sensor/records.generated.ts';
import { controlFrame } from '../../shared/frames.ts';
import { DEFAULT_RING_BYTES, HELPER_PROTOCOL, type HelperCommand } from '../../shared/helper.ts';

const start: HelperCommand = {
  id: 1,
  command: 'start',
  protocol: HELPER_PROTOCOL,
  layout: LAYOUT_HASH,
  ringBytes: DEFAULT_RING_BYTES,
};
process.stdout.write(controlFrame(start));
