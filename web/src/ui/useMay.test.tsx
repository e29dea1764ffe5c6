import { cleanup, render, screen } from "@testing-library/react";
import user from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { cluster, node } from "../pages/cluster/fixture";
import { ClusterActions } from "../pages/cluster/orders/ClusterActions";
import { NodeMenu } from "../pages/cluster/orders/NodeMenu";
import { PolicyTab } from "../pages/cluster/PolicyTab";
import { become } from "../session";
import { logInAs } from "../session.fixture";
import { TooltipRoom } from "./Tooltip";

const ordered = vi.fn();

afterEach(() => {
  cleanup();
  ordered.mockReset();
  become({ state: "out", ended: false });
});

function show() {
  render(
    <TooltipRoom>
      <MemoryRouter>
        <ClusterActions cluster={cluster()} onOrder={ordered} />
        <NodeMenu node={node(2)} isPrimary={false} onOrder={ordered} />
        <PolicyTab cluster={cluster()} />
      </MemoryRouter>
    </TooltipRoom>,
  );
}

const button = (name: string) => screen.getByRole("button", { name });

function whyNot(name: string): string | null {
  const id = button(name).getAttribute("aria-describedby");
  return id === null ? null : (document.getElementById(id)?.textContent ?? "");
}

async function nodeItems(): Promise<(string | null)[]> {
  await user.click(button("Actions for orders-2"));
  return screen.getAllByRole("menuitem").map((item) => item.textContent);
}

it("a viewer cannot order anything, and each button says why", async () => {
  logInAs("viewer", { name: "ann" });
  show();
  for (const name of ["Switch over…", "Fail over…", "Pause…"]) {
    expect(button(name).getAttribute("aria-disabled")).toBe("true");
    expect(whyNot(name)).toBe(
      "Your token ann has the role Viewer. This takes an operator or an administrator.",
    );
    await user.click(button(name));
  }
  await user.click(button("Edit the policy"));
  expect(whyNot("Edit the policy")).toContain("This takes an administrator.");
  expect(await nodeItems()).toEqual(["Open the node's page"]);
  expect(screen.getByRole("menu").textContent).toContain("This takes an operator");
  expect(ordered).not.toHaveBeenCalled();
});

it("an operator orders, and changes no policy and no node's place", async () => {
  logInAs("operator");
  show();
  expect(whyNot("Switch over…")).toBeNull();
  await user.click(button("Switch over…"));
  expect(ordered).toHaveBeenCalledWith({ kind: "switchover", to: null });
  expect(button("Edit the policy").getAttribute("aria-disabled")).toBe("true");
  const items = await nodeItems();
  expect(items).toContain("Rebuild…");
  expect(items.filter((item) => item?.includes("romotion"))).toEqual([]);
});

it("an administrator does everything", async () => {
  logInAs("admin");
  show();
  expect(whyNot("Edit the policy")).toBeNull();
  expect((await nodeItems()).some((item) => item?.includes("romotion"))).toBe(true);
});

it("a token for other clusters is told that it is not good for this one", () => {
  logInAs("operator", { name: "ann", clusters: ["users"] });
  show();
  expect(whyNot("Pause…")).toBe("Your token ann is not good for the cluster orders.");
});
