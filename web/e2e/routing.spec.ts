import type { Config, Resolution } from "../src/api/types";
import { barriers, expect, test, visit } from "./test";

test("a shard is split with a preview, put in force, and rolled back", async ({ page, lab }) => {
  const inForce = async () => (await lab.get<Config>("/v1/config")).version.version;
  const version = await inForce();
  await visit(page, "/routing");
  const shards = page.getByRole("table", { name: "Shards of shop" });
  const rows = shards.getByRole("row");
  await expect(rows).toHaveCount(1 + 4);

  await shards.getByRole("button", { name: "Actions on s0" }).click();
  await page.getByRole("menuitem", { name: "Split…" }).click();
  const split = page.getByRole("dialog", { name: "Split s0" });
  await split.getByLabel("The new shard begins at this hash").fill("20");
  await split.getByLabel("Name of the new shard").fill("s0-high");
  await split.getByLabel("Cluster of the new shard").selectOption("users");
  await split.getByRole("button", { name: "Add to draft" }).click();

  await expect(shards.getByRole("row", { name: /s0-high new/ })).toContainText("20-40");
  const draft = page.getByRole("region", { name: "Unsaved draft" });
  await expect(draft).toContainText(`1 edit of version ${version}; nothing is in force yet.`);
  expect(await inForce()).toBe(version);

  await draft.getByRole("button", { name: "Preview and apply…" }).click();
  const preview = page.getByRole("dialog", { name: "What the draft changes" });
  await expect(preview.getByRole("listitem").filter({ hasText: "shop" }).first()).toContainText(
    "s0-high",
  );
  expect(await barriers(page)).toEqual([]);
  const apply = preview.getByRole("button", { name: "Apply" });
  await expect(apply).toBeDisabled();
  await preview.getByLabel("Reason").fill("s0 is hot");
  await apply.click();
  await expect(page.getByText(`Version ${version + 1} is in force`)).toBeVisible();
  await expect(draft).toBeHidden();
  await expect(rows).toHaveCount(1 + 5);
  expect(await inForce()).toBe(version + 1);

  await page.getByRole("tab", { name: "Versions" }).click();
  const old = page.getByRole("listitem").filter({ hasText: `Version ${version} ` });
  await old.getByRole("button", { name: "Roll back" }).click();
  const back = page.getByRole("dialog", { name: `Roll back to version ${version}` });
  await expect(back).toContainText("s0-high");
  await back.getByLabel("Reason").fill("it was not");
  await back.getByRole("button", { name: `Put version ${version} in force` }).click();
  await expect(page.getByText(`Version ${version + 2} is in force`)).toBeVisible();

  await page.getByRole("tab", { name: "Shards" }).click();
  await expect(rows).toHaveCount(1 + 4);
  await expect(shards).not.toContainText("s0-high");
  await page.reload();
  await expect(rows).toHaveCount(1 + 4);
});

test("a key is found in the shard that owns it, and the answer is a link", async ({
  page,
  lab,
}) => {
  const found = await lab.get<Resolution>("/v1/keyspaces/shop/resolve?key=4711");
  await visit(page, "/routing");
  const ask = page.getByRole("search", { name: "Where does this key live?" });
  await ask.getByLabel("Key", { exact: true }).fill("4711");
  await ask.getByRole("button", { name: "Find" }).click();
  const answer = page.getByText(`4711 lives in shard ${found.shard} on`);
  await expect(answer).toBeVisible();
  await page.reload();
  await expect(answer).toBeVisible();
  await expect(ask.getByLabel("Key", { exact: true })).toHaveValue("4711");
});

test("a statement is tried against the rules in force, and against a draft of them", async ({
  page,
}) => {
  await visit(page, "/routing?tab=rules");
  const tester = page.getByRole("region", { name: "Try a statement" });
  await tester.getByLabel("SQL").fill("SELECT * FROM cart WHERE id = 7");
  await tester.getByRole("button", { name: "Try" }).click();
  await expect(tester).toContainText("It goes to hostgroup 11 orders-readers, by rule 21.");
  await expect(tester).toContainText("only reads");
  const steps = tester.getByRole("table", { name: "Each rule, and why it matched or not" });
  await expect(steps.getByRole("row", { name: /^21 yes/ })).toBeVisible();
  await expect(steps.getByRole("row", { name: /^10 no/ })).toContainText("schema");

  await tester.getByLabel("Schema").fill("users");
  await tester.getByRole("button", { name: "Try" }).click();
  await expect(tester).toContainText("It goes to hostgroup 21 users-readers, by rule 11.");

  const rules = page.getByRole("list", { name: "Query rules" });
  await rules.getByRole("button", { name: "Actions on rule 11" }).click();
  await page.getByRole("menuitem", { name: "Deactivate" }).click();
  await tester.getByRole("button", { name: "Try" }).click();
  await expect(tester).toContainText("It goes to hostgroup 20 users-writer, by rule 12.");
});

test("query rules change their order by keys and by dragging", async ({ page }) => {
  await visit(page, "/routing?tab=rules");
  const rules = page.getByRole("list", { name: "Query rules" });
  const second = rules.getByRole("listitem").nth(1);
  await expect(second).toContainText("11");
  await rules.getByRole("button", { name: /^Rule 10, place 1/ }).press("ArrowDown");
  await expect(rules.getByRole("button", { name: /place 2/ })).toBeFocused();
  await expect(second).toContainText("locking reads go to the primary");
  const draft = page.getByRole("region", { name: "Unsaved draft" });
  await draft.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await expect(draft).toBeHidden();

  const handle = rules.getByRole("button", { name: /place 1:/ });
  const from = await handle.boundingBox();
  const to = await rules.getByRole("button", { name: /place 3:/ }).boundingBox();
  if (!from || !to) throw new Error("the handles are not drawn");
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 8 });
  await page.mouse.up();
  await expect(draft).toContainText("1 edit");
  await expect(rules.getByRole("listitem").nth(2)).toContainText("locking reads go to the primary");
});
