import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asMailError } from '../errors.ts';
import { formatResponse } from '../pop3/response.ts';
import { connectionLost } from '../wire/errors.ts';
import { ClientLine } from './client-line.ts';
import type { Faults } from './faults.ts';
import { LEAVING_MS } from './limits.ts';
import { isCodeOffered } from './offer.ts';
import { parseFaults } from './parse-faults.ts';
import { scriptSession } from './scripted-session.ts';
import { Session, type SessionSettings } from './session.ts';

export interface VisitorLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly autologoutMs: number;
}

/** Everybody who is connected, from the first octet to the last. */
export class Visitors {
  readonly #settings: SessionSettings;
  readonly #limits: VisitorLimits;
  readonly #sockets = new Set<Socket>();
  readonly #fromAddress = new Map<string, number>();
  readonly #handshaking = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #visits = new Set<Promise<void>>();
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
    const before = this.#fromAddress.get(address) ?? 0;
    const { connections, connectionsPerAddress } = this.#limits;
    if (this.#sockets.size >= connections || before >= connectionsPerAddress) {
      this.#turnAway(socket, implicitTls);
      return;
    }
    this.#sockets.add(socket);
    this.#fromAddress.set(address, before + 1);
    socket.once('close', () => this.#forget(socket, address));
    const visit = this.#visit(socket, implicitTls).finally(() => this.#visits.delete(visit));
    this.#visits.add(visit);
  }

  /**
   * Ends all sessions at once, but has those who are leaving hear how UPDATE went, for as long as that takes within
   * reason; resolves when their locks are free and their connections gone.
   */
  async dismiss(): Promise<void> {
    for (const socket of this.#handshaking) socket.destroy();
    for (const session of this.#sessions) if (!session.isLeaving) endForClosing(session);
    const patience = setTimeout(() => {
      for (const session of this.#sessions) endForClosing(session);
    }, LEAVING_MS);
    await Promise.all(this.#visits);
    clearTimeout(patience);
    for (const socket of this.#sockets) socket.destroy();
  }

  #forget(socket: Socket, address: string): void {
    this.#sockets.delete(socket);
    const left = (this.#fromAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#fromAddress.set(address, left);
    else this.#fromAddress.delete(address);
  }

  /** Says why in place of a greeting, where that can be said without a handshake. */
  #turnAway(socket: Socket, implicitTls: boolean): void {
    this.#settings.observe?.({ kind: 'turned-away', address: socket.remoteAddress ?? '' });
    if (implicitTls) {
      socket.destroy();
      return;
    }
    const code = isCodeOffered('SYS/TEMP', new Set(this.#settings.profile.hidden)) ? 'SYS/TEMP' : undefined;
    const line = formatResponse({ ok: false, code, text: 'Too many connections; try again later.' });
    socket.end(`${line}\r\n`, () => socket.destroy());
  }

  async #visit(socket: Socket, implicitTls: boolean): Promise<void> {
    this.#received += 1;
    const number = this.#received;
    const ordinal = number - this.#faultyFrom;
    const faults = this.#faults;
    const { wrapTls, observe } = this.#settings;
    let transport: Duplex = socket;
    this.#handshaking.add(socket);
    try {
      if (implicitTls && wrapTls !== undefined) transport = await wrapTls(socket);
    } catch (error) {
      observe?.({ kind: 'closed', session: number, error: asMailError(error) });
      return;
    } finally {
      this.#handshaking.delete(socket);
    }
    const { autologoutMs } = this.#limits;
    const line = new ClientLine(transport, { autologoutMs });
    const misbehaviour = scriptSession(faults, ordinal, line);
    const session = new Session(this.#settings, { line, number, misbehaviour });
    this.#sessions.add(session);
    await session.run();
    this.#sessions.delete(session);
  }
}

function endForClosing(session: Session): void {
  session.end(connectionLost('the server was closing'));
}
