/** Carries out the engine's commands: a closed list, strictly parsed, one after the other. */
import type { Readable } from 'node:stream';
import * as v from 'valibot';
import type { SensorOptions } from '../native/index.ts';
import type { SensorLimit, SpareSensor } from '../shared/sensors.ts';
import { FRAME_CONTROL, FrameError, FrameReader } from '../shared/frames.ts';
import {
  HELPER_PROTOCOL,
  helperCommand,
  helperFailure,
  MAX_COMMAND_BYTES,
  type HelperCommand,
  type HelperErrorCode,
  type HelperMessage,
  type HelperStats,
  type StartReply,
} from '../shared/helper.ts';
import { assertNever } from '../shared/result.ts';
import { InventoryError, type Inventory } from './inventory.ts';
import { ProbeError, type Probed } from './probe.ts';
import type { Output } from './stream.ts';

/** What is needed of native's Sensor. */
export interface SensorPort {
  readonly layoutHash: string;
  start(options: SensorOptions): StartReply;
  snapshot(): Promise<number>;
  stats(): HelperStats;
  limit(sensor: SpareSensor, to: SensorLimit): void;
  stop(): void;
}

export interface Service {
  readonly input: Readable;
  readonly output: Output;
  readonly sensor: SensorPort;
  readonly probed: Probed;
  readonly inventory: Inventory;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly log: (line: string) => void;
}

/**
 * Says hello and serves until the engine says stop, ends, or breaks the protocol; then detaches.
 * @returns why it ended, for the log.
 */
export async function serve(service: Service): Promise<string> {
  const { input, output, sensor } = service;
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_COMMAND_BYTES]]));
  void output.control({
    notice: 'hello',
    protocol: HELPER_PROTOCOL,
    layout: sensor.layoutHash,
    version: service.version,
    pid: process.pid,
    capabilities: [...service.capabilities],
  });
  try {
    return await new Promise((resolve, reject) => {
      const serveFrames = (chunk: Uint8Array) => {
        for (const frame of reader.push(chunk)) {
          const { message, last } = carryOut(service, parseCommand(frame.payload), resolve);
          if (message === undefined) continue;
          const sent = output.control(message);
          if (last) void sent.then(() => resolve('the engine asked for it'));
        }
      };
      input.on('data', (chunk: Buffer) => {
        try {
          serveFrames(chunk);
        } catch (error) {
          input.pause();
          if (isProtocolError(error)) resolve(`the engine broke the protocol: ${error.message}`);
          else reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      input.on('end', () => resolve('the engine has gone'));
      input.on('error', (error) => resolve(`stdin: ${error.message}`));
    });
  } finally {
    sensor.stop();
  }
}

/** Framing, JSON and UTF-8 that are broken, and messages without an id to answer to. */
function isProtocolError(error: unknown): error is Error {
  return (
    error instanceof FrameError ||
    error instanceof SyntaxError ||
    error instanceof v.ValiError ||
    (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
  );
}

type Parsed = { readonly command: HelperCommand } | { readonly id: number; readonly problem: string };

const anyId = v.object({ id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });

/** @throws where there is not even an id to answer to. */
function parseCommand(payload: Uint8Array): Parsed {
  const raw: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  const parsed = v.safeParse(helperCommand, raw);
  if (parsed.success) return { command: parsed.output };
  const { id } = v.parse(anyId, raw);
  return { id, problem: parsed.issues.map((issue) => issue.message).join('; ') };
}

interface Carried {
  /** Absent where the answer comes later. */
  readonly message?: HelperMessage;
  /** Nothing is served after this reply. */
  readonly last?: boolean;
}

function carryOut(service: Service, parsed: Parsed, end: (reason: string) => void): Carried {
  if ('problem' in parsed) return { message: refuse(parsed.id, 'bad_command', parsed.problem) };
  const { command } = parsed;
  const { id } = command;
  try {
    switch (command.command) {
      case 'start':
        return { message: start(service, command, end) };
      case 'stats':
        return { message: { id, ok: true, value: service.sensor.stats() } };
      case 'capabilities':
        sayLater(service, id, service.probed(), end);
        return {};
      case 'bpf':
        sayLater(service, id, service.inventory.take(), end);
        return {};
      case 'measure':
        sayLater(
          service,
          id,
          service.inventory.measure(command.on).then(() => ({})),
          end,
        );
        return {};
      case 'limit':
        service.sensor.limit(command.sensor, command.to);
        service.log(`the sensor ${command.sensor} is ${command.to}`);
        return { message: { id, ok: true, value: {} } };
      case 'stop':
        service.sensor.stop();
        return { message: { id, ok: true, value: {} }, last: true };
      default:
        return assertNever(command);
    }
  } catch (error) {
    const known = v.safeParse(sensorFailure, error);
    if (!known.success) throw error; // a bug, not a refusal
    return { message: { id, ok: false, error: known.output } };
  }
}

type Start = Extract<HelperCommand, { command: 'start' }>;

function start(service: Service, command: Start, end: (reason: string) => void): HelperMessage {
  const { output, sensor, log } = service;
  const { id, protocol, layout, ringBytes } = command;
  if (protocol !== HELPER_PROTOCOL)
    return refuse(
      id,
      'layout_mismatch',
      `The helper speaks protocol ${HELPER_PROTOCOL}, the engine ${protocol}.`,
    );
  if (layout !== sensor.layoutHash)
    return refuse(id, 'layout_mismatch', 'Helper and engine were built from different record layouts.');
  const value = sensor.start({
    ringBytes,
    onBatch: (batch, release) => output.records(batch, release),
    onError: (error) => end(error.message),
  });
  // After the reply, which is sent before anything that is read can be handed over. A snapshot that fails names no
  // process: 0 is never true of a host, so the engine can tell, and reads /proc instead.
  void sensor
    .snapshot()
    .catch((error: unknown) => {
      log(`no snapshot: ${messageOf(error)}`);
      return 0;
    })
    .then((processes) => output.control({ notice: 'snapshot_done', processes }));
  return { id, ok: true, value };
}

/** What a process beside this one says, once it has. */
function sayLater(
  { output }: Service,
  id: number,
  said: Promise<unknown>,
  end: (reason: string) => void,
): void {
  said
    .then(
      (value) => output.control({ id, ok: true, value }),
      (error: unknown) => {
        if (!(error instanceof ProbeError || error instanceof InventoryError)) throw error;
        return output.control(refuse(id, 'failed', error.message));
      },
    )
    .catch((error: unknown) => end(`a bug: an answer could not be passed on: ${messageOf(error)}`));
}

function refuse(id: number, code: HelperErrorCode, message: string): HelperMessage {
  return { id, ok: false, error: { code, message } };
}

/** An Error of the addon, as the engine is told of it. */
const sensorFailure = v.pipe(
  v.instance(Error),
  v.transform((error): unknown => ({
    message: error.message,
    code: 'code' in error ? error.code : undefined,
    ...('detail' in error && { detail: error.detail }),
  })),
  v.object(helperFailure.entries),
);

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
