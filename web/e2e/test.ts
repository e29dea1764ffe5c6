// What every browser test has: the laboratory, one for the whole run, and a page that is watched and
// in which an administrator is logged in.
//
// A test fails when its page writes an error to the console, breaks its content security policy,
// throws, or asks anybody but lictord for anything.
import { AxeBuilder } from "@axe-core/playwright";
import {
  test as base,
  expect,
  type ConsoleMessage,
  type Locator,
  type Page,
} from "@playwright/test";
import { Lab, NOTHING_KEPT, type Kept } from "./lab";

interface Options {
  /** Errors in the console that the test causes itself. */
  tolerated: RegExp | null;
}

export const test = base.extend<Options, { lab: Lab; administrator: Kept }>({
  tolerated: [null, { option: true }],
  lab: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the pattern.
    async ({}, give) => {
      const lab = await Lab.start();
      await give(lab);
      await lab.stop();
    },
    { scope: "worker", timeout: 180_000 },
  ],
  administrator: [async ({ lab }, give) => give(await lab.session(lab.token)), { scope: "worker" }],
  baseURL: ({ lab }, give) => give(lab.url),
  // Every page begins logged in, but for a test that says otherwise.
  storageState: ({ administrator }, give) => give(administrator),
  page: async ({ page, lab, tolerated }, give) => {
    const faults: string[] = [];
    await watch(page, lab.url, (fault) => {
      if (!tolerated?.test(fault)) faults.push(fault);
    });
    await give(page);
    expect(faults, "what the page did wrong").toEqual([]);
  },
});

export { expect, NOTHING_KEPT };

/** Opens a page of the UI, and waits until it is live and shows no placeholder any more. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByText("Loading…")).toHaveCount(0);
}

/** A node in the picture of a cluster, when it is said to be so. */
export function card(page: Page, node: string, ...words: string[]): Locator {
  return page.getByRole("treeitem", { name: new RegExp([`^${node}`, ...words].join("\\W+")) });
}

/** What axe finds in the page as it stands. */
export async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary ?? ""}`),
  );
}

async function watch(page: Page, home: string, tell: (fault: string) => void): Promise<void> {
  page.on("console", (message: ConsoleMessage) => {
    if (message.type() === "error") tell(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("response", (response) => {
    if (response.status() < 400) return;
    const what = `${response.status()} ${response.url()}`;
    void response.text().then((body) => tell(`answered: ${what} ${body}`), String);
  });
  page.on("pageerror", (error) => tell(`thrown: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== new URL(home).origin && url.protocol.startsWith("http")) {
      tell(`left the origin: ${request.url()}`);
    }
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI}`);
    });
  });
}
