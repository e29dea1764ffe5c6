// Builds the page into dist/, which lictord embeds; `npm run dev` serves it with what lictord (or
// the double, dev/mock.mjs) answers on LICTOR_SERVER.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.LICTOR_SERVER ?? "http://127.0.0.1:7400";

export default defineConfig({
  plugins: [react()],
  server: { port: 7500, proxy: { "/v1": server, "/openapi.json": server, "/docs": server } },
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    // Nothing is inlined: the page's policy forbids data: URLs.
    assetsInlineLimit: 0,
    manifest: true,
    // More than this on first load fails `npm run size`.
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // A loaded machine is no failure; these bound only what never ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ["src/testing.ts"],
  },
});
