// The laboratory: real MySQL, Consul and Postgres servers under a real lictord, which serves the
// page. It lives as long as this process: it ends when its standard input does.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import type { Cluster, Page, RecoverySummary } from "../src/api/types";

const BINARIES = new URL("../../target/debug/", import.meta.url);
const START_MS = 120_000;
const FAULT_MS = 60_000;
const STOP_MS = 30_000;

/** What may be done to a server; `lab --help` tells what each means. */
export type Fault = "kill" | "freeze" | "thaw" | "restart";

export class Lab {
  /** Where lictord serves. */
  readonly url: string;
  private readonly socket: string;
  private readonly processes: ChildProcess[];

  private constructor(url: string, socket: string, processes: ChildProcess[]) {
    this.url = url;
    this.socket = socket;
    this.processes = processes;
  }

  /** Two clusters of three nodes, `orders` and `users`, and one subscriber to everything. */
  static async start(): Promise<Lab> {
    const lab = spawn(binary("lab"), ["demo", "--anywhere", "--lictords", "1"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { url, socket } = JSON.parse(await firstLine(lab)) as { url: string; socket: string };
    const subscriber = spawn(binary("lictor"), ["--server", url, "route", "watch"], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, LICTOR_ACTOR: "browser-test" },
    });
    return new Lab(url, socket, [subscriber, lab]);
  }

  async stop(): Promise<void> {
    for (const child of this.processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      if (child.stdin) child.stdin.end();
      else child.kill();
      await ended;
      clearTimeout(late);
    }
  }

  /** Does this to a server, or where it breaks something to a cluster's primary. */
  async inflict(fault: Fault, target: string): Promise<void> {
    const args = ["--socket", this.socket, fault, target];
    await promisify(execFile)(binary("lab"), args, { timeout: FAULT_MS });
  }

  /** What lictord answers to a GET. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(new URL(path, this.url), { signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
    return (await response.json()) as T;
  }

  cluster(name: string): Promise<Cluster> {
    return this.get<Cluster>(`/v1/clusters/${name}`);
  }

  /** Waits until a cluster is sound, with a primary and every replica below it; says who is it. */
  async sound(name: string): Promise<Cluster> {
    await expect
      .poll(() => this.cluster(name).then(ailing, String), {
        message: `${name} is sound`,
        timeout: 90_000,
        intervals: [100],
      })
      .toEqual([]);
    return this.cluster(name);
  }

  /** The newest recovery of a cluster, after a failover that is caused when there was none. */
  async recovery(name: string): Promise<string> {
    const newest = async () => {
      const page = await this.get<Page<RecoverySummary>>(`/v1/recoveries?cluster=${name}&limit=1`);
      return page.items[0];
    };
    const known = await newest();
    if (known) return known.id;
    const { primary } = await this.sound(name);
    await this.inflict("kill", primary);
    await expect.poll(async () => (await newest())?.state, { timeout: 90_000 }).toBe("done");
    await this.inflict("restart", primary);
    await this.sound(name);
    return this.recovery(name);
  }
}

/** What keeps a cluster from being sound. */
function ailing(cluster: Cluster): string[] {
  const faults = cluster.nodes
    .filter((node) => node.checks.some((check) => check.status !== "passing"))
    .map((node) => `${node.name} does not pass every check`);
  if (cluster.nodes.some((node) => node.checks.length === 0)) faults.push("a node is not known");
  if (cluster.state !== "serving") faults.push(`it is ${cluster.state}`);
  if (cluster.recovery !== null) faults.push("a recovery is under way");
  return faults.concat(cluster.problems.map((problem) => problem.sentence));
}

function binary(name: string): string {
  return new URL(name, BINARIES).pathname;
}

/** The first line a process writes. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("it has no standard output");
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(() => {
    throw new Error("the laboratory ended before it was ready");
  });
  const signal = AbortSignal.timeout(START_MS);
  const [line] = (await Promise.race([once(lines, "line", { signal }), ended])) as [string];
  // Only when it is over does nobody wait for its end.
  ended.catch(() => undefined);
  return line;
}
