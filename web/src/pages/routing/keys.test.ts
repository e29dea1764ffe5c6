import { describe, expect, it } from "vitest";

import {
  common,
  compare,
  hash,
  hashRange,
  hashRangeText,
  hashText,
  key,
  rank,
  scalar,
} from "./keys";

describe("hashes", () => {
  it("are read from the left, two digits for each byte", () => {
    expect(hash("40")).toBe(0x4000_0000_0000_0000n);
    expect(hash("4a80")).toBe(0x4a80_0000_0000_0000n);
    for (const bad of ["", "4", "4g", "000000000000000000"]) expect(hash(bad)).toBeNull();
  });

  it("are written without the zero bytes at their end", () => {
    for (const text of ["40", "4a80", "00", "0000000000000001", "ffffffffffffffff"]) {
      expect(hashText(hash(text) ?? -1n)).toBe(text);
    }
    expect(hashText(hash("4000000000000000") ?? -1n)).toBe("40");
  });

  it("bound ranges, open at either end", () => {
    for (const text of ["-", "-40", "40-80", "80-"]) {
      const range = hashRange(text);
      expect(range && hashRangeText(range.from, range.below)).toBe(text);
    }
    for (const bad of ["", "40", "4-80", "40-80-90"]) expect(hashRange(bad)).toBeNull();
    expect(hashRangeText(0n, null)).toBe("-");
  });
});

describe("keys", () => {
  it("have one form, however they are written", () => {
    expect(key("integer", "+007")).toBe("7");
    expect(key("integer", -5)).toBe("-5");
    expect(key("bytes", "0x6162")).toBe("ab");
    expect(key("bytes", "a b")).toBe("0x612062");
    expect(key("uuid", "67E5504410B1426F9247BB680E5FE0C8")).toBe(
      "67e55044-10b1-426f-9247-bb680e5fe0c8",
    );
    expect(key("string", " x ")).toBe(" x ");
  });

  it("stay within their type", () => {
    expect(key("integer", "9223372036854775808")).toBeNull();
    expect(key("unsigned", "18446744073709551615")).toBe("18446744073709551615");
    expect(key("unsigned", -1)).toBeNull();
    expect(key("integer", "4.5")).toBeNull();
    expect(key("string", 4)).toBeNull();
    expect(key("uuid", "4711")).toBeNull();
  });

  it("are never rounded", () => {
    expect(scalar("integer", "4711")).toBe(4711);
    expect(scalar("unsigned", "18446744073709551615")).toBe("18446744073709551615");
    expect(scalar("string", "4711")).toBe("4711");
    expect(key("unsigned", 9_007_199_254_740_993n)).toBe("9007199254740993");
  });

  it("have the order of the server", () => {
    expect(compare("integer", "-5", "3")).toBeLessThan(0);
    expect(compare("unsigned", "18446744073709551615", "9")).toBeGreaterThan(0);
    expect(compare("bytes", "a", "ab")).toBeLessThan(0);
    expect(compare("bytes", "b", "ab")).toBeGreaterThan(0);
    expect(compare("bytes", "0x61", "a")).toBe(0);
  });

  it("are drawn in that order, by the bytes they do not share", () => {
    const keys = ["user-a", "user-b", "user-zz"];
    expect(common(keys)).toBe(5);
    const ranks = keys.map((one) => rank("bytes", one, common(keys)));
    expect([...ranks].sort((one, two) => one - two)).toEqual(ranks);
    expect(rank("integer", "-5", 0)).toBe(-5);
  });
});
