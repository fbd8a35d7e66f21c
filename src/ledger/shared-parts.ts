import type { GroupCommit } from './group-commit.ts';
import type { KnownIntents } from './known-intents.ts';
import type { LedgerStatements } from './statements.ts';

/** What the parts of the ledger have in common that belong to one account each. */
export interface SharedParts {
  readonly statements: LedgerStatements;
  readonly commits: GroupCommit;
  readonly intents: KnownIntents;
  /** The accounts that have taken their first look. */
  readonly looked: Set<number>;
}
