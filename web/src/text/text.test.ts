import { describe, expect, it } from "vitest";
import en from "./en";
import zh from "./zh";

type Texts = { [key: string]: string | Texts };

function flat(texts: Texts, prefix = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value]] : flat(value, `${prefix}${key}.`),
  );
}

/** Placeholders and tags, in alphabetical order. */
function marks(text: string): string[] {
  return (text.match(/\{\{[^}]+\}\}|<\/?\w+\/?>/g) ?? []).sort();
}

describe("the catalogues", () => {
  const english = flat(en);
  const chinese = new Map(flat(zh));

  it("have the same keys", () => {
    expect([...chinese.keys()].sort()).toEqual(english.map(([key]) => key).sort());
  });

  it("have the same placeholders under each key", () => {
    for (const [key, text] of english)
      expect([key, marks(chinese.get(key) ?? "")]).toEqual([key, marks(text)]);
  });

  it("have no empty text", () => {
    for (const [key, text] of [...english, ...chinese])
      expect([key, text.trim()]).not.toEqual([key, ""]);
  });
});
