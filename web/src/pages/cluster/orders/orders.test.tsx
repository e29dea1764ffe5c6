import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import user from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newCache } from "../../../api/cache";
import { TooltipRoom } from "../../../ui/Tooltip";
import { cluster, node, primary } from "../fixture";
import type { Order } from "./order";
import { OrderDialog } from "./OrderDialog";

interface Asked {
  path: string;
  key: string | null;
  body: Record<string, unknown>;
}

type Answer = [status: number, body: unknown];

let asked: Asked[];
let answer: (asked: Asked) => Answer;
const closed = vi.fn();
const begun = vi.fn();

beforeEach(() => {
  asked = [];
  closed.mockReset();
  begun.mockReset();
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    const one = {
      path,
      key: new Headers(init.headers).get("idempotency-key"),
      body: JSON.parse(init.body as string) as Record<string, unknown>,
    };
    asked.push(one);
    const [status, body] = answer(one);
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
});
afterEach(cleanup);

function prepare(order: Order, of = cluster()) {
  render(
    <QueryClientProvider client={newCache()}>
      <TooltipRoom>
        <MemoryRouter>
          <OrderDialog order={order} cluster={of} onClose={closed} onBegun={begun} />
        </MemoryRouter>
      </TooltipRoom>
    </QueryClientProvider>,
  );
}

const given = () => asked.filter((one) => one.body.dry_run !== true);
const reason = () => screen.getByRole("textbox", { name: /^Reason/ });
const typed = (name: string) => screen.getByRole("textbox", { name: `Type ${name} to confirm` });

function preflight(finding: "ok" | "blocker") {
  const checks = [
    { code: "A", finding: "ok", sentence: "orders-2 answers" },
    { code: "B", finding, sentence: "orders-2 is behind" },
  ];
  const clear = finding === "ok";
  return { clear, candidate: "orders-2", checks, candidates: [], operation: null };
}

it("a switchover is given to whom the dialog named, once the cluster is typed and a reason given", async () => {
  answer = ({ body }) =>
    body.dry_run ? [200, preflight("ok")] : [202, { ...preflight("ok"), operation: "01R" }];
  prepare({ kind: "switchover", to: null });
  const confirm = await screen.findByRole("button", { name: "Switch orders over to orders-2" });
  expect(confirm).toHaveProperty("disabled", true);
  await user.type(reason(), "a new kernel");
  expect(confirm).toHaveProperty("disabled", true);
  await user.type(typed("orders"), "orders");
  await user.click(confirm);
  await waitFor(() => expect(closed).toHaveBeenCalled());
  expect(given()).toEqual([
    {
      path: "/v1/clusters/orders/switchover",
      key: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      body: { to: "orders-2", reason: "a new kernel" },
    },
  ]);
  expect(begun).toHaveBeenCalledWith("01R");
});

it("a switchover with something in its way cannot be given, and says what it is", async () => {
  answer = () => [200, preflight("blocker")];
  prepare({ kind: "switchover", to: "orders-2" });
  const list = await screen.findByRole("list", { name: "Checklist" });
  const [first] = within(list).getAllByRole("listitem");
  expect(first?.textContent).toContain("stands in the way");
  expect(first?.textContent).toContain("orders-2 is behind");
  await user.type(reason(), "why");
  await user.type(typed("orders"), "orders");
  const confirm = screen.getByRole("button", { name: "Switch orders over to orders-2" });
  expect(confirm).toHaveProperty("disabled", true);
  await user.click(confirm);
  expect(given()).toEqual([]);
});

it("every rehearsal has a reason and no key", async () => {
  answer = () => [200, preflight("ok")];
  prepare({ kind: "switchover", to: "orders-3" });
  await screen.findByRole("list", { name: "Checklist" });
  expect(asked.map(({ key, body }) => [key, body.to, typeof body.reason])).toEqual([
    [null, "orders-3", "string"],
  ]);
});

it("a failover needs no key, so that it is possible while nobody can keep one", async () => {
  const report = { candidate: "orders-3", blockers: [], steps: ["promote"], candidates: [] };
  answer = ({ body }) => [body.dry_run ? 200 : 202, { ...report, operation: "01F" }];
  prepare({ kind: "failover", to: null });
  await screen.findByText("promote");
  await user.type(reason(), "its disk is gone");
  await user.type(typed("orders"), "orders");
  await user.click(screen.getByRole("button", { name: "Fail orders over to orders-3" }));
  await waitFor(() => expect(begun).toHaveBeenCalledWith("01F"));
  expect(given()).toEqual([
    {
      path: "/v1/clusters/orders/failover",
      key: null,
      body: { to: "orders-3", force: false, reason: "its disk is gone" },
    },
  ]);
});

it("an order that may have been lost is given again under its key, one that was refused under another", async () => {
  const statuses = [504, 409, 200];
  answer = () => {
    const status = statuses.shift() ?? 200;
    return [status, status === 200 ? cluster() : { title: "no", code: "NO" }];
  };
  prepare({ kind: "resume" }, cluster({ pause: { owner: "a", reason: "b", until: null } }));
  await user.type(reason(), "it is over");
  for (const count of [1, 2, 3]) {
    await user.click(screen.getByRole("button", { name: "Resume orders" }));
    await waitFor(() => expect(asked).toHaveLength(count));
    if (count < 3) await screen.findByRole("alert");
  }
  const [lost, refused, last] = asked.map(({ key }) => key);
  expect(refused).toBe(lost);
  expect(last).not.toBe(lost);
});

it("errant transactions are injected as they were shown", async () => {
  const injected = "00000000-0000-0000-0000-000000000002:9";
  answer = ({ body }) => [
    200,
    { sentence: "it follows", injected: body.inject_empty ? injected : "" },
  ];
  const quarantine = { reason: "errant", errant: injected, incomplete: false };
  const of = cluster({ nodes: [primary(), node(2, { quarantine })] });
  prepare({ kind: "rejoin", node: "orders-2" }, of);
  await user.click(screen.getByRole("checkbox"));
  await screen.findByText(injected);
  await user.type(reason(), "a test row{Enter}");
  await waitFor(() => expect(closed).toHaveBeenCalled());
  expect(given().map(({ body }) => body)).toEqual([
    { inject_empty: true, errant: injected, reason: "a test row" },
  ]);
});

it("a replica dropped on the primary follows the primary, whoever that is", async () => {
  answer = () => [200, { sentence: "orders-3 follows orders-1" }];
  prepare({ kind: "repoint", node: "orders-3", source: "orders-1" });
  await screen.findByText("orders-3 follows orders-1");
  expect(asked[0]?.body.source).toBe("");
});
