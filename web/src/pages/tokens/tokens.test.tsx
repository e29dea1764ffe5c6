import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import user from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newCache } from "../../api/cache";
import { become } from "../../session";
import { aToken, logInAs } from "../../session.fixture";
import { TooltipRoom } from "../../ui/Tooltip";
import { Component } from "./index";
import { isName, narrow, stateOf } from "./tokens";

const NOW = Date.parse("2026-11-23T00:00:00Z");
const past = "2026-11-22T00:00:00.000Z";
const mine = aToken({ id: "aaaaaaaaaaaa", name: "ann", role: "admin" });
const ci = aToken({ id: "cccccccccccc", name: "ci", role: "operator", clusters: ["orders"] });
const gone = aToken({ id: "eeeeeeeeeeee", name: "old", revoked_at: past, revoked_by: "ann" });

it("a token is in force until its time is over or somebody revokes it", () => {
  expect(stateOf(mine, NOW)).toBe("good");
  expect(stateOf(aToken({ expires_at: past }), NOW)).toBe("expired");
  expect(stateOf(aToken({ expires_at: "2026-11-24T00:00:00.000Z" }), NOW)).toBe("good");
  expect(stateOf(aToken({ expires_at: past, revoked_at: past }), NOW)).toBe("revoked");
});

it("tokens are found by name, id, cluster, maker, role and state", () => {
  const all = [mine, ci, gone];
  const names = (filter: Parameters<typeof narrow>[1]) =>
    narrow(all, filter, NOW).map(({ name }) => name);
  expect(names({})).toEqual(["ann", "ci", "old"]);
  expect(names({ q: "ORDERS" })).toEqual(["ci"]);
  expect(names({ q: "eeee" })).toEqual(["old"]);
  expect(names({ q: "bootstrap", role: "admin" })).toEqual(["ann"]);
  expect(names({ state: "revoked" })).toEqual(["old"]);
});

it("a name is what lictord takes as one", () => {
  expect(["a", "ann@example.org", "a-b_c.d"].every(isName)).toBe(true);
  expect(["", "a b", "é", "x".repeat(65)].some(isName)).toBe(false);
});

interface Asked {
  method: string;
  path: string;
  key: string | null;
  body: unknown;
}

let asked: Asked[];
let unheard: string[];

beforeEach(() => {
  asked = [];
  unheard = [];
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal("scrollTo", () => undefined);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(52);
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    const body = answer(path, init);
    return Promise.resolve(new Response(JSON.stringify(body)));
  });
});
afterEach(() => {
  cleanup();
  become({ state: "out", ended: false });
});

function answer(path: string, { method = "GET", body, headers }: RequestInit): unknown {
  if (path.startsWith("/v1/clusters"))
    return { items: [{ name: "orders" }, { name: "users" }], next: null };
  const key = new Headers(headers).get("idempotency-key");
  if (method !== "GET") asked.push({ method, path, key, body: JSON.parse(body as string) });
  if (method === "POST")
    return { token: aToken({ name: "bo" }), secret: "lictor_0123456789ab_feed" };
  if (method === "DELETE") return { token: { ...ci, revoked_at: past }, unheard };
  return { items: [mine, ci, gone] };
}

function show() {
  const cache = newCache();
  render(
    <QueryClientProvider client={cache}>
      <TooltipRoom>
        <MemoryRouter>
          <Component />
        </MemoryRouter>
      </TooltipRoom>
    </QueryClientProvider>,
  );
  return cache;
}

const dialog = (name: string) => screen.findByRole("dialog", { name });

it("only administrators see tokens; others are told so, and nothing is asked", () => {
  logInAs("operator");
  show();
  expect(screen.getByText(/This takes an administrator/)).toBeTruthy();
  expect(screen.queryByRole("table")).toBeNull();
});

it("a token that was revoked cannot be again", async () => {
  logInAs("admin", mine);
  show();
  await screen.findByRole("button", { name: "Revoke ci" });
  expect(screen.queryByRole("button", { name: "Revoke old" })).toBeNull();
  const row = screen.getByRole("row", { name: /^old/ });
  expect(row.textContent).toContain("Revoked");
  expect(row.textContent).toContain("by ann");
});

it("a new token's text is shown once, until it is stored, and kept nowhere", async () => {
  logInAs("admin", mine);
  const cache = show();
  await user.click(await screen.findByRole("button", { name: "Create token" }));
  const ask = within(await dialog("Create a token"));
  const confirm = ask.getByRole("button", { name: "Create token" });
  expect(confirm).toHaveProperty("disabled", true);
  await user.type(ask.getByLabelText(/^Name/), "b o");
  await ask.findByText(/1 to 64 letters/);
  await user.clear(ask.getByLabelText(/^Name/));
  await user.type(ask.getByLabelText(/^Name/), "bo");
  await user.selectOptions(ask.getByLabelText(/^Role/), "operator");
  await ask.findByText(/orders what keeps clusters writable/);
  await user.click(await ask.findByLabelText("users"));
  await user.selectOptions(ask.getByLabelText(/^Expires/), "week");
  await user.type(ask.getByLabelText(/^Reason/), "on call");
  await user.click(confirm);

  const made = await dialog("The token bo was made");
  expect(made.textContent).toContain("lictor_0123456789ab_feed");
  expect(within(made).getByRole("button", { name: "Copy" })).toBeTruthy();
  expect(within(made).queryByRole("button", { name: "Close" })).toBeNull();
  await user.keyboard("{Escape}");
  await user.click(within(made).getByRole("button", { name: "I have stored it" }));
  expect(screen.queryByText(/lictor_0123456789ab_feed/)).toBeNull();
  await waitFor(() => expect(cache.getMutationCache().getAll()).toEqual([]));
  const body = {
    name: "bo",
    role: "operator",
    clusters: ["users"],
    expires_in_secs: 604_800,
    reason: "on call",
  };
  expect(asked).toEqual([{ method: "POST", path: "/v1/tokens", key: null, body }]);
});

it("a token is revoked with a reason, and who has not heard of it is told", async () => {
  logInAs("admin", mine);
  unheard = ["lictord-3"];
  show();
  await user.click(await screen.findByRole("button", { name: "Revoke ci" }));
  const ask = within(await dialog("Revoke the token ci"));
  expect(ask.queryByText(/you will be logged out/)).toBeNull();
  const confirm = ask.getByRole("button", { name: "Revoke ci" });
  expect(confirm).toHaveProperty("disabled", true);
  await user.type(ask.getByLabelText(/^Reason/), "it leaked{Enter}");
  const said = await dialog("ci was revoked, and some still take it");
  expect(said.textContent).toContain("lictord-3");
  expect(asked).toEqual([
    {
      method: "DELETE",
      path: "/v1/tokens/cccccccccccc",
      key: null,
      body: { reason: "it leaked" },
    },
  ]);
});

it("who revokes their own token is warned", async () => {
  logInAs("admin", mine);
  show();
  await user.click(await screen.findByRole("button", { name: "Revoke ann" }));
  expect((await dialog("Revoke the token ann")).textContent).toContain("you will be logged out");
});
