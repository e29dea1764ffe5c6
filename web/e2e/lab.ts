// The laboratory: real MySQL, Consul and Postgres servers under a real lictord, which serves the
// page. It lives as long as this process: it ends when its standard input does.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, type BrowserContextOptions } from "@playwright/test";
import type {
  Cluster,
  CreatedToken,
  LogInRequest,
  Page,
  RecoverySummary,
  TokenRole,
} from "../src/api/types";

const BINARIES = new URL("../../target/debug/", import.meta.url);
const START_MS = 120_000;
const FAULT_MS = 60_000;
const STOP_MS = 30_000;

/** What may be done to a server; `lab --help` tells what each means. */
export type Fault = "kill" | "freeze" | "thaw" | "restart";

/** What a browser keeps: a session, or nothing. */
export type Kept = Exclude<BrowserContextOptions["storageState"], string | undefined>;

export const NOTHING_KEPT: Kept = { cookies: [], origins: [] };

interface Started {
  url: string;
  socket: string;
  /** Holds an administrator's token. */
  token_file: string;
}

export class Lab {
  /** Where lictord serves. */
  readonly url: string;
  /** An administrator's. */
  readonly token: string;
  private readonly socket: string;
  private readonly processes: ChildProcess[];

  private constructor({ url, socket }: Started, token: string, processes: ChildProcess[]) {
    this.url = url;
    this.token = token;
    this.socket = socket;
    this.processes = processes;
  }

  /** Two clusters of three nodes, `orders` and `users`, and one subscriber to everything. */
  static async start(): Promise<Lab> {
    const lab = spawn(binary("lab"), ["demo", "--anywhere", "--lictords", "1"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const started = JSON.parse(await firstLine(lab)) as Started;
    const { url, token_file } = started;
    const subscriber = spawn(binary("lictor"), ["--server", url, "route", "watch"], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, LICTOR_ACTOR: "browser-test", LICTOR_TOKEN_FILE: token_file },
    });
    const token = (await readFile(token_file, "utf8")).trim();
    return new Lab(started, token, [subscriber, lab]);
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
  get<T>(path: string): Promise<T> {
    return this.ask<T>("GET", path);
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = new Headers({ authorization: `Bearer ${this.token}` });
    if (body) headers.set("content-type", "application/json");
    const response = await this.send(method, path, headers, body);
    return (await response.json()) as T;
  }

  private async send(method: string, path: string, headers: Headers, body?: object) {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}`);
    return response;
  }

  /** A new token for every cluster. */
  makeToken(name: string, role: TokenRole): Promise<CreatedToken> {
    return this.ask<CreatedToken>("POST", "/v1/tokens", { name, role, reason: "a browser test" });
  }

  /** A session as the log-in page makes it, for a browser to keep. */
  async session(token: string): Promise<Kept> {
    const body: LogInRequest = { token };
    const headers = new Headers({ "content-type": "application/json" });
    const response = await this.send("POST", "/v1/session", headers, body);
    const [cookie = ""] = response.headers.getSetCookie();
    const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? [];
    if (name === undefined || value === undefined) throw new Error("it set no cookie");
    const { hostname: domain } = new URL(this.url);
    const kept = { name, value, domain, path: "/", expires: -1, httpOnly: true, secure: false };
    return { cookies: [{ ...kept, sameSite: "Strict" }], origins: [] };
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
