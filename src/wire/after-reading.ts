/**
 * Calls `act` when this long has passed, and what could be read by then has been read: on a machine so busy that the time is over before
 * this process looks at its pipes again, the timer alone would come first. Returns what calls it off.
 */
export function afterReading(milliseconds: number, act: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(act);
  }, milliseconds);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
