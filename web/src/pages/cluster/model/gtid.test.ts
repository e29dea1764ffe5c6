import { expect, it } from "vitest";

import { gtidLines, transactions } from "./gtid";

const A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

it("a GTID set is read line by line", () => {
  expect(gtidLines(`${A}:1-5:7,\n${B}:3`)).toEqual([
    { uuid: A, tag: null, intervals: ["1-5", "7"], transactions: 6n },
    { uuid: B, tag: null, intervals: ["3"], transactions: 1n },
  ]);
  expect(gtidLines("")).toEqual([]);
});

it("tags stand in lines of their own", () => {
  expect(gtidLines(`${A}:1-2:night:1-3:5`)).toEqual([
    { uuid: A, tag: null, intervals: ["1-2"], transactions: 2n },
    { uuid: A, tag: "night", intervals: ["1-3", "5"], transactions: 4n },
  ]);
});

it("transactions are counted without losing any to rounding", () => {
  expect(transactions(`${A}:1-9223372036854775806`)).toBe(9223372036854775806n);
  expect(transactions("")).toBe(0n);
});

it("what is no such set is not read as one", () => {
  expect(gtidLines("0-1-100")).toBeNull();
  expect(transactions("0-1-100")).toBeNull();
});
