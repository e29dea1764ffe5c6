// For tests: the routing page around a part of it, over answers that the test gives.
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { vi } from "vitest";
import { logInAs } from "../../session.fixture";
import { newCache } from "../../api/cache";
import type { ApiProblem, ConfigOutcome } from "../../api/types";
import { TooltipRoom } from "../../ui/Tooltip";
import type { Document } from "./document";
import { Component } from "./index";
import { discard } from "./store";

export interface Asked {
  method: string;
  path: string;
  ifMatch: string | null;
  body: { document?: Document; reason?: string; dry_run?: boolean };
}

/** What is in force, what a change is answered with, and what was asked for. */
export interface Server {
  version: number;
  document: Document;
  change: (asked: Asked) => ConfigOutcome | ApiProblem;
  asked: Asked[];
}

/** Shows the page at a tab, over a server. */
export function showPage(server: Server, search: string) {
  discard();
  logInAs("admin");
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("fetch", (url: string, init: RequestInit) =>
    Promise.resolve(answer(server, url, init)),
  );
  // jsdom has dialogs, and not yet the methods that open and close them.
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  const router = createMemoryRouter(
    [
      { path: "/routing", element: <Component /> },
      { path: "/", element: <p>the fleet</p> },
    ],
    { initialEntries: [`/routing${search}`] },
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

function answer(server: Server, url: string, init: RequestInit): Response {
  const [path = ""] = url.split("?");
  const version = {
    version: server.version,
    at: null,
    author: "ada",
    action: "apply",
    reason: null,
  };
  if (init.method === "GET" && path === "/v1/config") {
    return json({ version, document: server.document, yaml: "" });
  }
  if (path === "/v1/routing") {
    return json({ revision: "1.7", clusters: [], keyspaces: [], hostgroups: [], query_rules: [] });
  }
  if (path === "/v1/config/diff") return json({ from: 1, changes: [] });
  const asked: Asked = {
    method: init.method ?? "",
    path,
    ifMatch: new Headers(init.headers).get("if-match"),
    body: JSON.parse(init.body as string) as Asked["body"],
  };
  server.asked.push(asked);
  const said = server.change(asked);
  return json(said, "status" in said ? said.status : 200);
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}
