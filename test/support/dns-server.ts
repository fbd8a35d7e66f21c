import { createSocket } from 'node:dgram';

const SRV = 33;
const ANSWER = 0x8180;
const NO_SUCH_NAME = 0x8183;

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** `.` says that there is no such service (RFC 2782). */
  readonly target: string;
}

export interface DnsServer extends AsyncDisposable {
  /** As `setServers` of node:dns takes it. */
  readonly address: string;
  /** The names that were asked for, in order. */
  readonly asked: readonly string[];
}

/** A name server that knows these SRV records and nothing else. */
export async function dnsServer(records: Readonly<Record<string, readonly SrvRecord[]>>): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const name = readName(query, 12);
    asked.push(name);
    socket.send(reply(query, records[name] ?? []), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A name as labels, each behind its length (RFC 1035 §3.1). */
function readName(message: Buffer, from: number): string {
  const labels: string[] = [];
  for (let at = from; message[at] !== 0 && at < message.length; at += (message[at] ?? 0) + 1)
    labels.push(message.toString('latin1', at + 1, at + 1 + (message[at] ?? 0)));
  return labels.join('.').toLowerCase();
}

function writeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.from([0]),
  ]);
}

function reply(query: Buffer, records: readonly SrvRecord[]): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5;
  const head = Buffer.alloc(12);
  head.writeUInt16BE(query.readUInt16BE(0), 0);
  head.writeUInt16BE(records.length === 0 ? NO_SUCH_NAME : ANSWER, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, query.subarray(12, questionEnd), ...records.map(answer)]);
}

/** Its name is that of the question, by a pointer to it (RFC 1035 §4.1.4). */
function answer({ priority, weight, port, target }: SrvRecord): Buffer {
  const name = writeName(target);
  const head = Buffer.alloc(18);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(SRV, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(6 + name.length, 10);
  for (const [index, value] of [priority, weight, port].entries()) head.writeUInt16BE(value, 12 + 2 * index);
  return Buffer.concat([head, name]);
}
