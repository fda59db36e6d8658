import type { Board } from "../board/types";
import { decodeBlocks, type Block } from "./blocks";
import { brought } from "./brought";
import type { CompareAnswer, OutputAnswer, RunDetail, RunEvent, RunsAnswer, ServerInfo, AlertEvent } from "./types";

/** What the server refused, or that it could not be reached. `help` says what to do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly help: string,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The server asks who we are. */
  get locked(): boolean {
    return this.status === 401;
  }
}

export const ROOT = "/api/v1";

type Query = Record<string, string | number | boolean | undefined | readonly string[]>;

/** An address of the API with its query; what is undefined or empty is left out, lists repeat their name. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    if (typeof value === "object") for (const one of value) search.append(name, one);
    else search.set(name, String(value));
  }
  const text = search.toString();
  return `${ROOT}${path}${text ? `?${text}` : ""}`;
}

let unlock: (() => Promise<void>) | undefined;

/** Who asks for the token when the server wants one; the request waits, and is made again. */
export function onLocked(ask: () => Promise<void>): void {
  unlock = ask;
}

async function refused(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as { error?: unknown; help?: unknown };
    if (typeof body.error === "string") return new ApiError(response.status, body.error, typeof body.help === "string" ? body.help : "");
  } catch {
    // Not ours: something between the page and the server answered.
  }
  return new ApiError(response.status, `the server answered ${response.status} ${response.statusText}`.trim(), text.slice(0, 300));
}

/** Makes a request; an answer that is no success is an `ApiError`. `asked`: nobody is to be asked for the token. */
export async function request(path: string, init: RequestInit = {}, asked = false): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "the server cannot be reached", "is `aether dash` still running? This page goes on by itself once it is.");
  }
  if (response.ok) return response;
  if (response.status === 401 && unlock && !asked) {
    await unlock();
    return request(path, init, true);
  }
  throw await refused(response);
}

async function json<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const from = address(path, query);
  const known = brought(from);
  if (known !== undefined) return known as T;
  const response = await request(from, { headers: { accept: "application/json" }, ...(signal && { signal }) });
  return (await response.json()) as T;
}

async function send<T>(method: string, path: string, body: unknown, asked = false): Promise<T> {
  const response = await request(address(path), { method, headers: { accept: "application/json", "content-type": "application/json" }, body: JSON.stringify(body) }, asked);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export interface RunsQuery {
  q?: string;
  sort?: string;
  offset?: number;
  limit?: number;
  columns?: readonly string[];
  group?: string;
}

export type XKind = "step" | "time" | "relative";

export interface SeriesQuery {
  metrics: readonly string[];
  x?: XKind;
  from?: number;
  to?: number;
  most?: number;
}

export interface Changed {
  changed: string[];
  refused: { id: string; error: string }[];
}

export interface BoardText {
  yaml: string;
  /** What the server says the board's revision is; sent back when saving. */
  revision: string;
}

const run = (id: string) => `/runs/${encodeURIComponent(id)}`;
const board = (name: string) => `/boards/${encodeURIComponent(name)}`;

/** Names for `columns=`; a comma inside a name is written twice. */
export function columnList(columns: readonly string[] | undefined): string | undefined {
  return columns?.map((name) => name.replaceAll(",", ",,")).join(",");
}

/** The API of version 1, one function a resource. */
export const api = {
  server: (signal?: AbortSignal) => json<ServerInfo>("/server", {}, signal),
  runs: (query: RunsQuery, signal?: AbortSignal) => json<RunsAnswer>("/runs", { ...query, columns: columnList(query.columns) }, signal),
  run: (id: string, signal?: AbortSignal) => json<RunDetail>(run(id), {}, signal),
  tag: (ids: readonly string[], add: readonly string[], remove: readonly string[]) => send<Changed>("POST", "/runs/tag", { ids, add, remove }),
  remove: (ids: readonly string[]) => send<Changed>("POST", "/runs/delete", { ids }),
  stop: (id: string) => send<unknown>("POST", `${run(id)}/stop`, {}),
  async series(id: string, query: SeriesQuery, signal?: AbortSignal): Promise<Block[]> {
    const path = address(`${run(id)}/series`, { metric: query.metrics, x: query.x, from: query.from, to: query.to, most: query.most });
    const response = await request(path, { headers: { accept: "application/vnd.aether.series" }, ...(signal && { signal }) });
    return decodeBlocks(await response.arrayBuffer());
  },
  events: (id: string, after?: string, signal?: AbortSignal) => json<{ events: RunEvent[]; cursor: string }>(`${run(id)}/events`, { after }, signal),
  output: (id: string, query: { stream?: string; from?: number; before?: number; lines?: number; search?: string }, signal?: AbortSignal) =>
    json<OutputAnswer>(`${run(id)}/output`, query, signal),
  async diff(id: string, signal?: AbortSignal): Promise<string> {
    return (await request(address(`${run(id)}/diff`), signal ? { signal } : {})).text();
  },
  blob: (digest: string, name?: string) => address(`/blobs/${encodeURIComponent(digest)}`, { name }),
  compare: (ids: readonly string[], signal?: AbortSignal) => json<CompareAnswer>("/compare", { id: ids }, signal),
  host: (signal?: AbortSignal) => json<Record<string, unknown>>("/host", {}, signal),
  alerts: (signal?: AbortSignal) => json<{ alerts: AlertEvent[] } | { events: AlertEvent[] }>("/alerts", {}, signal),
  boards: (signal?: AbortSignal) => json<{ boards: { name: string; title?: string; revision?: string }[] }>("/boards", {}, signal),
  async board(name: string, signal?: AbortSignal): Promise<BoardText> {
    const response = await request(address(board(name)), { headers: { accept: "text/yaml" }, ...(signal && { signal }) });
    return { yaml: await response.text(), revision: (response.headers.get("etag") ?? "").replaceAll('"', "") };
  },
  boardContent: (name: string, signal?: AbortSignal) => json<Board>(board(name), {}, signal),
  /**
   * Saves a board, unless somebody else did since `revision`; the empty one makes a new board. Gives its new revision.
   * With `keep` it is refused (409) where comments of its file would be lost.
   */
  async saveBoard(name: string, body: string | object, revision: string, keep = false): Promise<string> {
    const yaml = typeof body === "string";
    const response = await request(address(board(name), { keep: keep ? "text" : undefined }), {
      method: "PUT",
      headers: { "content-type": yaml ? "text/yaml" : "application/json", ...(revision ? { "if-match": `"${revision}"` } : { "if-none-match": "*" }) },
      body: yaml ? body : JSON.stringify(body),
    });
    return (response.headers.get("etag") ?? "").replaceAll('"', "");
  },
  removeBoard: (name: string) => request(address(board(name)), { method: "DELETE", headers: { "content-type": "application/json" } }),
  /** A token that is refused is an error, and nobody is asked for another: who called asks. */
  session: (token: string) => send<unknown>("POST", "/session", { token }, true),
};
