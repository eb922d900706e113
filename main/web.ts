/**
 * The web face: `node web.js --socket PATH [--port N | --prefer-port N]`. A preferred port gives way to any free one
 * where it is taken.
 * Says where it listens as one line of JSON on stdout, and ends with the engine, or by SIGTERM or SIGINT.
 * Exit codes: 0, 2 usage, 3 no engine at the socket, 5 port in use.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeClient } from '../shared/client.ts';
import { channelOf, connectEngine, type EngineLink } from './engine.ts';
import { readPage } from './files.ts';
import { serveWebFace, type WebFace } from './web/serve.ts';

const PAGE = resolve(import.meta.dirname, '../renderer');

function end(code: number, sentence: string): never {
  console.error(sentence);
  process.exit(code);
}

interface Arguments {
  readonly socket: string;
  /** Tried in this order. */
  readonly ports: readonly number[];
}

function readArguments(): Arguments {
  const usage = 'Usage: web.js --socket PATH [--port N | --prefer-port N]';
  try {
    const { values } = parseArgs({
      options: { socket: { type: 'string' }, port: { type: 'string' }, 'prefer-port': { type: 'string' } },
    });
    const preferred = values['prefer-port'];
    const ports = [preferred ?? values.port ?? '0', ...(preferred === undefined ? [] : ['0'])].map(Number);
    const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= 65535;
    if (values.socket === undefined || !ports.every(isPort)) end(2, usage);
    return { socket: values.socket, ports };
  } catch {
    end(2, usage);
  }
}

const { socket, ports } = readArguments();

let link: EngineLink;
try {
  link = await connectEngine(socket);
} catch (error) {
  end(
    3,
    `No engine listens at ${socket} (${error instanceof Error ? error.message : 'unknown'}). Start it with: npm start`,
  );
}
const client = makeClient(channelOf(link));

/** On the first port that is free. */
async function listen([port = 0, ...others]: readonly number[]): Promise<WebFace> {
  try {
    return await serveWebFace({
      port,
      files: readPage(PAGE),
      redeem: async (token) => (await client.request('console.redeem', { token })).ok,
      connect: () => connectEngine(socket),
    });
  } catch (error) {
    if (others.length > 0) return listen(others);
    const why = error instanceof Error ? error.message : 'unknown';
    end(5, `The console cannot listen on port ${port}: ${why}`);
  }
}

const face = await listen(ports);
const url = `http://127.0.0.1:${face.port}`;
const announced = await client.request('console.announce', { url });
if (!announced.ok) end(3, `The engine did not take the console’s address: ${announced.error.message}`);
process.stdout.write(`${JSON.stringify({ listening: url })}\n`);

let ending = false;
function shutDown(): void {
  if (ending) return;
  ending = true;
  void face.close().then(() => process.exit(0));
}
client.onClose(shutDown);
process.on('SIGTERM', shutDown);
process.on('SIGINT', shutDown);
