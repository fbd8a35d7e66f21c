import type { PollReport } from './report.ts';

/** Who wants to watch a poll. Nothing of the poll depends on it. */
export interface PollObserver {
  /** A session has its listing: so many messages, with so many octets by LIST, are going to be retrieved. */
  planned?(account: string, messages: number, octets: number): void;
  /** Octets have arrived. */
  received?(account: string, octets: number): void;
  /** A message is safe and recorded, or was recognised as safe already. */
  carried?(account: string): void;
  /** Something that a person should know, although the poll goes on. */
  noticed?(account: string, notice: string): void;
  finished?(report: PollReport): void;
}
