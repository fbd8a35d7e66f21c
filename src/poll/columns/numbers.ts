const FIRST_CAPACITY = 64;

/** Numbers in little memory, 8 octets each; an undefined one is kept as NaN. */
export class NumberColumn<Value extends number> {
  #values = new Float64Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Makes room for so many at once, which would otherwise be made, and moved to, again and again. */
  reserve(length: number): void {
    if (length <= this.#values.length) return;
    const larger = new Float64Array(length);
    larger.set(this.#values.subarray(0, this.#length));
    this.#values = larger;
  }

  add(value: Value | undefined): void {
    if (this.#length === this.#values.length) this.reserve(this.#length * 2);
    this.#values[this.#length] = value ?? Number.NaN;
    this.#length += 1;
  }

  at(position: number): Value | undefined {
    const value = position < this.#length ? this.#values[position] : undefined;
    return value === undefined || Number.isNaN(value) ? undefined : (value as Value);
  }

  /** Where a value is, if all ascend. */
  positionOf(value: Value): number | undefined {
    const position = firstWhere(this.#length, (at) => (this.#values[at] ?? value) >= value);
    return this.at(position) === value ? position : undefined;
  }
}

/** Numbers by position, of which most may be undefined: until one is not, they take no memory. */
export class SparseNumbers {
  readonly #length: number;
  #values: Float64Array | undefined;

  constructor(length: number) {
    this.#length = length;
  }

  set(position: number, value: number | undefined): void {
    if (value === undefined && this.#values === undefined) return;
    this.#values ??= new Float64Array(this.#length).fill(Number.NaN);
    this.#values[position] = value ?? Number.NaN;
  }

  at(position: number): number | undefined {
    const value = this.#values?.[position];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }
}

/** The first place, of those from 0 to below `length`, where it holds, if it holds at all later ones too; else `length`. */
export function firstWhere(length: number, holds: (place: number) => boolean): number {
  let [from, to] = [0, length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
