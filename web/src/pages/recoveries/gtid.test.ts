import { describe, expect, it } from "vitest";
import { amount } from "./gtid";

const one = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const two = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

describe("a GTID set", () => {
  it("is counted by its intervals", () => {
    expect(amount(`${one}:1-9:11,\n${two}:5`)).toEqual({ sources: 2, transactions: 11n });
    expect(amount("")).toEqual({ sources: 0, transactions: 0n });
  });

  it("may have tags", () => {
    expect(amount(`${one}:1-3:backup:1-2`)).toEqual({ sources: 1, transactions: 5n });
  });

  it("of MariaDB cannot be counted", () => {
    expect(amount("0-1-100,1-2-7")).toEqual({ sources: 2, transactions: null });
  });

  it("is never guessed", () => {
    expect(amount("nothing")).toBeNull();
    expect(amount(`${one}:1-x-3`)).toBeNull();
  });
});
