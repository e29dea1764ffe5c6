// Prints what the fleet page loads first, gzipped, and fails above the limit. Run after a build.
import { firstLoad, LIMIT_KB } from "./first-load.mjs";

const told = (kb) => `${kb.toFixed(1).padStart(8)} KB `;
const files = firstLoad();
for (const { file, kb } of files) console.log(told(kb), file);
const total = files.reduce((sum, { kb }) => sum + kb, 0);
console.log(told(total), `JavaScript on first load, gzipped (at most ${LIMIT_KB})`);
if (total > LIMIT_KB) process.exit(1);
