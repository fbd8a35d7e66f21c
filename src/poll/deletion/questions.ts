import { MailError } from '../../errors.ts';

/**
 * What somebody is asked about before it is deleted: what is here only in part, more than is usual, and what is lost here, so
 * that the server may have the last copy.
 */
export type QuestionKind = 'cut' | 'many' | 'lost';

/** What somebody was asked, as the ledger has it. */
interface Asked extends Readonly<Partial<Record<QuestionKind, number>>> {
  /** About which places to which no mail goes any more, and where nobody can look. */
  readonly left?: readonly string[];
  /** For which of them somebody has answered. It counts for all that went there, until mail goes there again. */
  readonly vouched?: readonly string[];
}

/** A confirmation covers up to this many times what was asked about: mail has kept coming meanwhile. */
const GROWTH = 2;

/**
 * The questions of one poll about deletions. A confirmation counts for what was asked in the poll before, and for nothing
 * else; where nothing was asked, for an unusual number, which whoever changes `delete` expects.
 */
export class Questions {
  readonly #account: string;
  readonly #isConfirmed: boolean;
  readonly #before: Asked;
  readonly #answered = new Map<QuestionKind, number>();
  readonly #now = new Map<QuestionKind, { readonly count: number; readonly sentence: string }>();
  readonly #vouched: Set<string>;
  #left: { readonly places: readonly string[]; readonly sentence: string } | undefined;

  /** `before`: as `noted` gave it in the poll that told of its questions last; `configured`: where mail goes now. */
  constructor(
    account: string,
    {
      isConfirmed,
      before,
      configured,
    }: { isConfirmed: boolean; before: string | undefined; configured: readonly string[] },
  ) {
    this.#account = account;
    this.#isConfirmed = isConfirmed;
    const { vouched = [], ...asked } = parse(before);
    this.#before = asked;
    this.#vouched = new Set(vouched.filter((place) => !configured.includes(place)));
  }

  /** Whether somebody has said that so many messages may be deleted. Otherwise that is asked from now on. */
  allows(kind: QuestionKind, count: number, sentence: string): boolean {
    if (count === 0) return true;
    if (this.#isAnswered(kind, count)) {
      this.#answered.set(kind, count);
      return true;
    }
    const { count: asked = 0 } = this.#now.get(kind) ?? {};
    if (count > asked) this.#now.set(kind, { count, sentence });
    return false;
  }

  /**
   * Whether somebody has answered for what went to these places, where nobody can look. Asked once for each, since what went
   * there is due day by day.
   */
  allowsLeft(places: readonly string[], sentence: string): boolean {
    const isAnswered = (place: string): boolean =>
      this.#vouched.has(place) || (this.#isConfirmed && this.#before.left?.includes(place) === true);
    if (places.every(isAnswered)) {
      for (const place of places) this.#vouched.add(place);
      return true;
    }
    this.#left = { places: [...new Set([...(this.#left?.places ?? []), ...places])], sentence };
    return false;
  }

  /** All that is asked, in the words of a report. */
  get asked(): MailError | undefined {
    if (!this.#isAsking) return undefined;
    const left = this.#left === undefined ? [] : [this.#left];
    const sentences = [...this.#now.values(), ...left].map(({ sentence }) => sentence).join(' ');
    const again = this.#now.has('lost')
      ? ` To have what is lost here once more: mailferry refetch ${this.#account}.`
      : this.#left === undefined
        ? ''
        : ` To have all that was handed over once more: mailferry refetch --handed-over ${this.#account}.`;
    return new MailError('deletion-unconfirmed', sentences, {
      hint: `They stay on the server.${again} To delete them there: mailferry fetch --confirm-delete ${this.#account}`,
    });
  }

  /** For the ledger: what was asked. An answer goes on to count as long as others are waited for. */
  get noted(): string {
    const now = Array.from(this.#now, ([kind, { count }]) => [kind, count] as const);
    const counts = Object.fromEntries(this.#isAsking ? [...this.#answered, ...now] : []);
    const left = this.#left && { left: this.#left.places };
    const vouched = this.#vouched.size > 0 && { vouched: [...this.#vouched] };
    return JSON.stringify({ ...counts, ...left, ...vouched });
  }

  get #isAsking(): boolean {
    return this.#now.size > 0 || this.#left !== undefined;
  }

  #isAnswered(kind: QuestionKind, count: number): boolean {
    if (!this.#isConfirmed) return false;
    if (Object.keys(this.#before).length === 0) return kind === 'many';
    return count <= (this.#before[kind] ?? 0) * GROWTH;
  }
}

function parse(noted: string | undefined): Asked {
  try {
    return JSON.parse(noted ?? '{}') as Asked;
  } catch {
    return {};
  }
}
