import type { Locator, Page } from "@playwright/test";
import type { AuditRecord, Page as PageOf } from "../src/api/types";
import { barriers, card, expect, test, visit } from "./test";

test("a switchover is rehearsed, confirmed by the cluster's name, and watched step by step", async ({
  page,
  lab,
}) => {
  const { primary, nodes } = await lab.sound("orders");
  const to = nodes.find((node) => node.name !== primary)?.name ?? "";
  await visit(page, "/clusters/orders");
  await page.getByRole("button", { name: /^Logged in with the token/ }).click();
  await page.getByRole("menuitem", { name: "On whose behalf…" }).click();
  const who = page.getByRole("dialog", { name: "On whose behalf do you act?" });
  await who.getByLabel("Name").fill("ada");
  await who.getByRole("button", { name: "Save" }).click();

  await page.getByRole("button", { name: "Switch over…" }).click();
  const dialog = page.getByRole("dialog", { name: "Switch orders over" });
  await dialog.getByLabel("New primary").selectOption(to);
  const give = dialog.getByRole("button", { name: `Switch orders over to ${to}` });
  const checks = dialog.getByRole("list", { name: "Checklist" }).getByRole("listitem");
  await expect(checks.filter({ hasText: "as it should be" }).first()).toBeVisible();
  await expect(checks.filter({ hasText: "stands in the way" })).toHaveCount(0);
  expect(await barriers(page)).toEqual([]);
  await dialog.getByLabel("Reason").fill("a new disk");
  const name = dialog.getByLabel("Type orders to confirm");
  await name.fill("users");
  await expect(give).toBeDisabled();
  expect((await lab.cluster("orders")).primary).toBe(primary);
  await name.fill("orders");
  await give.click();
  await expect(dialog).toBeHidden();

  const recovery = page.getByRole("region", { name: "Switchover" });
  await expect(recovery.getByRole("status")).toContainText(`${to} took over from ${primary}`);
  const phases = recovery.getByRole("list", { name: "Phases" }).getByRole("listitem");
  for (const phase of ["Prepare", "Hold", "Close", "Catch up", "Promote", "Publish"]) {
    await expect(phases.filter({ hasText: phase })).toHaveAttribute("data-state", "done");
  }
  const steps = recovery.getByRole("table", { name: "Steps" });
  await expect(steps.getByRole("row", { name: `open ${to} for writes` })).toBeVisible();
  await expect(card(page, to, "Primary")).toBeVisible();
  expect((await lab.cluster("orders")).primary).toBe(to);
  const audit = await lab.get<PageOf<AuditRecord>>("/v1/audit?target=orders&limit=20");
  expect(audit.items.map((entry) => entry.actor)).toContain("ada");
});

test("a replica is dragged onto another with the mouse, and back by keys", async ({
  page,
  lab,
}) => {
  const { primary, nodes } = await lab.sound("users");
  const [moved, source] = nodes.map((node) => node.name).filter((name) => name !== primary);
  if (moved === undefined || source === undefined) throw new Error("users has no two replicas");
  await visit(page, "/clusters/users");
  await expect(card(page, moved)).toHaveAttribute("aria-level", "2");

  await drag(page, card(page, moved), card(page, source));
  await confirm(page, moved, source);
  await expect(card(page, moved)).toHaveAttribute("aria-level", "3");
  await expect(page.getByText(`${moved} is to follow ${source}.`)).toBeVisible();

  await card(page, moved).focus();
  await page.getByRole("button", { name: `Move ${moved}` }).press("Space");
  const over = page.getByText(`Over ${primary}: drop ${moved} here`);
  await expect(async () => {
    await page.keyboard.press("ArrowDown");
    await expect(over).toBeAttached({ timeout: 500 });
  }).toPass();
  await page.keyboard.press("Space");
  await confirm(page, moved, primary);
  await expect(card(page, moved)).toHaveAttribute("aria-level", "2");
  await lab.sound("users");
});

async function drag(page: Page, what: Locator, onto: Locator): Promise<void> {
  const [from, to] = [await what.boundingBox(), await onto.boundingBox()];
  if (!from || !to) throw new Error("the cards are not drawn");
  // Below the name, which is a link.
  await page.mouse.move(from.x + from.width / 2, from.y + from.height * 0.6);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2, to.y + to.height * 0.6, { steps: 10 });
  await page.mouse.up();
}

/** The order is asked for, with what the server found, before anything happens. */
async function confirm(page: Page, node: string, source: string): Promise<void> {
  const dialog = page.getByRole("dialog", { name: `Make ${node} follow another node` });
  const give = dialog.getByRole("button", { name: `Make ${node} follow ${source}` });
  await expect(give).toBeDisabled();
  await dialog.getByLabel("Reason").fill("to try it");
  await give.click();
  await expect(dialog).toBeHidden();
}
