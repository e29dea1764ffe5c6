import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newCache } from "../../api/cache";
import type { Node, Variable } from "../../api/types";
import { TooltipRoom } from "../../ui/Tooltip";
import { cluster, node, primary } from "../cluster/fixture";
import { Component } from "./index";

const variables: Variable[] = [
  { name: "gtid_mode", value: "ON", recommended: "ON", verdict: "ok", sentence: "as it must be" },
  { name: "sync_binlog", value: "0", recommended: "1", verdict: "differs", sentence: "may lose" },
];

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal("scrollTo", () => undefined);
});
afterEach(cleanup);

function show(shown: Node) {
  const of = cluster({ nodes: [primary(), shown] });
  const answers: Record<string, unknown> = {
    [`/v1/nodes/${shown.name}`]: shown,
    [`/v1/nodes/${shown.name}/variables`]: { items: variables },
    "/v1/clusters/orders": of,
    "/v1/history": { items: [], next: null },
  };
  vi.stubGlobal("fetch", (url: string) => {
    const body = answers[url.split("?")[0] ?? ""];
    return Promise.resolve(new Response(JSON.stringify(body), { status: body ? 200 : 404 }));
  });
  const router = createMemoryRouter([{ path: "/nodes/:name", element: <Component /> }], {
    initialEntries: [`/nodes/${shown.name}`],
  });
  render(
    <QueryClientProvider client={newCache()}>
      <TooltipRoom>
        <RouterProvider router={router} />
      </TooltipRoom>
    </QueryClientProvider>,
  );
}

const replication = () => screen.findByRole("region", { name: "Replication" });

it("says whom a replica follows, and how that goes", async () => {
  show(node(2, { lag_us: 1_500_000 }));
  const region = within(await replication());
  expect(await region.findByRole("link", { name: "orders-1" })).toBeTruthy();
  expect(region.getByText("1.5 s behind")).toBeTruthy();
  expect(region.getAllByText("running")).toHaveLength(2);
});

it("shows nothing of a silent node as well", async () => {
  show(node(2, { latency_us: null, receiver: "unknown", applier_running: null, checks: [] }));
  const region = within(await replication());
  expect(region.queryByText("running")).toBeNull();
  expect(region.getAllByText("unknown").length).toBeGreaterThanOrEqual(3);
  expect(screen.getByText(/It does not answer/)).toBeTruthy();
  expect(await screen.findByText("Nothing is known of its health then.")).toBeTruthy();
});

it("counts what a quarantined node holds alone", async () => {
  const errant = "00000000-0000-0000-0000-000000000002:5-7";
  show(node(2, { quarantine: { reason: "errant", errant, incomplete: false } }));
  expect(await screen.findByText("3 transactions that no other node has:")).toBeTruthy();
  expect(screen.getByText(errant)).toBeTruthy();
});

it("shows only the variables that differ until all are asked for", async () => {
  show(node(2));
  const region = within(await screen.findByRole("region", { name: "Variables" }));
  expect(await region.findByText("sync_binlog")).toBeTruthy();
  expect(region.queryByText("gtid_mode")).toBeNull();
  region.getByRole("checkbox").click();
  expect(await region.findByText("gtid_mode")).toBeTruthy();
});
