/** Looks at many targets at once, and not at all of them at once. */
const AT_ONCE = 8;

/** Each is tried, whatever becomes of the others; then the first that threw does, in the order of the items. */
export async function sideBySide<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: PromiseSettledResult<R>[] = [];
  const waiting = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, item] = next;
      const [result] = await Promise.allSettled([act(item)]);
      results[i] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  return results.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}
