// The one way to lictord's REST API: JSON in, JSON out, an `ApiError` for everything else.
//
// A mutation carries what proves that this page sends it (`Lictor-Csrf`), the name of the person
// (`Lictor-Actor`), what it was made from (`If-Match`) and a key (`Idempotency-Key`) under which it
// happens at most once. Nothing is retried here: who asks decides. An answer that lictord knows the
// session no more ends it.
import { currentSession, endSession } from "../session";
import { currentSettings } from "../settings";
import type { ApiProblem } from "./types";

export type Params = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface Request {
  params?: Params;
  signal?: AbortSignal;
  /** The configuration version this starts from; sent quoted as If-Match. */
  ifMatch?: number;
  /** See `newKey`. */
  idempotencyKey?: string;
  /** Another reading of JSON than the browser's own; see lossless.ts. */
  json?: Json;
}

/** How JSON is read and written. */
export interface Json {
  read: (text: string) => unknown;
  write: (value: unknown) => string;
}

const own: Json = {
  read: (text) => JSON.parse(text) as unknown,
  write: (value) => JSON.stringify(value),
};

/** What came back with the body. `version`: the ETag's number where the answer has one. */
export interface Answer<T> {
  data: T;
  status: number;
  version: number | null;
  location: string | null;
}

/** A request that did not succeed; `problem` is what lictord said, or what stands for it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: ApiProblem;
  /** For how long lictord wants no other try, in seconds; null where it did not say. */
  readonly retryAfter: number | null;
  constructor(problem: ApiProblem, retryAfter: number | null = null) {
    super(problem.detail || problem.title);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** No answer within this; the server's own deadlines are shorter. */
const DEADLINE_MS = 60_000;

export const api = {
  get: async <T>(path: string, request: Request = {}): Promise<T> =>
    (await send<T>("GET", path, undefined, request)).data,
  post: async <T>(path: string, body: unknown, request: Request = {}): Promise<T> =>
    (await send<T>("POST", path, body, request)).data,
  put: async <T>(path: string, body: unknown, request: Request = {}): Promise<T> =>
    (await send<T>("PUT", path, body, request)).data,
  patch: async <T>(path: string, body: unknown, request: Request = {}): Promise<T> =>
    (await send<T>("PATCH", path, body, request)).data,
  delete: async <T>(path: string, body?: unknown, request: Request = {}): Promise<T> =>
    (await send<T>("DELETE", path, body, request)).data,
  /** Any of them, with status, ETag and Location. */
  send,
};

/** All items of a paged list, at most `limit` at a time. */
export async function everyPage<T>(path: string, request: Request = {}, limit = 500): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const params: Params = { ...request.params, limit, after: after ?? undefined };
    const page: { items: T[]; next: string | null } = await api.get(path, { ...request, params });
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return items;
}

/** A key for one action of a person: sent again with the same body, nothing happens twice. */
export function newKey(): string {
  // Not randomUUID: it exists in secure contexts only, and lictord may stand on plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A path with each part encoded: path`/v1/nodes/${name}`. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)));
}

/** Where `path` with `params` is; `undefined` is left out, a list is repeated. */
export function url(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? (value as string[]) : [String(value)])
      query.append(key, one);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function send<T>(
  method: string,
  path: string,
  body: unknown,
  request: Request,
): Promise<Answer<T>> {
  const session = currentSession();
  const response = await reach(method, url(path, request.params), body, request);
  if (response.status === 401) endSession(session);
  if (!response.ok) throw await errorOf(response);
  const data = response.status === 204 ? undefined : await bodyOf(response, request.json ?? own);
  return {
    data: data as T,
    status: response.status,
    version: versionOf(response.headers.get("etag")),
    location: response.headers.get("location"),
  };
}

async function reach(method: string, url: string, body: unknown, request: Request) {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
  try {
    return await fetch(url, {
      method,
      headers: headersOf(method, body, request),
      body: body === undefined ? undefined : (request.json ?? own).write(body),
      signal,
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw deadline.aborted
      ? local("DEADLINE", "No answer in time")
      : local("UNREACHABLE", "lictord cannot be reached");
  }
}

function headersOf(method: string, body: unknown, request: Request): Headers {
  const headers = new Headers({ accept: "application/json, application/problem+json" });
  if (body !== undefined) headers.set("content-type", "application/json");
  if (request.ifMatch !== undefined) headers.set("if-match", `"${request.ifMatch}"`);
  if (request.idempotencyKey) headers.set("idempotency-key", request.idempotencyKey);
  const { actor } = currentSettings();
  if (method !== "GET" && actor) headers.set("lictor-actor", actor);
  const csrf = currentSession()?.csrf;
  if (method !== "GET" && csrf) headers.set("lictor-csrf", csrf);
  return headers;
}

async function bodyOf(response: Response, json: Json): Promise<unknown> {
  try {
    return json.read(await response.text());
  } catch {
    throw local("NOT_JSON", "The answer is not JSON: something between here and lictord answered");
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const fallback = local(
    `HTTP_${response.status}`,
    response.statusText || `HTTP ${response.status}`,
  ).problem;
  const said = (await response.json().catch(() => null)) as Partial<ApiProblem> | null;
  const problem = { ...fallback, status: response.status, ...said };
  return new ApiError(problem, secsOf(response.headers.get("retry-after")));
}

function local(code: string, title: string): ApiError {
  return new ApiError({
    type: "about:blank",
    title,
    status: 0,
    detail: title,
    code,
    errors: [],
    findings: [],
    conflict: null,
    leader: null,
  });
}

function secsOf(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}

function versionOf(etag: string | null): number | null {
  const number = /^(?:W\/)?"(\d+)"$/.exec(etag ?? "")?.[1];
  return number === undefined ? null : Number(number);
}
