// Measures the page in headless Chromium with 500 clusters of the double: when the fleet page is
// first painted and full, and how long an event takes to the screen. Prints what it measured, and
// fails when it is slower than what is to be reached. Run after a build.
//
//   node dev/measure.mjs [--clusters 500] [--events 100]   (other events a second, meanwhile)
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { firstLoad, LIMIT_KB } from "./first-load.mjs";

const FIRST_PAINT_MS = 1000;
const EVENT_MS = 100;
const TIMES = 30;
const VISITS = 5;

const { values: args } = parseArgs({
  options: {
    clusters: { type: "string", default: "500" },
    events: { type: "string", default: "100" },
    port: { type: "string", default: "7499" },
    browser: { type: "string", default: process.env.CHROMIUM ?? "/usr/bin/chromium" },
  },
});

const tenth = (value) => Math.round(value * 10) / 10;

/** Of an odd or large number of figures. */
function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, median, max] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return { min: tenth(min), median: tenth(median), max: tenth(max) };
}

const told = ({ min, median, max }) => `${median} ms (${min} to ${max})`;

/** A session, as the log-in page makes it. */
async function logIn(context, base) {
  const answer = await context.request.post(`${base}v1/session`, { data: { token: "admin" } });
  if (!answer.ok()) throw new Error(`log in: HTTP ${answer.status()}`);
}

/** One visit with an empty cache: ms from the navigation to the first paint and to the full list. */
async function visit(browser, base) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await logIn(context, base);
  const page = await context.newPage();
  await page.goto(base);
  await page.locator("tbody [data-index]").first().waitFor();
  const times = await page.evaluate(async () => {
    const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    while (painted() === undefined) await new Promise((next) => requestAnimationFrame(next));
    return { paint: painted(), full: performance.now() };
  });
  return { context, page, times };
}

/** ms from the order that causes an event until what it changed is painted: the order included. */
function orderToScreen(page, row) {
  return page.evaluate(async (at) => {
    const { csrf } = await (await fetch("/v1/session")).json();
    const line = document.querySelectorAll("tbody [data-index]")[at];
    const name = line.querySelector("a").textContent;
    const before = line.textContent;
    const order = line.textContent.includes("Paused") ? "resume" : "pause";
    const from = performance.now();
    const seen = new Promise((resolve) => {
      const watch = new MutationObserver(() => {
        if (line.textContent.includes("Paused") === before.includes("Paused")) return;
        watch.disconnect();
        // The frame after this one begins when this one has been painted.
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - from)));
      });
      watch.observe(line, { subtree: true, childList: true, characterData: true });
    });
    const body = JSON.stringify({ reason: "to measure" });
    const headers = { "lictor-csrf": csrf };
    await fetch(`/v1/clusters/${name}/${order}`, { method: "POST", headers, body });
    return seen;
  }, row);
}

async function measure(base) {
  const browser = await chromium.launch({
    executablePath: args.browser,
    // Chromium's own sandbox needs rights that root in a container does not have.
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
  try {
    const visits = [];
    let last = null;
    for (let at = 0; at < VISITS; at += 1) {
      await last?.context.close();
      last = await visit(browser, base);
      visits.push(last.times);
    }
    const events = [];
    for (let at = 0; at < TIMES; at += 1) events.push(await orderToScreen(last.page, at % 10));
    return { paint: visits.map((one) => one.paint), full: visits.map((one) => one.full), events };
  } finally {
    await browser.close();
  }
}

const { clusters, events, port } = args;
const double = spawn(
  process.execPath,
  [
    new URL("mock.mjs", import.meta.url).pathname,
    "--port",
    port,
    "--clusters",
    clusters,
    "--events",
    events,
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
try {
  await once(double.stdout, "data");
  const found = await measure(`http://127.0.0.1:${port}/`);
  const figures = {
    bench: "web",
    clusters: Number(clusters),
    events_per_second: Number(events),
    first_paint_ms: spread(found.paint),
    fleet_ms: spread(found.full),
    event_to_screen_ms: spread(found.events),
    first_load_js_kb: tenth(firstLoad().reduce((sum, { kb }) => sum + kb, 0)),
  };
  console.log(`${clusters} clusters of the double, ${events} other events a second`);
  console.log(`first paint      ${told(figures.first_paint_ms)}, at most ${FIRST_PAINT_MS}`);
  console.log(`the whole fleet  ${told(figures.fleet_ms)}`);
  console.log(`event to screen  ${told(figures.event_to_screen_ms)}, at most ${EVENT_MS}`);
  console.log(`JavaScript       ${figures.first_load_js_kb} KB gzipped, at most ${LIMIT_KB}`);
  console.log(JSON.stringify(figures));
  const reached =
    figures.first_paint_ms.median <= FIRST_PAINT_MS &&
    figures.event_to_screen_ms.median <= EVENT_MS &&
    figures.first_load_js_kb <= LIMIT_KB;
  if (!reached) process.exitCode = 1;
} finally {
  double.kill();
}
