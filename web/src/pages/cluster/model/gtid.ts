// GTID sets for reading: one line a source, its intervals, and how many transactions they are.

export interface GtidLine {
  /** UUID of the server that numbered them. */
  uuid: string;
  /** The tag, where they have one (MySQL 8.3 and later). */
  tag: string | null;
  intervals: string[];
  transactions: bigint;
}

function size(interval: string): bigint {
  const [first, last] = interval.split("-");
  const from = BigInt(first ?? "0");
  return last === undefined ? 1n : BigInt(last) - from + 1n;
}

/** The lines of a set as MySQL writes it; null when it is not such a set (MariaDB's, say). */
export function gtidLines(set: string): GtidLine[] | null {
  const lines: GtidLine[] = [];
  for (const source of set.replaceAll(/\s/g, "").split(",").filter(Boolean)) {
    const [uuid, ...parts] = source.split(":");
    if (!uuid || !/^[0-9a-f-]{36}$/i.test(uuid) || parts.length === 0) return null;
    let line: GtidLine | null = null;
    for (const part of parts) {
      const isInterval = /^\d+(-\d+)?$/.test(part);
      if (line === null || !isInterval) {
        line = { uuid, tag: isInterval ? null : part, intervals: [], transactions: 0n };
        lines.push(line);
      }
      if (isInterval) {
        line.intervals.push(part);
        line.transactions += size(part);
      }
    }
  }
  return lines;
}

/** How many transactions a set names; null when it cannot be read. */
export function transactions(set: string): bigint | null {
  return gtidLines(set)?.reduce((sum, line) => sum + line.transactions, 0n) ?? null;
}
