import { expect, it } from "vitest";
import { csv } from "./csv";

it("quotes what has commas, quotes or line ends", () => {
  expect(csv(["a", "b"], [['say "no"', "x,y"]])).toBe('a,b\r\n"say ""no""","x,y"\r\n');
});

it("keeps a spreadsheet from reckoning with a text", () => {
  expect(csv(["a"], [["=1+1"]])).toBe('a\r\n"\'=1+1"\r\n');
});
