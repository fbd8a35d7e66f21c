import { formatResponse } from '../pop3/response.ts';
import { parseMessageNumber } from '../pop3/types.ts';
import { argumentsOf, type Command } from './command.ts';
import { endlessReply, endlessStatus } from './endless-reply.ts';
import type { Fault, Faults } from './faults.ts';
import type { ListedAs } from './locked-maildrop.ts';
import { type Misbehaviour, SessionCut } from './misbehaviour.ts';
import type { OnStatus } from './replies.ts';
import { type HonestLine, ScriptedLine } from './scripted-line.ts';

type CommandFault = Extract<Fault, { readonly command: string }>;

/** The commands that prove who somebody is. */
const LOGINS: readonly string[] = ['PASS', 'APOP', 'AUTH'];

/** The faults that apply to the session of that ordinal (1 or more); undefined where there are none. */
export function scriptSession(faults: Faults, ordinal: number, line: HonestLine): Misbehaviour | undefined {
  const applying = faults.filter(({ sessions = Infinity }) => ordinal <= sessions);
  return applying.length === 0 ? undefined : new ScriptedSession(applying, line);
}

/** Carries out the faults of one session. */
class ScriptedSession implements Misbehaviour {
  readonly hidden: readonly string[];
  readonly #faults: Faults;
  readonly #line: ScriptedLine;
  readonly #timesFitted = new Map<Fault, number>();

  constructor(faults: Faults, line: HonestLine) {
    this.#faults = faults;
    this.#line = new ScriptedLine(faults, line);
    this.hidden = faults.flatMap((fault) =>
      fault.do === 'hide' ? fault.names.map((name) => name.toUpperCase()) : [],
    );
  }

  listedAs(truth: ListedAs, number: number): ListedAs {
    let { octets, uid } = truth;
    for (const fault of this.#faults) {
      if (fault.do !== 'sizes' && fault.do !== 'uids') continue;
      if (fault.messages?.includes(number) === false) continue;
      if (fault.do === 'uids') uid = fault.uid ?? `${fault.prefix ?? ''}${uid}`;
      else octets = Math.max(0, Math.floor(octets * (fault.factor ?? 1)) + (fault.offset ?? 0));
    }
    return { octets, uid };
  }

  send(octets: Buffer): Promise<void> {
    return this.#line.send(octets);
  }

  async around(command: Command, perform: () => Promise<void>, onStatus: OnStatus): Promise<void> {
    const [fault] = this.#faults.filter(isCommandFault).filter((candidate) => this.#fits(candidate, command));
    if (fault === undefined) await perform();
    else await this.#carryOut(fault, perform, onStatus);
  }

  async #carryOut(fault: CommandFault, perform: () => Promise<void>, onStatus: OnStatus): Promise<void> {
    switch (fault.do) {
      case 'cut': {
        const cut = (): Promise<never> => Promise.reject(new SessionCut(fault.commit ?? false));
        if (fault.inReply !== undefined) return this.#line.stopIn(fault.inReply, cut, perform);
        if (fault.afterReply === true) await perform();
        return cut();
      }
      case 'stall': {
        const stall = (): Promise<never> => this.#line.holdUntilClosed();
        return fault.inReply === undefined ? stall() : this.#line.stopIn(fault.inReply, stall, perform);
      }
      case 'delay':
        await this.#line.wait(fault.ms);
        return perform();
      case 'refuse':
        await this.#say(
          formatResponse({ ok: false, code: fault.code, text: fault.text ?? 'Refused.' }),
          onStatus,
        );
        if (fault.commit === true) throw new SessionCut(true);
        return;
      case 'say':
        return this.#say(fault.line, onStatus);
      case 'omit-end':
        return this.#line.withoutEnd(perform);
      case 'shorten':
        return this.#line.shortened(fault.octets, perform);
      case 'endless':
        onStatus(endlessStatus(fault.what));
        for (const octets of endlessReply(fault.what)) await this.send(octets);
        return;
      case 'inject':
        this.#line.append(Buffer.from(fault.text), () => {
          for (const line of fault.text.split(/\r?\n/)) if (line !== '') onStatus(latin1Of(line));
        });
        return perform();
    }
  }

  #say(line: string, onStatus: OnStatus): Promise<void> {
    onStatus(latin1Of(line));
    return this.send(Buffer.from(`${line}\r\n`));
  }

  /** Counts every time that a fault fits, so that `nth` does not depend on the other faults. */
  #fits(fault: CommandFault, command: Command): boolean {
    const wanted = fault.command.toUpperCase();
    if (wanted !== command.keyword && !(wanted === 'LOGIN' && LOGINS.includes(command.keyword))) return false;
    const [first = ''] = argumentsOf(command);
    const number = parseMessageNumber(first);
    if (fault.messages !== undefined && (number === undefined || !fault.messages.includes(number)))
      return false;
    const times = (this.#timesFitted.get(fault) ?? 0) + 1;
    this.#timesFitted.set(fault, times);
    return fault.nth === undefined || fault.nth === times;
  }
}

/** The octets of a text, each as one character, as lines are held. */
function latin1Of(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function isCommandFault(fault: Fault): fault is CommandFault {
  return 'command' in fault && fault.command !== undefined;
}
