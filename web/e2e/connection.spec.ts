import { expect, test, visit } from "./test";

// What a browser says of a server that is gone.
test.use({ tolerated: /net::ERR_|503/ });

test("the page says that lictord is gone, and is up to date when it is back", async ({
  page,
  lab,
}) => {
  const { primary } = await lab.sound("orders");
  await visit(page, "/");
  const row = page.getByRole("table", { name: "Clusters" }).getByRole("row", { name: /^orders/ });
  await expect(row.getByRole("link", { name: primary })).toBeVisible();

  await lab.inflict("kill", "lictord");
  await expect(
    page.getByText(/The connection to lictord was lost at .* trying again/),
  ).toBeVisible();
  await expect(page.getByRole("banner").getByText("Connection lost")).toBeVisible();
  await expect(row.getByRole("link", { name: primary })).toBeVisible();

  // Nobody is there to tell the page of this.
  await lab.inflict("kill", primary);
  await lab.inflict("restart", "lictord");
  await expect(page.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByText(/The connection to lictord was lost/)).toBeHidden();
  await expect(row.getByRole("link", { name: primary })).toBeHidden({ timeout: 30_000 });
  const next = (await lab.cluster("orders")).primary;
  expect(next).not.toBe(primary);
  await expect(row.getByRole("link", { name: next })).toBeVisible();

  await lab.inflict("restart", primary);
  await lab.sound("orders");
  await expect(row).toContainText("3/3");
});

test("a lictord that falls silent is a lost one", async ({ page, lab }) => {
  await visit(page, "/control-plane");
  await lab.inflict("freeze", "lictord");
  const lost = page.getByText(/The connection to lictord was lost/);
  await expect(lost).toBeVisible({ timeout: 20_000 });
  await lab.inflict("thaw", "lictord");
  await expect(lost).toBeHidden({ timeout: 30_000 });
  await expect(page.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
  await lab.sound("orders");
});
