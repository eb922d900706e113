/** Entry of the thread for work that takes long: sealing, backup, check, salvage. One thing after another. */
import Database from 'better-sqlite3';
import { readlinkSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assertNever } from '../../shared/result.ts';
import { backUp, gatheringFolder } from './backup.ts';
import type { Breath } from './breath.ts';
import { checkStore } from './check.ts';
import { choresData, type Chore, type ChoreName, type ChoreReply, type ChoreRequest } from './choring.ts';
import { isDamage } from './damage.ts';
import { StoreError, storeError } from './error.ts';
import { openPath } from './layout.ts';
import { salvageFolder, salvagePartitions } from './salvage.ts';
import { sealPartition, type FullPartition } from './seal.ts';

/** Progress is told in steps of a hundredth. */
const STEP = 0.01;

/** Enough to make way; not so much that partitions would pile up unsealed in a storm. */
const NICE = 5;

/** Nobody wants the answer any more. */
class Stopped extends Error {}

const { folder } = choresData(workerData);
// Events that come in and searches go first. Linux counts threads as processes here (setpriority(2), “C library/kernel
// differences”).
const thread = Number(basename(readlinkSync('/proc/thread-self')));
setPriority(thread, NICE);
// What an engine that was killed has left: links that would keep the space of partitions that are cut.
for (const left of [gatheringFolder(folder), salvageFolder(folder)])
  rmSync(left, { recursive: true, force: true });

const waiting: ChoreRequest[] = [];
let ending = false;

function breathOf({ id, stop }: ChoreRequest): Breath {
  const pause = () => {
    if (Atomics.load(stop, 0) !== 0) throw new Stopped();
  };
  let told = 0;
  return {
    pause,
    turn: () => {
      pause();
      listen();
      sealFirst();
    },
    progress: (done) => {
      if (done < told + STEP) return;
      told = done;
      reply({ id, progress: Math.min(done, 1) });
    },
  };
}

function carryOut(request: ChoreRequest): Chore[ChoreName]['gives'] {
  const { errand } = request;
  const breath = breathOf(request);
  switch (errand.chore) {
    case 'seal':
      return seal(errand.full, breath.pause);
    case 'backup':
      return backUp(folder, errand.file, breath);
    case 'check':
      return checkStore(folder, breath);
    case 'salvage':
      return salvagePartitions(folder, errand.numbers, breath);
    default:
      return assertNever(errand);
  }
}

function seal(full: FullPartition, pause: () => void) {
  try {
    return sealPartition(folder, full, pause);
  } catch (error) {
    throw error instanceof Stopped ? error : failure(error, openPath(folder, full.number));
  }
}

/** Data that is not what it should be shows in errors that are no SqliteErrors, too. */
function failure(error: unknown, path: string): StoreError {
  if (error instanceof StoreError || error instanceof Database.SqliteError || !isDamage(error))
    return storeError(error, path);
  const said = error instanceof Error ? error.message : String(error);
  const message = `${path} is damaged (${said}). “merlon store check” tells more.`;
  return new StoreError('corrupt', message, { cause: error });
}

function answer(request: ChoreRequest): void {
  const { id } = request;
  try {
    reply({ id, value: carryOut(request) });
  } catch (error) {
    if (error instanceof Stopped) return reply({ id, stopped: true });
    const { code, message } = failure(error, folder);
    reply({ id, code, message });
  }
}

/** A search goes through the sealed faster, and retention can cut them: they do not wait for a backup to end. */
function sealFirst(): void {
  for (let i = 0; i < waiting.length;) {
    if (waiting[i]!.errand.chore === 'seal') answer(waiting.splice(i, 1)[0]!);
    else i++;
  }
}

function take(message: ChoreRequest | 'end'): void {
  if (message === 'end') ending = true;
  else waiting.push(message);
}

/** Takes what has come while the thread was busy. */
function listen(): void {
  if (parentPort === null) return;
  for (
    let got = receiveMessageOnPort(parentPort);
    got !== undefined;
    got = receiveMessageOnPort(parentPort)
  ) {
    take(got.message as ChoreRequest | 'end'); // both ends are this program
  }
}

const reply = (message: ChoreReply) => parentPort?.postMessage(message);

parentPort?.on('message', (message: ChoreRequest | 'end') => {
  take(message);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) answer(next);
  if (ending) parentPort?.close();
});
