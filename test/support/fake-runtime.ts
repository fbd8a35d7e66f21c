import type { Runtime } from '../../src/runtime.ts';

let drawn = 0;

/** A `Runtime` whose time, host and processes the test decides. Nothing in it moves by itself. */
export class FakeRuntime implements Runtime {
  /** Milliseconds since 1970. */
  time: number = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  hostName = 'ferry.example';
  pid = 4242;
  startedAt: number = Date.UTC(2020, 0, 1);
  /** By how much the monotonic clock is further at each reading. */
  readingMs = 0;
  /** For how long the machine has slept. */
  sleptMs = 0;
  readonly alive: Set<number> = new Set([4242]);
  #monotonic = 0;

  now(): number {
    return this.time;
  }

  monotonic(): number {
    this.#monotonic += this.readingMs;
    return this.#monotonic;
  }

  sinceBoot(): number {
    return this.#monotonic + this.sleptMs;
  }

  /** Never the same twice, in whichever of them. */
  randomHex(octets: number): string {
    drawn += 1;
    return drawn.toString(16).padStart(octets * 2, '0');
  }

  isAlive(pid: number): boolean {
    return this.alive.has(pid);
  }

  /** Both clocks go on. */
  advance(milliseconds: number): void {
    this.time += milliseconds;
    this.#monotonic += milliseconds;
  }
}
