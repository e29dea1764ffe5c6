// Which names fit what was typed. Pure.

/** The names that hold it, those that begin with it first, then in alphabetical order. */
export function best<T extends { name: string }>(
  all: readonly T[],
  typed: string,
  most: number,
): T[] {
  const wanted = typed.trim().toLowerCase();
  const found: { item: T; at: number }[] = [];
  for (const item of all) {
    const at = item.name.toLowerCase().indexOf(wanted);
    if (at >= 0) found.push({ item, at: Math.min(at, 1) });
  }
  if (wanted) found.sort((a, b) => a.at - b.at || (a.item.name < b.item.name ? -1 : 1));
  return found.slice(0, most).map(({ item }) => item);
}
