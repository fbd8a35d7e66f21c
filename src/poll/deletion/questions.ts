import { MailError } from '../../errors.ts';

/**
 * What somebody is asked about before it is deleted: what is here only in part, more than is usual, and what is lost here, so
 * that the server may have the last copy.
 */
export type QuestionKind = 'cut' | 'many' | 'lost';

/** How many messages somebody was asked about, as the ledger has it. */
type Asked = Readonly<Partial<Record<QuestionKind, number>>>;

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

  /** `before`: as `noted` gave it in the poll that told of its questions last. */
  constructor(
    account: string,
    { isConfirmed, before }: { readonly isConfirmed: boolean; readonly before: string | undefined },
  ) {
    this.#account = account;
    this.#isConfirmed = isConfirmed;
    this.#before = parse(before);
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

  /** All that is asked, in the words of a report. */
  get asked(): MailError | undefined {
    if (this.#now.size === 0) return undefined;
    const sentences = [...this.#now.values()].map(({ sentence }) => sentence).join(' ');
    const again = this.#now.has('lost')
      ? ` To have what is lost here once more: mailferry refetch ${this.#account}.`
      : '';
    return new MailError('deletion-unconfirmed', sentences, {
      hint: `They stay on the server.${again} To delete them there: mailferry fetch --confirm-delete ${this.#account}`,
    });
  }

  /** For the ledger: what was asked. An answer goes on to count as long as others are waited for. */
  get noted(): string {
    const now = Array.from(this.#now, ([kind, { count }]) => [kind, count] as const);
    return JSON.stringify(Object.fromEntries(now.length === 0 ? [] : [...this.#answered, ...now]));
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
