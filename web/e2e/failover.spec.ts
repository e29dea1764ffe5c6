import { card, expect, test, visit } from "./test";

test("a failover after a real kill -9 is seen as it happens, and its page tells the story", async ({
  page,
  lab,
}) => {
  const { primary } = await lab.sound("users");
  await visit(page, "/clusters/users");
  await expect(card(page, primary, "Primary", "passing")).toBeVisible();
  // Gone, should the page be loaded again.
  await page.evaluate(() => (document.documentElement.dataset.sinceBefore = "yes"));

  await lab.inflict("kill", "users");

  const recovery = page.getByRole("region", { name: "Failover" });
  await expect(recovery.getByRole("status")).toContainText(`took over from ${primary}`);
  const phases = recovery.getByRole("list", { name: "Phases" });
  for (const phase of ["Detect", "Fence", "Elect", "Promote", "Publish"]) {
    await expect(phases.getByRole("listitem").filter({ hasText: phase })).toHaveAttribute(
      "data-state",
      "done",
    );
  }
  await expect(
    recovery.getByRole("table", { name: "Steps" }).getByRole("row", { name: /is elected/ }),
  ).toBeVisible();
  const next = (await lab.cluster("users")).primary;
  expect(next).not.toBe(primary);
  await expect(card(page, next, "Primary")).toBeVisible();
  await expect(card(page, primary, "Primary")).toBeHidden();
  await expect(page.getByRole("treeitem")).toHaveCount(3);
  expect(await page.evaluate(() => document.documentElement.dataset.sinceBefore)).toBe("yes");

  await recovery.getByRole("link", { name: "The whole story" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Failover of users" })).toBeVisible();
  await expect(page.getByRole("main")).toContainText(`${next} took over from ${primary}.`);
  await expect(page.getByRole("main")).toContainText(/The new primary took writes .* after/);
  const timeline = page.getByRole("region", { name: "Timeline" });
  await expect(timeline.getByRole("button", { name: /^Detect: .* is dead/ })).toBeAttached();
  await expect(timeline.getByRole("button", { name: /^Publish: publish/ })).toBeAttached();
  await expect(page.getByRole("region", { name: "Why" })).toContainText("refuses connections");
  await expect(page.getByRole("region", { name: `Fencing of ${primary}` })).toContainText(
    "is dead",
  );
  await expect(page.getByRole("region", { name: "Candidates" })).toContainText(`${next} chosen`);

  await lab.inflict("restart", primary);
  await page.goto("/clusters/users");
  await expect(card(page, primary, "Replica", "passing")).toHaveAttribute("aria-level", "2");
});
