/**
 * What happens to a message on the server once it is safe here: nothing, DELE in the same poll, or DELE when
 * that many milliseconds have passed since its delivery.
 */
export type DeletionPolicy =
  | { readonly kind: 'never' }
  | { readonly kind: 'after-delivery' }
  | { readonly kind: 'after'; readonly milliseconds: number };

/** Until when a message must have been delivered to be deletable now; undefined where nothing ever is. */
export function deletableUntil(deletion: DeletionPolicy, now: number): number | undefined {
  switch (deletion.kind) {
    case 'never':
      return undefined;
    case 'after-delivery':
      return Number.MAX_SAFE_INTEGER;
    case 'after':
      return now - deletion.milliseconds;
  }
  return undefined;
}

/** How many milliseconds a message stays on the server after its delivery. */
export function keptFor(deletion: DeletionPolicy): number {
  switch (deletion.kind) {
    case 'never':
      return Number.POSITIVE_INFINITY;
    case 'after-delivery':
      return 0;
    case 'after':
      return deletion.milliseconds;
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether what a session carries is deleted in the same session. */
export function isDeletedAtOnce(deletion: DeletionPolicy): boolean {
  return deletion.kind === 'after-delivery';
}
