/** A helper for tests: the real protocol on real pipes, with a part that goes wrong on purpose. */
import { controlFrame, FRAME_CONTROL, FRAME_RECORDS, frameHeader, FrameReader } from '../../shared/frames.ts';
import { HELPER_PROTOCOL, MAX_RECORDS_BYTES } from '../../shared/helper.ts';

export const DOUBLE_LAYOUT = 'd'.repeat(64);

export type Behaviour =
  | 'well' // streams one batch and a snapshot, answers stats
  | 'other_layout'
  | 'other_protocol'
  | 'unknown_frame'
  | 'oversized_frame'
  | 'garbage_message'
  | 'unasked_answer'
  | 'records_first'
  | 'sigkill' // after the first batch
  | 'half_frame' // and exit 0
  | 'refuses_start'
  | 'exits' // with code 3, at once
  | 'will_not_end'; // stays after the end of its stdin

export const BATCH = Uint8Array.from({ length: 176 }, (_, i) => i);

const send = (frame: Uint8Array) => process.stdout.write(frame);
const records = (payload: Uint8Array) => {
  send(frameHeader(FRAME_RECORDS, payload.length));
  send(payload);
};

/** What the double does once it was told to start. */
function started(behaviour: Behaviour, id: number): void {
  if (behaviour === 'refuses_start') {
    const error = {
      code: 'rejected',
      message: 'The verifier refused a program.',
      detail: 'R1 invalid mem access',
    };
    return void send(controlFrame({ id, ok: false, error }));
  }
  send(controlFrame({ id, ok: true, value: { attached: ['process_exec'], refused: [] } }));
  records(BATCH);
  switch (behaviour) {
    case 'unknown_frame':
      return void send(frameHeader(9, 4));
    case 'oversized_frame':
      return void send(frameHeader(FRAME_RECORDS, MAX_RECORDS_BYTES + 1));
    case 'garbage_message':
      return void send(controlFrame({ notice: 'nonsense' }));
    case 'unasked_answer':
      return void send(controlFrame({ id: 999, ok: true, value: {} }));
    case 'sigkill':
      return void process.stdout.write('', () => process.kill(process.pid, 'SIGKILL'));
    case 'half_frame':
      send(frameHeader(FRAME_RECORDS, 1000));
      return void process.stdout.write(new Uint8Array(10), () => process.exit(0));
    default:
      send(controlFrame({ notice: 'snapshot_done', processes: 1 }));
  }
}

/** Plays a helper on this process's stdin and stdout. */
export function playHelper(behaviour: Behaviour): void {
  if (behaviour === 'exits') process.exit(3);
  if (behaviour === 'records_first') return records(BATCH);
  const hello = { notice: 'hello', version: '0', pid: process.pid, capabilities: ['CAP_BPF'] };
  const protocol = behaviour === 'other_protocol' ? HELPER_PROTOCOL + 1 : HELPER_PROTOCOL;
  const layout = behaviour === 'other_layout' ? 'e'.repeat(64) : DOUBLE_LAYOUT;
  send(controlFrame({ ...hello, protocol, layout }));
  const reader = new FrameReader(new Map([[FRAME_CONTROL, 1 << 20]]));
  process.stdin.on('data', (chunk: Buffer) => {
    for (const { payload } of reader.push(chunk)) {
      const { id, command } = JSON.parse(Buffer.from(payload).toString()) as { id: number; command: string };
      if (command === 'start') started(behaviour, id);
      else
        send(
          controlFrame({
            id,
            ok: true,
            value: { programs: [], lost: [[0, 2]], left_out: [0], received: 1, pending: 0 },
          }),
        );
    }
  });
  if (behaviour === 'will_not_end') setInterval(() => {}, 1000);
  else process.stdin.on('end', () => process.exit(0));
}
