import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import type { ApiProblem, ConfigOutcome } from "../../api/types";
import { complete } from "./document";
import { showPage, type Asked, type Server } from "./fixture";

const rule = (rule_id: number, comment: string) => ({ rule_id, active: true, comment });

const document = complete({
  clusters: { orders: {} },
  hostgroups: [{ id: 10, name: "w", kind: "writer", cluster: "orders", role: "primary" }],
  query_rules: [rule(1, "first"), rule(5, "second"), rule(9, "third")],
});

function outcome({ body, ifMatch }: Asked): ConfigOutcome {
  const base = Number(ifMatch?.replaceAll('"', ""));
  const made = { version: base + 1, at: null, author: "ada", action: "apply", reason: null };
  const change = { kind: "query_rule", key: "1", edit: "changed" as const, fields: [], moves: [] };
  return {
    base,
    made: body.dry_run ? null : made,
    changes: [{ ...change, sentence: "query rule 1 is another", redivided: null }],
    revision: null,
    subscribers: 3,
    acked: 3,
  };
}

function problem(status: number, more: Partial<ApiProblem>): ApiProblem {
  const blank = { type: "about:blank", title: "It was refused", detail: "", code: "X" };
  return { ...blank, status, errors: [], findings: [], conflict: null, leader: null, ...more };
}

function server(change: Server["change"] = outcome): Server {
  return { version: 7, document, change, asked: [] };
}

const handle = (id: number) => screen.findByRole("button", { name: new RegExp(`^Rule ${id},`) });
const comments = () =>
  within(screen.getByRole("list", { name: "Query rules" }))
    .getAllByText(/^(first|second|third)$/)
    .map((one) => one.textContent);

afterEach(cleanup);

describe("the order of rules", () => {
  it("is changed by keys, and the focus goes with the rule", async () => {
    showPage(server(), "?tab=rules");
    const user = userEvent.setup();
    (await handle(9)).focus();
    await user.keyboard("{ArrowUp}");
    expect(comments()).toEqual(["first", "third", "second"]);
    expect(window.document.activeElement).toBe(await handle(5));
    await user.keyboard("{ArrowUp}");
    expect(comments()).toEqual(["third", "first", "second"]);
    expect(screen.getByText("It is rule 1 now, place 1 of 3.")).toBeTruthy();
    expect(screen.getByText(/2 edits of version 7/)).toBeTruthy();
  });
});

describe("a draft", () => {
  async function drafted(made: Server) {
    const router = showPage(made, "?tab=rules");
    const user = userEvent.setup();
    (await handle(9)).focus();
    await user.keyboard("{ArrowUp}");
    return { user, router };
  }
  const preview = () => screen.getByRole("button", { name: "Preview and apply…" });

  it("is previewed first, and put in force with a reason", async () => {
    const made = server();
    const { user } = await drafted(made);
    await user.click(preview());
    await screen.findByText("query rule 1");
    const apply = screen.getByRole("button", { name: "Apply" });
    expect(apply).toHaveProperty("disabled", true);
    await user.type(screen.getByLabelText(/^Reason/), "a better order");
    await user.click(apply);
    await waitFor(() => expect(screen.queryByText("Unsaved draft")).toBeNull());
    expect(made.asked.map(({ ifMatch, body }) => [ifMatch, body.dry_run, body.reason])).toEqual([
      ['"7"', true, "preview"],
      ['"7"', false, "a better order"],
    ]);
    expect(made.asked[1]?.body.document?.query_rules).toEqual([
      rule(1, "first"),
      rule(5, "third"),
      rule(9, "second"),
    ]);
  });

  it("points at the rule that is wrong", async () => {
    const wrong = {
      field: "query_rules[1].flagOUT",
      detail: "no rule has that",
      line: 1,
      column: 2,
    };
    const { user } = await drafted(server(() => problem(400, { errors: [wrong] })));
    await user.click(preview());
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    const link = screen.getByRole("link", { name: "query rule 5" });
    expect(link.getAttribute("href")).toBe("/routing?tab=rules");
    expect(screen.getByText("no rule has that")).toBeTruthy();
  });

  it("that others came before is made again on top of what they did", async () => {
    const made = server((asked) =>
      asked.ifMatch === '"7"'
        ? problem(412, { conflict: { base: 7, head: 8, between: [] } })
        : outcome(asked),
    );
    const { user } = await drafted(made);
    made.version = 8;
    made.document = { ...document, hostgroups: [] };
    await user.click(preview());
    await user.click(await screen.findByRole("button", { name: /on version 8/ }));
    await user.click(preview());
    await screen.findByText("query rule 1");
    const [, again] = made.asked;
    expect(again?.ifMatch).toBe('"8"');
    expect(again?.body.document?.hostgroups).toEqual([]);
    expect(again?.body.document?.query_rules.map((one) => one.comment)).toEqual([
      "first",
      "third",
      "second",
    ]);
  });

  it("is not lost by going elsewhere without being asked", async () => {
    const { user, router } = await drafted(server());
    await router.navigate("/");
    await screen.findByText("Leave with an unsaved draft?");
    await user.click(screen.getByRole("button", { name: "Stay" }));
    expect(screen.getByText("Unsaved draft")).toBeTruthy();
    await router.navigate("/");
    await user.click(await screen.findByRole("button", { name: "Discard and leave" }));
    expect(await screen.findByText("the fleet")).toBeTruthy();
  });
});
