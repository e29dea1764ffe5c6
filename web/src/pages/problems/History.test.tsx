import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import user from "@testing-library/user-event";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newCache } from "../../api/cache";
import { writeEvents } from "../../api/live-cache";
import type { Happening } from "../../api/types";
import { TooltipRoom } from "../../ui/Tooltip";
import { Component } from "./index";

const happening = (id: number, change: Partial<Happening> = {}): Happening => ({
  id,
  at: "2026-11-22T12:00:00.000Z",
  cluster: "orders",
  node: null,
  kind: "unavailable",
  code: "DeadPrimary",
  severity: "critical",
  sentence: `happening ${id}`,
  evidence: ["the host refuses connections"],
  recovery: "01HF",
  planned: false,
  ...change,
});

const pages: Record<string, unknown> = {
  "/v1/history": { items: [happening(7)], next: null },
  "/v1/clusters": { items: [], next: null },
  "/v1/problem-codes": { items: [] },
};
let asked: string[] = [];
let cache: QueryClient;

beforeEach(() => {
  asked = [];
  cache = newCache();
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    return Promise.resolve(new Response(JSON.stringify(pages[url.split("?")[0] ?? ""])));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(search: string) {
  const router = createMemoryRouter([{ path: "/problems", element: <Component /> }], {
    initialEntries: [`/problems?tab=history${search}`],
  });
  render(
    <QueryClientProvider client={cache}>
      <TooltipRoom>
        <RouterProvider router={router} />
      </TooltipRoom>
    </QueryClientProvider>,
  );
  return router;
}

it("asks for what the address says, and exports the same", async () => {
  show("&cluster=orders&kind=unavailable");
  await screen.findByText("happening 7");
  expect(asked).toContain("/v1/history?cluster=orders&kind=unavailable&limit=100");
  const link = screen.getByRole("link", { name: "Download CSV" });
  expect(link.getAttribute("href")).toBe("/v1/history.csv?cluster=orders&kind=unavailable");
});

it("puts what happens now on top, where the filter lets it through", async () => {
  show("&severity=critical");
  await screen.findByText("happening 7");
  act(() =>
    writeEvents(cache, [
      { type: "happening", data: happening(8) },
      { type: "happening", data: happening(9, { severity: "info" }) },
    ]),
  );
  await screen.findByText("happening 8");
  const told = screen.getAllByText(/^happening \d$/).map((one) => one.textContent);
  expect(told).toEqual(["happening 8", "happening 7"]);
});

it("opens to the evidence and to the recovery", async () => {
  show("");
  await user.click(await screen.findByText("happening 7"));
  expect(screen.getByText("the host refuses connections")).toBeTruthy();
  const link = screen.getByRole("link", { name: "The recovery" });
  expect(link.getAttribute("href")).toBe("/recoveries/01HF");
});

it("keeps a choice in the address", async () => {
  const router = show("");
  await screen.findByText("happening 7");
  await user.selectOptions(screen.getByRole("combobox", { name: "Severity" }), "warning");
  expect(router.state.location.search).toBe("?tab=history&severity=warning");
});
