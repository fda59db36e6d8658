// What could stand where the reader types in a filter: names of fields, and behind a sign, values.

import { literal, name } from "./query";

/** What is known of the runs. */
export interface Known {
  parameters: readonly string[];
  metrics: readonly string[];
  tags: readonly string[];
  projects: readonly string[];
}

/** A proposal: what it shows, and the text and the caret once it is taken. */
export interface Proposal {
  label: string;
  origin: string;
  text: string;
  caret: number;
}

const FIELDS = ["state", "name", "tag", "project", "created", "duration", "ended", "kind", "host", "user", "id"];
const STATES = ["running", "done", "failed", "interrupted", "died", "unknown"];
const MOST = 8;

/** Proposals for the word before the caret. */
export function proposals(text: string, caret: number, known: Known): Proposal[] {
  const before = text.slice(0, caret);
  const word = /[^\s()=<>~!'"`]*$/.exec(before)?.[0] ?? "";
  const start = caret - word.length;
  // Within quotes or a pattern nothing is proposed.
  if (/['"`/]$/.test(before.slice(0, start)) || inQuotes(before.slice(0, start))) return [];
  const value = /([^\s()=<>~!]+)\s*(=|!=|~)\s*$/.exec(before.slice(0, start));
  const put = (label: string, origin: string, insert: string): Proposal => ({
    label, origin, text: text.slice(0, start) + insert + text.slice(caret), caret: start + insert.length,
  });
  if (value) {
    const of: Record<string, readonly string[]> = { state: STATES, tag: known.tags, project: known.projects };
    const values = Object.hasOwn(of, value[1] ?? "") ? (of[value[1] ?? ""] ?? []) : [];
    return best(values, word).map((one) => put(one, "", /^[\w.-]+$/.test(one) ? one : literal(one)));
  }
  if (word === "" || /[<>]=?\s*$/.test(before.slice(0, start))) return [];
  const origin = new Map<string, string>();
  for (const one of known.parameters) origin.set(one, "parameter");
  for (const one of known.metrics) origin.set(one, "metric");
  for (const one of FIELDS) origin.set(one, "field");
  return best([...origin.keys()], word).filter((one) => one !== word)
    .map((one) => put(one, origin.get(one) ?? "", name(one)));
}

/** Those that contain the word; those that begin with it first, shorter ones before longer ones. */
function best(names: readonly string[], word: string): string[] {
  const low = word.toLowerCase();
  const found = names.filter((one) => one.toLowerCase().includes(low));
  const place = (one: string) => (one.toLowerCase().startsWith(low) ? 0 : 1e6) + one.length;
  return found.sort((a, b) => place(a) - place(b)).slice(0, MOST);
}

function inQuotes(text: string): boolean {
  let open = "";
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? "";
    if (open !== "" && c === "\\") at++;
    else if (c === open) open = "";
    else if (open === "" && /['"`]/.test(c)) open = c;
  }
  return open !== "";
}
