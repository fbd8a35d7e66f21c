/** A shorter secret is hidden only in the reply to it: elsewhere it would hide ordinary words. */
const LASTING_SECRET = 4;

/** The secrets that were sent on a connection, which the other side may repeat in its replies (I5). */
export class SentSecrets {
  #secrets: readonly string[] = [];

  /** Notes what must not be shown of the line that is sent now; the brief ones of those before are past. */
  note(secrets: readonly string[] | undefined): void {
    if (secrets === undefined && !this.#secrets.some(isBrief)) return;
    const lasting = this.#secrets.filter((secret) => !isBrief(secret));
    this.#secrets = [...new Set([...lasting, ...(secrets ?? [])])].filter((secret) => secret !== '');
  }

  /** A reply as it may be shown. */
  hide(reply: string): string {
    return this.#secrets.reduce((text, secret) => text.replaceAll(secret, '***'), reply);
  }
}

function isBrief(secret: string): boolean {
  return secret.length < LASTING_SECRET;
}
