import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { ControlPlane, Member } from "../../api/types";
import { Members } from "./Members";

afterEach(cleanup);

function member(instance: string, change: Partial<Member> = {}): Member {
  return {
    instance,
    address: "10.0.0.1:7400",
    leader: false,
    ready: true,
    sentence: "it follows",
    answers: true,
    version: "0.1.0",
    term: 4,
    uptime_secs: 3600,
    subscribers: 12,
    relay: null,
    ...change,
  };
}

const relay = {
  current: true,
  leader: "a",
  held: "4.42",
  head: "4.42",
  behind: 0,
  heard_us: 180_000,
};

function show(...members: Member[]) {
  const plane = { instance: "a", members } as ControlPlane;
  render(<Members plane={plane} />);
}

const row = (name: string) => screen.getByRole("row", { name: new RegExp(`^${name}`) }).textContent;

it("each member tells its version, term, subscribers and how far behind the leader it relays", () => {
  show(
    member("a", { leader: true }),
    member("b", { relay }),
    member("c", { relay: { ...relay, current: false, behind: 3 } }),
    member("d", { relay: { ...relay, current: false, behind: null, heard_us: null } }),
  );
  expect(row("a")).toContain("0.1.0");
  expect(row("a")).toContain("12");
  expect(row("b")).toContain("Up to date");
  expect(row("b")).toContain("heard 180 ms ago");
  expect(row("c")).toContain("3 revisions behind");
  expect(row("d")).toContain("Not up to date");
});

it("of a member that does not answer, nothing is told as if it did", () => {
  const unknown = { version: null, term: null, uptime_secs: null, subscribers: null };
  show(member("a", { answers: false, ready: null, relay: null, ...unknown }));
  expect(row("a")).toContain("Unknown");
  expect(row("a")).not.toMatch(/Up to date|Leads|12/);
});
