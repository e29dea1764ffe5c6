import { describe, expect, it } from "vitest";
import { lossless } from "./lossless";

describe("a document as JSON", () => {
  it("comes back with every digit", () => {
    const text = '{"below":18446744073709551615,"from":-9007199254740993,"at":4711,"share":0.5}';
    expect(lossless.read(text)).toEqual({
      below: 18_446_744_073_709_551_615n,
      from: -9_007_199_254_740_993n,
      at: 4711,
      share: 0.5,
    });
    expect(lossless.write(lossless.read(text))).toBe(text);
  });

  it("leaves out what is undefined", () => {
    expect(lossless.write({ one: undefined, two: [null] })).toBe('{"two":[null]}');
  });
});
