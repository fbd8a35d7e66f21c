import { delay } from './delay.ts';
import type { Faults } from './faults.ts';
import { SessionCut } from './misbehaviour.ts';
import type { Send } from './replies.ts';

/** The line of a session as it is without faults. */
export interface HonestLine {
  readonly send: Send;
  /** Never resolves; rejects when the connection has ended. */
  readonly holdUntilClosed: () => Promise<never>;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

interface Stop {
  readonly afterOctets: number;
  readonly act: () => Promise<never>;
}

interface Appended {
  readonly octets: Buffer;
  readonly onSend: () => void;
}

const PLUS = 0x2b;

/** The end of a multi-line response, with the end of the line before it; no status line ends so. */
const END = Buffer.from('\r\n.\r\n');

/** What becomes of octets on their way out: something added, the end or more left out, cut off, slowed down. */
export class ScriptedLine {
  readonly #line: HonestLine;
  #stop: Stop | undefined;
  readonly #dripMs: number | undefined;
  #sent = 0;
  #appended: Appended | undefined;
  /** The last octets of a response whose end is left out; undefined while nothing is. */
  #withheld: Buffer | undefined;
  /** What is sent of a response that is to be shortened; undefined while none is. */
  #kept: Buffer[] | undefined;

  constructor(faults: Faults, line: HonestLine) {
    this.#line = line;
    this.#stop = firstStop(faults, line);
    this.#dripMs = faults.find((fault) => fault.do === 'drip')?.everyMs;
  }

  async send(octets: Buffer): Promise<void> {
    if (this.#kept !== undefined) {
      this.#kept.push(octets);
      return;
    }
    const appended = this.#appended;
    this.#appended = undefined;
    appended?.onSend();
    let data = appended === undefined ? octets : Buffer.concat([octets, appended.octets]);
    if (this.#withheld !== undefined) {
      const all = Buffer.concat([this.#withheld, data]);
      const split = Math.max(0, all.length - END.length);
      data = all.subarray(0, split);
      this.#withheld = all.subarray(split);
    }
    await this.#sendUntilStop(data);
  }

  /** Adds these octets to the next ones sent; `onSend` is called just before that. */
  append(octets: Buffer, onSend: () => void): void {
    this.#appended = { octets, onSend };
  }

  /** Leaves out the end of the multi-line response that `perform` sends. */
  async withoutEnd(perform: () => Promise<void>): Promise<void> {
    this.#withheld = Buffer.alloc(0);
    await perform();
    const rest = this.#withheld;
    this.#withheld = undefined;
    await this.#sendUntilStop(rest.equals(END) ? rest.subarray(0, 2) : rest);
  }

  /** Sends so many octets of the multi-line response that `perform` sends, then its end. */
  async shortened(octets: number, perform: () => Promise<void>): Promise<void> {
    this.#kept = [];
    await perform();
    const all = Buffer.concat(this.#kept);
    this.#kept = undefined;
    const head = all.indexOf('\r\n') + 2;
    const isWhole = all[0] !== PLUS || all.length - END.length <= head + octets;
    // A lone dot at the cut would end it there.
    const part = all.toString('latin1', head, head + octets).replace(/(?<=^|\n)\.$/, '');
    const line = part === '' || part.endsWith('\r\n') ? part : `${part.replace(/\r$/, '')}\r\n`;
    const rest = Buffer.from(`${line}.\r\n`, 'latin1');
    await this.send(isWhole ? all : Buffer.concat([all.subarray(0, head), rest]));
  }

  /** Has `perform` reply, and acts once so many octets of that were sent, or all of it. */
  async stopIn(octets: number, act: () => Promise<never>, perform: () => Promise<void>): Promise<never> {
    const afterOctets = this.#sent + octets;
    if (this.#stop === undefined || afterOctets < this.#stop.afterOctets) this.#stop = { afterOctets, act };
    await perform();
    return act();
  }

  /** Resolves after so many milliseconds; rejects when the server closes. */
  wait(milliseconds: number): Promise<void> {
    return delay(milliseconds, this.#line.signal);
  }

  holdUntilClosed(): Promise<never> {
    return this.#line.holdUntilClosed();
  }

  async #sendUntilStop(data: Buffer): Promise<void> {
    const left = (this.#stop?.afterOctets ?? Infinity) - this.#sent;
    const part = data.subarray(0, Math.max(0, left));
    this.#sent += part.length;
    if (this.#dripMs === undefined) await this.#line.send(part);
    else await this.#drip(part, this.#dripMs);
    if (data.length >= left) await this.#stop?.act();
  }

  async #drip(data: Buffer, everyMs: number): Promise<void> {
    for (let at = 0; at < data.length; at += 1) {
      await this.wait(everyMs);
      await this.#line.send(data.subarray(at, at + 1));
    }
  }
}

/** Of the faults that stop the line at an octet, the one that comes first. */
function firstStop(faults: Faults, line: HonestLine): Stop | undefined {
  const stops = faults.flatMap((fault): readonly Stop[] => {
    if ((fault.do !== 'cut' && fault.do !== 'stall') || !('afterOctets' in fault)) return [];
    const { afterOctets } = fault;
    if (fault.do === 'stall') return [{ afterOctets, act: line.holdUntilClosed }];
    return [{ afterOctets, act: () => Promise.reject(new SessionCut(fault.commit ?? false)) }];
  });
  return stops.sort((a, b) => a.afterOctets - b.afterOctets)[0];
}
