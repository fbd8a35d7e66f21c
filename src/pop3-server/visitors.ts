import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asMailError } from '../errors.ts';
import { formatResponse } from '../pop3/response.ts';
import { connectionLost, WireError } from '../wire/errors.ts';
import { ClientLine } from './client-line.ts';
import { delay } from './delay.ts';
import type { Faults } from './faults.ts';
import { ENDING_MS, LEAVING_MS } from './limits.ts';
import { isCodeOffered } from './offer.ts';
import { parseFaults } from './parse-faults.ts';
import { scriptSession } from './scripted-session.ts';
import { Session, type SessionSettings } from './session.ts';

export interface VisitorLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly autologoutMs: number;
}

/** One connection, and the session on it once TLS is there where it comes first. */
interface Visitor {
  readonly socket: Socket;
  readonly address: string;
  session: Session | undefined;
}

/** Everybody who is connected, from the first octet to the last. */
export class Visitors {
  readonly #settings: SessionSettings;
  readonly #limits: VisitorLimits;
  /** In the order in which they came. */
  readonly #visitors = new Set<Visitor>();
  readonly #fromAddress = new Map<string, number>();
  /** What is under way for each, which lasts until its maildrop has answered. */
  readonly #visits = new Map<Visitor, Promise<void>>();
  #faults: Faults = [];
  #faultyFrom = 0;
  #received = 0;

  constructor(settings: SessionSettings, limits: VisitorLimits) {
    this.#settings = settings;
    this.#limits = limits;
  }

  setFaults(faults: Faults): void {
    this.#faults = parseFaults(faults);
    this.#faultyFrom = this.#received;
  }

  receive(socket: Socket, implicitTls: boolean): void {
    // Whoever uses the connection learns of the error; without a listener here it could end the process.
    socket.on('error', () => undefined);
    const address = socket.remoteAddress ?? '';
    if (!this.#hasRoomFor(address)) {
      this.#turnAway(socket, implicitTls);
      return;
    }
    const visitor: Visitor = { socket, address, session: undefined };
    this.#visitors.add(visitor);
    this.#fromAddress.set(address, (this.#fromAddress.get(address) ?? 0) + 1);
    socket.once('close', () => this.#forget(visitor));
    const visit = this.#visit(visitor, implicitTls).finally(() => this.#visits.delete(visitor));
    this.#visits.set(visitor, visit);
  }

  /**
   * Ends all sessions at once, but has those who are leaving hear how UPDATE went, for as long as that takes within
   * reason (I7); resolves when their connections are gone. A maildrop that has not answered by then is left to itself,
   * and its lock stays taken.
   */
  async dismiss(): Promise<void> {
    for (const visitor of this.#visitors) if (visitor.session?.isLeaving !== true) end(visitor, closing());
    await this.#visitsWithin(LEAVING_MS);
    for (const visitor of this.#visitors) end(visitor, closing());
    await this.#visitsWithin(ENDING_MS);
    for (const { session } of this.#visits.keys()) session?.abandon();
    for (const { socket } of this.#visitors) socket.destroy();
  }

  /** Resolves when all sessions are over, or after so many milliseconds. */
  async #visitsWithin(milliseconds: number): Promise<void> {
    const patience = new AbortController();
    const over = Promise.all(this.#visits.values());
    await Promise.race([over, delay(milliseconds, patience.signal).catch(() => undefined)]);
    patience.abort();
  }

  /**
   * Whether one more may come from there. Where there are too many, the oldest one that has not logged in makes room:
   * idle connections must not keep out people who have something to do (I7).
   */
  #hasRoomFor(address: string): boolean {
    const { connections, connectionsPerAddress } = this.#limits;
    const isFull = (): boolean => this.#visitors.size >= connections;
    const isFullForAddress = (): boolean => (this.#fromAddress.get(address) ?? 0) >= connectionsPerAddress;
    if (isFullForAddress()) this.#makeRoom((visitor) => visitor.address === address);
    else if (isFull()) this.#makeRoom(() => true);
    return !isFull() && !isFullForAddress();
  }

  #makeRoom(isFitting: (visitor: Visitor) => boolean): void {
    for (const visitor of this.#visitors) {
      if (visitor.session?.isLoggedIn === true || !isFitting(visitor)) continue;
      end(visitor, crowdedOut());
      this.#forget(visitor);
      return;
    }
  }

  #forget(visitor: Visitor): void {
    if (!this.#visitors.delete(visitor)) return;
    const left = (this.#fromAddress.get(visitor.address) ?? 1) - 1;
    if (left > 0) this.#fromAddress.set(visitor.address, left);
    else this.#fromAddress.delete(visitor.address);
  }

  /** Says why in place of a greeting, where that can be said without a handshake. */
  #turnAway(socket: Socket, implicitTls: boolean): void {
    this.#settings.observer?.tell({ kind: 'turned-away', address: socket.remoteAddress ?? '' });
    if (implicitTls) {
      socket.destroy();
      return;
    }
    const code = isCodeOffered('SYS/TEMP', new Set(this.#settings.profile.hidden)) ? 'SYS/TEMP' : undefined;
    const line = formatResponse({ ok: false, code, text: 'Too many connections; try again later.' });
    socket.end(`${line}\r\n`, () => socket.destroy());
  }

  async #visit(visitor: Visitor, implicitTls: boolean): Promise<void> {
    this.#received += 1;
    const number = this.#received;
    const ordinal = number - this.#faultyFrom;
    const faults = this.#faults;
    const { wrapTls, observer } = this.#settings;
    let transport: Duplex = visitor.socket;
    try {
      if (implicitTls && wrapTls !== undefined) transport = await wrapTls(visitor.socket);
    } catch (error) {
      observer?.tell({ kind: 'closed', session: number, error: asMailError(error) });
      return;
    }
    const { autologoutMs } = this.#limits;
    const line = new ClientLine(transport, { autologoutMs });
    const misbehaviour = scriptSession(faults, ordinal, line);
    visitor.session = new Session(this.#settings, { line, number, misbehaviour });
    await visitor.session.run();
  }
}

/** Ends the session at once, or the handshake that was to lead to one. */
function end({ session, socket }: Visitor, reason: WireError): void {
  if (session === undefined) socket.destroy();
  else session.end(reason);
}

function closing(): WireError {
  return connectionLost('the server was closing');
}

function crowdedOut(): WireError {
  return new WireError(
    'server-temporary',
    'A newer connection needed the place of this one, which had not logged in.',
    {
      hint: 'If this happens to real clients, raise "limits.connections" or "limits.connectionsPerAddress".',
    },
  );
}
