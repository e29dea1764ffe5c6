// What the fleet page loads first: its JavaScript, gzipped, as the built manifest tells.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

export const LIMIT_KB = 350;
const dist = new URL("../dist/", import.meta.url);

/** Each file of the first load with its size in KB. */
export function firstLoad() {
  const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
  const names = new Set();
  for (const entry of ["index.html", "src/pages/fleet/index.tsx"]) follow(manifest, entry, names);
  return [...names]
    .map((name) => manifest[name].file)
    .filter((file) => file.endsWith(".js"))
    .map((file) => {
      const packed = gzipSync(readFileSync(new URL(file, dist)), { level: 9 });
      return { file, kb: packed.length / 1024 };
    });
}

/** The chunk and everything it imports at once. */
function follow(manifest, name, seen) {
  if (seen.has(name)) return;
  seen.add(name);
  for (const next of manifest[name].imports ?? []) follow(manifest, next, seen);
}
