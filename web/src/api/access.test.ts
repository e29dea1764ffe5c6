import { expect, it } from "vitest";
import { aToken } from "../session.fixture";
import { isForPeople, lackOf, ROLES } from "./access";

it("orders take an operator, and what changes how Lictor works an administrator", () => {
  const lacking = (need: "operate" | "administer") =>
    ROLES.filter((role) => lackOf(aToken({ role }), need, "orders") === "role");
  expect(lacking("operate")).toEqual(["viewer", "subscriber", "agent"]);
  expect(lacking("administer")).toEqual(["viewer", "operator", "subscriber", "agent"]);
});

it("a token for some clusters is good for these, and for nothing that concerns all", () => {
  const token = aToken({ role: "admin", clusters: ["orders"] });
  expect(lackOf(token, "operate", "orders")).toBeNull();
  expect(lackOf(token, "operate", "users")).toBe("scope");
  expect(lackOf(token, "administer", null)).toBe("scope");
});

it("machines' tokens are not for people", () => {
  expect(ROLES.filter(isForPeople)).toEqual(["viewer", "operator", "admin"]);
});
