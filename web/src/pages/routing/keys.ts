// Keys and hashes as people write them: read, compared, and written back. The same forms as the
// document and `lictor keyspace split --at` take.
import type { KeyType, Scalar } from "./document";

const INTEGERS = {
  integer: { least: -(2n ** 63n), most: 2n ** 63n - 1n },
  unsigned: { least: 0n, most: 2n ** 64n - 1n },
};

const WHOLE = /^[+-]?[0-9]+$/;
const UUID = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i;
const HASH = /^([0-9a-f]{2}){1,8}$/i;
const HEX = /^0x([0-9a-f]{2})*$/i;

/** A place in the space of hashes, from 1 to 8 bytes of hexadecimal; null when it is none. */
export function hash(text: string): bigint | null {
  return HASH.test(text) ? BigInt(`0x${text.padEnd(16, "0")}`) : null;
}

/** A place in the space of hashes as it is written: zero bytes at the end are left out. */
export function hashText(at: bigint): string {
  return at
    .toString(16)
    .padStart(16, "0")
    .replace(/(00){1,7}$/, "");
}

/** The bounds of a range of hashes such as `-40` or `40-80`; null is an end of the space. */
export function hashRange(range: string): { from: bigint | null; below: bigint | null } | null {
  const [from, below, more] = range.split("-");
  if (from === undefined || below === undefined || more !== undefined) return null;
  const bounds = { from: hash(from), below: hash(below) };
  const whole = (text: string, bound: bigint | null) => text === "" || bound !== null;
  return whole(from, bounds.from) && whole(below, bounds.below) ? bounds : null;
}

/** A range of hashes as it is written. */
export function hashRangeText(from: bigint | null, below: bigint | null): string {
  const text = (bound: bigint | null) => (bound === null ? "" : hashText(bound));
  return `${text(from === 0n ? null : from)}-${text(below)}`;
}

/** A key in the one form that equal keys share; null when it is no key of that type. */
export function key(type: KeyType, value: Scalar): string | null {
  const text = String(value);
  switch (type) {
    case "string":
      return typeof value === "string" ? text : null;
    case "bytes":
      return typeof value === "string" ? bytesText(bytes(text)) : null;
    case "integer":
    case "unsigned": {
      if (!WHOLE.test(text)) return null;
      const number = BigInt(text.replace("+", ""));
      const { least, most } = INTEGERS[type];
      return least <= number && number <= most ? number.toString() : null;
    }
    case "uuid": {
      const parts = UUID.exec(text);
      return parts && parts.slice(1).join("-").toLowerCase();
    }
  }
}

/** A key as the document has it: a number where a double holds it, text otherwise. */
export function scalar(type: KeyType, key: string): Scalar {
  const number = Number(key);
  const isNumber = (type === "integer" || type === "unsigned") && Number.isSafeInteger(number);
  return isNumber ? number : key;
}

/** Which of two keys of a type that has an order comes first: negative, zero or positive. */
export function compare(type: KeyType, one: string, two: string): number {
  if (type === "bytes") return compareBytes(bytes(one), bytes(two));
  const [first, second] = [BigInt(one), BigInt(two)];
  return first < second ? -1 : Number(first > second);
}

/** Roughly where a key lies, to be drawn: a larger key is never lower. */
export function rank(type: KeyType, key: string, skip: number): number {
  if (type !== "bytes") return Number(BigInt(key));
  return bytes(key)
    .slice(skip, skip + 6)
    .reduce((sum, byte, at) => sum + byte / 256 ** (at + 1), 0);
}

/** How many first bytes all of these have in common. */
export function common(keys: string[]): number {
  const [first = [], ...others] = keys.map(bytes);
  const differs = first.findIndex((byte, at) => others.some((other) => other[at] !== byte));
  return differs < 0 ? 0 : differs;
}

function bytes(text: string): number[] {
  if (!HEX.test(text)) return [...new TextEncoder().encode(text)];
  const pairs = text.slice(2).match(/../g) ?? [];
  return pairs.map((pair) => Number.parseInt(pair, 16));
}

/** Bytes as text where that is unmistakable, else in hexadecimal. */
function bytesText(of: number[]): string {
  const plain = of.every((byte) => byte > 0x20 && byte < 0x7f);
  const text = String.fromCharCode(...of);
  if (plain && !text.startsWith("0x")) return text;
  return `0x${of.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function compareBytes(one: number[], two: number[]): number {
  const differs = one.findIndex((byte, at) => byte !== two[at]);
  if (differs < 0) return one.length - two.length;
  return (one[differs] ?? 0) - (two[differs] ?? -1);
}
