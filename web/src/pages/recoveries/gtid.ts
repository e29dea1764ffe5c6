// How much is in a GTID set, for a line that stands for it. Reads MySQL's form, with tags, and
// MariaDB's.

export interface Amount {
  /** Servers (or, with MariaDB, domains) that the transactions come from. */
  sources: number;
  /** null: a form in which they cannot be counted, as MariaDB's. */
  transactions: bigint | null;
}

/** null where the text is no set of GTIDs. */
export function amount(set: string): Amount | null {
  const parts = set.split(",").map((part) => part.trim());
  if (set.trim() === "") return { sources: 0, transactions: 0n };
  if (parts.every((part) => MARIADB.test(part)))
    return { sources: parts.length, transactions: null };
  let transactions = 0n;
  const sources = new Set<string>();
  for (const part of parts) {
    const [source = "", ...rest] = part.split(":");
    if (!UUID.test(source)) return null;
    sources.add(source.toLowerCase());
    for (const piece of rest) {
      const interval = INTERVAL.exec(piece);
      if (interval) transactions += length(interval);
      else if (!TAG.test(piece)) return null;
    }
  }
  return { sources: sources.size, transactions };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const INTERVAL = /^([0-9]+)(?:-([0-9]+))?$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/i;
const MARIADB = /^[0-9]+-[0-9]+-[0-9]+$/;

function length([, first = "0", last = first]: RegExpExecArray): bigint {
  const [from, to] = [BigInt(first), BigInt(last)];
  return to < from ? 0n : to - from + 1n;
}
