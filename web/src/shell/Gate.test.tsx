import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import user from "@testing-library/user-event";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newCache } from "../api/cache";
import { become, endSession } from "../session";
import { aToken, logInAs } from "../session.fixture";
import { TooltipRoom } from "../ui/Tooltip";
import { Gate } from "./Gate";

const asked: { path: string; method: string; body: unknown }[] = [];
let answer: () => Response | Error;

const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), init);

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("fetch", (path: string, { method = "GET", body }: RequestInit) => {
    if (path !== "/v1/session") return Promise.resolve(json({ items: [], next: null }));
    asked.push({ path, method, body: JSON.parse((body as string | undefined) ?? "null") });
    const next = answer();
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
  become({ state: "out", ended: false });
});
afterEach(() => {
  cleanup();
  become({ state: "out", ended: false });
});

function show() {
  const router = createMemoryRouter(
    [{ element: <Gate />, children: [{ path: "/audit", element: <p>who did what</p> }] }],
    { initialEntries: ["/audit?outcome=denied"] },
  );
  render(
    <QueryClientProvider client={newCache()}>
      <TooltipRoom>
        <RouterProvider router={router} />
      </TooltipRoom>
    </QueryClientProvider>,
  );
  return router;
}

async function tryToken(text = "lictor_0123456789ab_feed") {
  await user.type(screen.getByLabelText("Token"), text);
  await user.click(screen.getByRole("button", { name: "Log in" }));
}

const alert = async () => (await screen.findByRole("alert")).textContent;

it("who is not logged in does, with a token that nobody reads, and is where they wanted to go", async () => {
  const router = show();
  expect(screen.getByLabelText("Token").getAttribute("type")).toBe("password");
  expect(screen.queryByText("who did what")).toBeNull();
  expect(screen.getByText("lictor token create")).toBeTruthy();
  answer = () => json({ token: aToken({ role: "viewer" }), csrf: "c" });
  await tryToken(" lictor_0123456789ab_feed ");
  await screen.findByText("who did what");
  expect(router.state.location.search).toBe("?outcome=denied");
  expect(asked).toEqual([
    { path: "/v1/session", method: "POST", body: { token: "lictor_0123456789ab_feed" } },
  ]);
});

it("says that a token is not taken, and can be told another", async () => {
  show();
  answer = () => json({ code: "BAD_TOKEN" }, { status: 401 });
  await tryToken();
  expect(await alert()).toContain("does not take this token");
  answer = () => json({ token: aToken(), csrf: "c" });
  await user.click(screen.getByRole("button", { name: "Log in" }));
  await screen.findByText("who did what");
});

it("says after too many tries when there can be another", async () => {
  show();
  answer = () =>
    json({ code: "TOO_MANY_REQUESTS" }, { status: 429, headers: { "retry-after": "40" } });
  await tryToken();
  expect(await alert()).toMatch(/Too many tries.*(40|39|38) seconds/);
});

it("says that lictord cannot be reached, and what else it said", async () => {
  show();
  answer = () => new TypeError("connection refused");
  await tryToken();
  expect(await alert()).toContain("lictord cannot be reached");
  answer = () => json({ code: "NOT_ALLOWED", detail: "not from this address" }, { status: 403 });
  await user.click(screen.getByRole("button", { name: "Log in" }));
  await screen.findByText("not from this address");
});

it("says why somebody is at the log-in page who was in", async () => {
  const session = logInAs("viewer");
  show();
  await screen.findByText("who did what");
  act(() => endSession(session));
  const said = await screen.findByRole("status");
  expect(said.textContent).toBe("Your session has ended: the token was revoked or has expired.");
  expect(screen.queryByText("who did what")).toBeNull();
});

it("shows nothing until lictord said who it is, and why it did not", () => {
  become({ state: "asking", error: null });
  show();
  expect(screen.queryByRole("heading")).toBeNull();
  act(() => become({ state: "asking", error: new Error("no answer") }));
  expect(screen.getByText("no answer")).toBeTruthy();
  expect(screen.queryByLabelText("Token")).toBeNull();
});

it("a machine's token is told that it is not for people, and the way out", async () => {
  logInAs("subscriber", { name: "proxysql" });
  show();
  expect(screen.getByRole("heading", { name: "This token is not for people" })).toBeTruthy();
  expect(screen.getByText(/proxysql/)).toBeTruthy();
  expect(screen.queryByText("who did what")).toBeNull();
  answer = () => new Response(null, { status: 204 });
  await user.click(screen.getByRole("button", { name: "Log out" }));
  await screen.findByRole("heading", { name: "Log in" });
  expect(asked.map(({ method }) => method)).toEqual(["DELETE"]);
});

it("the menu says whose token it is and what it is good for, and leads out", async () => {
  logInAs("operator", { name: "bo", clusters: ["orders"] });
  show();
  await user.click(await screen.findByRole("button", { name: "Logged in with the token bo" }));
  const menu = await screen.findByRole("menu");
  expect(menu.textContent).toContain("boOperatorOnly orders");
  expect(screen.queryByRole("link", { name: "Tokens" })).toBeNull();
  answer = () => new Response(null, { status: 204 });
  await user.click(screen.getByRole("menuitem", { name: "Log out" }));
  await screen.findByRole("heading", { name: "Log in" });
});

it("the page of tokens is offered to administrators", async () => {
  logInAs("admin");
  show();
  expect(await screen.findByRole("link", { name: "Tokens" })).toBeTruthy();
});
