// What every page owes: it can be linked to, has no accessibility fault that axe finds, light and
// dark, and fits a telephone. That it asks nobody but lictord and keeps its policy, every test sees.
import { barriers, expect, test, visit } from "./test";

const pages: Record<string, string> = {
  fleet: "/",
  cluster: "/clusters/orders",
  "cluster's policy": "/clusters/orders?tab=policy",
  "cluster's recoveries": "/clusters/orders?tab=recoveries",
  "cluster's connections": "/clusters/orders?tab=connections",
  node: "/nodes/orders-2",
  recoveries: "/recoveries",
  recovery: "/recoveries/:id",
  "shard map": "/routing",
  hostgroups: "/routing?tab=hostgroups",
  "query rules": "/routing?tab=rules",
  versions: "/routing?tab=versions",
  subscribers: "/subscribers",
  "control plane": "/control-plane",
  problems: "/problems",
  history: "/problems?tab=history",
  audit: "/audit",
  tokens: "/tokens",
  availability: "/availability",
  "unknown address": "/no/such/page",
};

for (const [name, path] of Object.entries(pages)) {
  test(`${name}: axe finds nothing, and it fits`, async ({ page, lab }) => {
    await visit(page, path.replace(":id", await lab.recovery("orders")));
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    expect(await barriers(page), "light, 1440 px").toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 375, height: 812 });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth))
      .toBeLessThanOrEqual(375);
    expect(await barriers(page), "dark, 375 px").toEqual([]);
  });
}

test("an address leads back to the same view of it", async ({ page }) => {
  await visit(page, "/clusters/orders");
  await page.getByRole("tab", { name: "Connections" }).click();
  await page.reload();
  await expect(page.getByRole("tab", { name: "Connections" })).toHaveAttribute(
    "aria-selected",
    "true",
  );
  await page.goBack();
  await expect(page.getByRole("tab", { name: "Topology" })).toHaveAttribute(
    "aria-selected",
    "true",
  );

  await visit(page, "/");
  await page.getByRole("searchbox", { name: "Search clusters" }).fill("users");
  const rows = page.getByRole("table", { name: "Clusters" }).getByRole("row");
  await expect(rows).toHaveCount(1 + 1);
  await page.reload();
  await expect(rows).toHaveCount(1 + 1);
});

test("the API's own pages are lictord's as well", async ({ page }) => {
  await page.goto("/docs");
  await expect(page.getByRole("heading", { name: /Lictor/ }).first()).toBeVisible();
  await expect(page.getByText("/v1/clusters", { exact: true }).first()).toBeVisible();
});
