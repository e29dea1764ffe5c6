// How the browser tests run: one browser and one laboratory at a time, and nothing is tried twice.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  projects: [
    { name: "journeys", testMatch: "*.spec.ts" },
    { name: "screenshots", testMatch: "screenshots.ts" },
  ],
  outputDir: "../../target/e2e",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  // Patience, not speed: a loaded machine is no failure.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  reporter: "list",
  use: {
    locale: "en-GB",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Chromium's own sandbox needs rights that root in a container does not have.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    },
  },
});
