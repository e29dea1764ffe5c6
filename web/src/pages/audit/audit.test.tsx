import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import user from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newCache } from "../../api/cache";
import type { AuditRecord } from "../../api/types";
import { Component } from "./index";

const record: AuditRecord = {
  id: 7,
  at: "2026-11-23T09:00:00.000Z",
  actor: "eve",
  action: "cluster.failover",
  target: "orders",
  reason: null,
  result: "denied: guest is a viewer",
  token: "guest",
  from: "10.0.0.9",
  outcome: "denied",
};

let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("fetch", (path: string) => {
    asked.push(path);
    return Promise.resolve(new Response(JSON.stringify({ items: [record], next: null })));
  });
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(52);
});
afterEach(cleanup);

function show(narrow: boolean) {
  vi.stubGlobal("matchMedia", () => ({
    matches: narrow,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  render(
    <QueryClientProvider client={newCache()}>
      <MemoryRouter initialEntries={["/audit"]}>
        <Component />
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

it("an attempt that was denied is told with the token and the address it came from", async () => {
  show(false);
  const row = await screen.findByRole("row", { name: /cluster.failover/ });
  expect(row.textContent).toContain("guestfrom 10.0.0.9");
  expect(row.textContent).toContain("Denied");
  expect(row.textContent).toContain("denied: guest is a viewer");
});

it("a narrow screen tells the same", async () => {
  show(true);
  const card = (await screen.findByText("cluster.failover")).closest("article");
  expect(card?.textContent).toContain("Denied");
  expect(card?.textContent).toContain("with the token guest");
  expect(card?.textContent).toContain("from 10.0.0.9");
});

it("denied attempts are looked for alone", async () => {
  show(false);
  await screen.findByRole("row", { name: /cluster.failover/ });
  await user.selectOptions(screen.getByLabelText("Outcome"), "Denied");
  await vi.waitFor(() => expect(asked.at(-1)).toContain("outcome=denied"));
});
