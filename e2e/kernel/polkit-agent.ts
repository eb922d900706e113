/**
 * An authentication agent whose person always presses Cancel: the part of a desktop that shows the password dialog
 * (org.freedesktop.PolicyKit1.AuthenticationAgent), spoken directly to the system bus, since pkttyagent cannot cancel.
 */
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';

const CANCELLED = 'org.freedesktop.PolicyKit1.Error.Cancelled';
const PATH = '/io/merlon/test/Agent';
const METHOD_CALL = 1;
const METHOD_RETURN = 2;
const ERROR = 3;

/** Marshals D-Bus values, little endian, each aligned as the specification says. */
class Writer {
  #bytes: number[] = [];

  align(to: number): this {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
    return this;
  }
  byte(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }
  u32(value: number): this {
    this.align(4);
    for (const shift of [0, 8, 16, 24]) this.byte(value >>> shift);
    return this;
  }
  u64(value: bigint): this {
    this.align(8);
    for (let shift = 0n; shift < 64n; shift += 8n) this.byte(Number((value >> shift) & 0xffn));
    return this;
  }
  string(value: string): this {
    const bytes = Buffer.from(value);
    this.u32(bytes.length);
    this.#bytes.push(...bytes, 0);
    return this;
  }
  signature(value: string): this {
    this.#bytes.push(value.length, ...Buffer.from(value), 0);
    return this;
  }
  /** An array: its length in bytes stands before it, without the padding up to its first member. */
  array(alignment: number, fill: (writer: Writer) => void): this {
    this.u32(0);
    const at = this.#bytes.length - 4;
    this.align(alignment);
    const start = this.#bytes.length;
    fill(this);
    this.#bytes.splice(at, 4, ...new Writer().u32(this.#bytes.length - start).#bytes);
    return this;
  }
  get bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

interface Head {
  readonly type: number;
  readonly serial: number;
  /** Header fields by number: 1 path, 2 interface, 3 member, 4 error name, 5 reply serial, 6 destination, 8 signature. */
  readonly fields: ReadonlyMap<number, string | number>;
}

const FIELD_TYPES: Readonly<Record<number, string>> = {
  1: 'o',
  2: 's',
  3: 's',
  4: 's',
  5: 'u',
  6: 's',
  8: 'g',
};

function message({ type, serial, fields }: Head, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = new Writer().byte(0x6c).byte(type).byte(0).byte(1).u32(body.length).u32(serial);
  head.array(8, (writer) => {
    for (const [number, value] of fields) {
      const kind = FIELD_TYPES[number] ?? 's';
      writer.align(8).byte(number).signature(kind);
      if (typeof value === 'number') writer.u32(value);
      else if (kind === 'g') writer.signature(value);
      else writer.string(value);
    }
  });
  return Buffer.concat([head.align(8).bytes, body]);
}

/** The header of the first whole message in `bytes`, and where it ends; nothing while it is incomplete. */
function readHead(bytes: Buffer): { head: Head; end: number } | undefined {
  if (bytes.length < 16) return undefined;
  const fieldsEnd = 16 + bytes.readUInt32LE(12);
  const end = Math.ceil(fieldsEnd / 8) * 8 + bytes.readUInt32LE(4);
  if (bytes.length < end) return undefined;
  const fields = new Map<number, string | number>();
  for (let at = 16; at < fieldsEnd;) {
    at = Math.ceil(at / 8) * 8;
    const number = bytes.readUInt8(at);
    const kind = String.fromCharCode(bytes.readUInt8(at + 2));
    at += 4;
    if (kind === 'u') {
      fields.set(number, bytes.readUInt32LE(at));
      at += 4;
    } else {
      const length = kind === 'g' ? bytes.readUInt8(at) : bytes.readUInt32LE(at);
      const start = at + (kind === 'g' ? 1 : 4);
      fields.set(number, bytes.toString('utf8', start, start + length));
      at = start + length + 1;
    }
  }
  return { head: { type: bytes.readUInt8(1), serial: bytes.readUInt32LE(8), fields }, end };
}

/** Registers for the process `pid`, whose user must be this process's, and cancels whatever it is asked. */
export async function dismissingAgent(pid: number): Promise<void> {
  const socket = createConnection('/run/dbus/system_bus_socket');
  const uid = process.getuid?.() ?? 0;
  await authenticate(socket, uid);
  let serial = 0;
  const call = (
    path: string,
    destination: string,
    face: string,
    member: string,
    signature?: string,
    body?: Buffer,
  ) => {
    const fields = new Map<number, string | number>([
      [1, path],
      [6, destination],
      [2, face],
      [3, member],
    ]);
    if (signature !== undefined) fields.set(8, signature);
    socket.write(message({ type: METHOD_CALL, serial: ++serial, fields }, body));
    return serial;
  };
  const registered = Promise.withResolvers<void>();
  let pending = Buffer.alloc(0);
  let registration = -1;
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let got = readHead(pending); got !== undefined; got = readHead(pending)) {
      pending = pending.subarray(got.end);
      const { type, serial: theirs, fields } = got.head;
      if (fields.get(5) === registration && type === METHOD_RETURN) registered.resolve();
      if (fields.get(5) === registration && type === ERROR)
        registered.reject(new Error(String(fields.get(4))));
      if (type === METHOD_CALL && fields.get(3) === 'BeginAuthentication') {
        const to = String(fields.get(7) ?? 'org.freedesktop.PolicyKit1');
        const reply = new Map<number, string | number>([
          [4, CANCELLED],
          [5, theirs],
          [6, to],
          [8, 's'],
        ]);
        socket.write(
          message({ type: ERROR, serial: ++serial, fields: reply }, new Writer().string('cancelled').bytes),
        );
      }
    }
  });
  call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'org.freedesktop.DBus', 'Hello');
  const authority = 'org.freedesktop.PolicyKit1.Authority';
  registration = call(
    '/org/freedesktop/PolicyKit1/Authority',
    'org.freedesktop.PolicyKit1',
    authority,
    'RegisterAuthenticationAgent',
    '(sa{sv})ss',
    subjectOf(pid, uid).string('C').string(PATH).bytes,
  );
  await registered.promise;
}

/** polkit's subject: ('unix-process', {pid: u, start-time: t (clock ticks since boot), uid: i}). */
function subjectOf(pid: number, uid: number): Writer {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  return new Writer().string('unix-process').array(8, (entries) => {
    entries.align(8).string('pid').signature('u').u32(pid);
    entries.align(8).string('start-time').signature('t').u64(BigInt(startTicks));
    entries.align(8).string('uid').signature('i').u32(uid);
  });
}

function authenticate(socket: Socket, uid: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`);
    socket.once('data', (line: Buffer) => {
      if (!line.toString().startsWith('OK')) return reject(new Error(`the bus said ${line.toString()}`));
      socket.write('BEGIN\r\n');
      resolve();
    });
  });
}
