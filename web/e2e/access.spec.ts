import type { Browser, Page } from "@playwright/test";
import type { ApiProblem, Session } from "../src/api/types";
import type { Lab } from "./lab";
import { barriers, expect, NOTHING_KEPT, test, visit } from "./test";

/** A page of another browser, that keeps what it is given. */
async function another(browser: Browser, lab: Lab, storageState = NOTHING_KEPT): Promise<Page> {
  const context = await browser.newContext({ baseURL: lab.url, storageState });
  return context.newPage();
}

async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
}

test.describe("without a session", () => {
  test.use({ storageState: NOTHING_KEPT, tolerated: /401/ });

  test("every page leads to the log-in page, and that to where one wanted to go", async ({
    page,
    lab,
  }) => {
    await page.goto("/clusters/orders?tab=policy");
    await expect(page.getByRole("heading", { level: 1, name: "Log in" })).toBeVisible();
    await expect(page.getByText("orders", { exact: true })).toHaveCount(0);
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    expect(await barriers(page), "light, 1440 px").toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 375, height: 812 });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth))
      .toBeLessThanOrEqual(375);
    expect(await barriers(page), "dark, 375 px").toEqual([]);

    await logIn(page, "lictor_000000000000_wrong");
    await expect(page.getByRole("alert")).toContainText("lictord does not take this token");
    await page.setViewportSize({ width: 1440, height: 900 });
    await logIn(page, lab.token);
    await expect(page.getByRole("heading", { level: 1, name: "orders" })).toBeVisible();
    await expect(page).toHaveURL("/clusters/orders?tab=policy");
    await expect(page.getByRole("tab", { name: "Policy" })).toHaveAttribute(
      "aria-selected",
      "true",
    );

    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "orders" })).toBeVisible();
    const kept = await page.evaluate(
      () => JSON.stringify(Object.entries(localStorage)) + document.cookie,
    );
    expect(kept).not.toContain("lictor_");

    await page.goto("/audit?outcome=denied");
    await expect(page.getByRole("row", { name: /\/v1\/session/ }).first()).toContainText("Denied");

    await page.getByRole("button", { name: /^Logged in with the token/ }).click();
    await page.getByRole("menuitem", { name: "Log out" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Log in" })).toBeVisible();
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Log in" })).toBeVisible();
  });

  test("a token of a machine is told that it is not for people", async ({ page, lab }) => {
    const { secret } = await lab.makeToken("a-proxy", "subscriber");
    await page.goto("/");
    await logIn(page, secret);
    await expect(
      page.getByRole("heading", { level: 1, name: "This token is not for people" }),
    ).toBeVisible();
    expect(await barriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Log out" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Log in" })).toBeVisible();
  });
});

test("a viewer is offered no order, and lictord refuses one that is sent all the same", async ({
  page,
  browser,
  lab,
}) => {
  const { secret } = await lab.makeToken("looks-only", "viewer");
  const theirs = await another(browser, lab, await lab.session(secret));
  await visit(theirs, "/clusters/orders");
  for (const name of ["Switch over…", "Fail over…", "Pause…"]) {
    const button = theirs.getByRole("button", { name });
    await expect(button).toBeDisabled();
    await expect(button).toHaveAccessibleDescription(/This takes an operator/);
  }
  const main = theirs.getByRole("navigation", { name: "Main" });
  await expect(main.getByRole("link", { name: "Audit" })).toBeVisible();
  await expect(main.getByRole("link", { name: "Tokens" })).toHaveCount(0);
  expect(await barriers(theirs)).toEqual([]);

  const refused = await theirs.evaluate(async () => {
    const { csrf } = (await (await fetch("/v1/session")).json()) as Session;
    const response = await fetch("/v1/clusters/orders/pause", {
      method: "POST",
      headers: { "content-type": "application/json", "lictor-csrf": csrf ?? "" },
      body: JSON.stringify({ reason: "to see what happens", for_secs: 60 }),
    });
    return { status: response.status, problem: (await response.json()) as ApiProblem };
  });
  expect(refused).toMatchObject({ status: 403, problem: { code: "NOT_ALLOWED" } });
  expect((await lab.cluster("orders")).pause).toBeNull();

  await visit(page, "/audit?outcome=denied");
  const denied = page.getByRole("row", { name: /\/v1\/clusters\/orders\/pause/ });
  await expect(denied.first()).toContainText("looks-only");
  await theirs.context().close();
});

test("a token is made, used, and revoked while it is in use", async ({ page, browser, lab }) => {
  await visit(page, "/tokens");
  await page.getByRole("button", { name: "Create token" }).click();
  const ask = page.getByRole("dialog", { name: "Create a token" });
  await ask.getByLabel("Name").fill("a-guest");
  await ask.getByLabel("Role").selectOption("operator");
  await ask.getByLabel("Expires").selectOption("day");
  await ask.getByLabel("Reason").fill("to look around");
  expect(await barriers(page)).toEqual([]);
  await ask.getByRole("button", { name: "Create token" }).click();
  const made = page.getByRole("dialog", { name: "The token a-guest was made" });
  const secret = (await made.getByRole("group", { name: "Token" }).innerText()).trim();
  expect(secret).toMatch(/^lictor_[0-9a-f]{12}_[0-9a-f]{64}$/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(made).toBeVisible();
  expect(await barriers(page)).toEqual([]);
  await made.getByRole("button", { name: "I have stored it" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);

  const theirs = await another(browser, lab);
  await theirs.goto("/clusters/users");
  await logIn(theirs, secret);
  await expect(theirs.getByRole("button", { name: "Switch over…" })).toBeEnabled();
  await expect(theirs.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
  await theirs.getByRole("tab", { name: "Policy" }).click();
  await expect(theirs.getByRole("button", { name: "Edit the policy" })).toBeDisabled();
  const row = page.getByRole("row", { name: /^a-guest/ });
  await expect(row).not.toContainText("Never");

  await page.getByRole("button", { name: "Revoke a-guest" }).click();
  const end = page.getByRole("dialog", { name: "Revoke the token a-guest" });
  const revoke = end.getByRole("button", { name: "Revoke a-guest" });
  await expect(revoke).toBeDisabled();
  await end.getByLabel("Reason").fill("they have seen it");
  await revoke.click();
  await expect(end).toBeHidden();
  await expect(row).toContainText("Revoked");

  // Nobody touched that page.
  await expect(theirs.getByText("Your session has ended")).toBeVisible();
  await expect(theirs.getByRole("button", { name: "Switch over…" })).toHaveCount(0);
  await logIn(theirs, secret);
  await expect(theirs.getByRole("alert")).toContainText("lictord does not take this token");
  await theirs.context().close();
});
