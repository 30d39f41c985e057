/** Puts items in random order. */

/** Return the items in random order, in a new array. */
export function shuffled<T>(items: readonly T[], random: () => number = Math.random): T[] {
  const result = [...items];
  for (let left = result.length; left > 1; left--) {
    const chosen = Math.floor(random() * left);
    const [last, other] = [result[left - 1] as T, result[chosen] as T];
    result[left - 1] = other;
    result[chosen] = last;
  }
  return result;
}
