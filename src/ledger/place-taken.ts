import { MailError } from '../errors.ts';

/** What was found at a destination is the message of another record by now (I1). */
export class PlaceTaken extends MailError {
  constructor(destination: string) {
    super('destination-locked', `A message that was found in ${destination} is another one by now.`, {
      hint: 'Nothing is lost; the next poll looks again.',
    });
  }
}
