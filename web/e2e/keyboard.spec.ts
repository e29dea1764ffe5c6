import { barriers, card, expect, test, visit } from "./test";

test("Ctrl-K leads to any node by a part of its name", async ({ page }) => {
  await visit(page, "/");
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Jump to…" });
  await expect(palette).toBeVisible();
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(palette).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("users-2");
  await expect(palette.getByRole("option", { name: "users-2" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/nodes/users-2");
  await expect(page.getByRole("main")).toBeFocused();
});

test("the Tab key reaches what there is to do on the fleet page, in the order one reads", async ({
  page,
}) => {
  await visit(page, "/");
  const stops = [
    page.getByRole("link", { name: "Skip to the content" }),
    page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Fleet" }),
    page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Audit" }),
    page.getByRole("button", { name: "Jump to…" }),
    page.getByRole("button", { name: "Theme" }),
    page.getByRole("button", { name: "Healthy" }),
    page.getByRole("searchbox", { name: "Search clusters" }),
    page.getByRole("combobox", { name: "Health" }),
    page
      .getByRole("table", { name: "Clusters" })
      .getByRole("link", { name: "orders", exact: true }),
  ];
  for (const stop of stops) {
    await expect(async () => {
      await page.keyboard.press("Tab");
      await expect(stop).toBeFocused({ timeout: 1 });
    }).toPass({ intervals: [0] });
  }
});

test("the skip link leads past the navigation", async ({ page }) => {
  await visit(page, "/");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const main = page.getByRole("main");
  await expect(main.locator(":focus")).toBeVisible();
});

test("the fleet is searched and opened without a mouse", async ({ page }) => {
  await visit(page, "/");
  await page.keyboard.press("/");
  await page.keyboard.type("user");
  const table = page.getByRole("table", { name: "Clusters" });
  await expect(table.getByRole("link", { name: "orders", exact: true })).toBeHidden();
  await expect(page).toHaveURL(/q=user/);
  await page.keyboard.press("ArrowDown");
  await expect(table.getByRole("link", { name: "users", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/clusters/users");
});

test("arrow keys walk the replication tree", async ({ page, lab }) => {
  const { primary } = await lab.sound("orders");
  await visit(page, "/clusters/orders");
  const tree = page.getByRole("tree", { name: "Replication tree of orders" });
  const top = card(page, primary, "Primary");
  await top.focus();
  await page.keyboard.press("ArrowDown");
  await expect(tree.getByRole("treeitem", { level: 2, selected: true })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(top).toBeFocused();
});

test("the page speaks Chinese when told to, and remembers it", async ({ page }) => {
  await visit(page, "/");
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitemradio", { name: "中文" }).click();
  const html = page.locator("html");
  await expect(html).toHaveAttribute("lang", "zh");
  const nav = page.getByRole("navigation").first();
  await expect(nav).toContainText("集群");
  await expect(nav).not.toContainText(/Fleet|Problems|Recoveries|Routing/);
  await page.reload();
  await expect(html).toHaveAttribute("lang", "zh");
  await expect(nav).toContainText("集群");
});

test("the page is dark when told to, and remembers it", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await visit(page, "/");
  const ground = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await expect.poll(ground).toBe(dark);
});
