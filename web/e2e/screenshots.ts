// Takes the pictures of the README, light and dark: the main pages of a laboratory in which a
// primary was killed before.
import { test, visit } from "./test";

const pictures: Record<string, string> = {
  fleet: "/",
  cluster: "/clusters/orders",
  recovery: "/recoveries/:id",
  routing: "/routing?keyspace=shop&key=4711",
};

test.use({ viewport: { width: 1280, height: 720 } });

test("the main pages are pictured", async ({ page, lab }) => {
  const id = await lab.recovery("orders");
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const [name, path] of Object.entries(pictures)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await lab.sound("orders");
      await visit(page, path.replace(":id", id));
      const file = new URL(`../screenshots/${name}-${colorScheme}.png`, import.meta.url).pathname;
      await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
    }
  }
});
