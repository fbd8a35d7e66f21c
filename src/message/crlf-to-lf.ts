/** Most octets that one call can take. */
export const MOST_OCTETS: number = 512 * 1024;

/** What `crlf-to-lf.wat` says, assembled; a test compares them. */
export const MODULE: string = [
  'AGFzbQEAAAABBgFgAX8BfwMCAQAFBAEBEBAHFQIGbWVtb3J5AgAIY3JsZlRvTGYAAAqPAgGMAgMCfwF7A39BgIAgIQICQANAIAFBEGog',
  'AEsNASACIAH9AAQAIgP9CwQAIANBCv0P/SP9ZCEFIANBDf0P/SP9ZCEEIARFBEAgBiAFciEGIAFBEGohASACQRBqIQIMAQsgBGghBCAG',
  'IAVBASAEdEEBa3FyIQYgASAEQQFqaiEBIAIgBGohAiABLQAAQQpGBEAgAkEKOgAAIAFBAWohAQsgAkEBaiECDAALCwJAA0AgASAATw0B',
  'IAEtAAAhBCABQQFqIQEgBEEKRgRAQQEhBgsgBEENRiABLQAAQQpGcQRAQQohBCABQQFqIQELIAIgBDoAACACQQFqIQIMAAsLIAJBgIAg',
  'ayAGQQBHQR90cgs=',
].join('');

/** What is used of it; no library of types has it without those of a browser. */
interface WebAssemblyApi {
  readonly Module: new (octets: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Leaves each CR out that has a LF behind it; behind the last octet stands something else. Returns how many are left, with
   * the highest bit set where a LF had no CR before it.
   */
  readonly crlfToLf: (octets: number) => number;
}

/** The memory that octets are put into, and the one that they come out of. */
export interface Converter {
  readonly given: Buffer;
  readonly result: Buffer;
  readonly crlfToLf: Exports['crlfToLf'];
}

/** Undefined where WebAssembly is not to be had: Node without a compiler, or with too little address space. */
export function openConverter(): Converter | undefined {
  try {
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
    const { memory, crlfToLf } = new Instance(new Module(Buffer.from(MODULE, 'base64'))).exports as Exports;
    const given = Buffer.from(memory.buffer, 0, MOST_OCTETS);
    return { given, result: Buffer.from(memory.buffer, MOST_OCTETS, MOST_OCTETS), crlfToLf };
  } catch {
    return undefined;
  }
}
