// JSON whose integers are never rounded: one that a double cannot hold is read as a bigint, and
// written as the same digits. Keys of keyspaces go up to 2⁶⁴.
import { isInteger, isSafeNumber, parse, stringify } from "lossless-json";
import type { Json } from "./client";

export const lossless: Json = {
  read: (text) => parse(text, null, { parseNumber: number }),
  write: (value) => stringify(value) ?? "null",
};

function number(text: string): number | bigint {
  return isInteger(text) && !isSafeNumber(text) ? BigInt(text) : Number(text);
}
