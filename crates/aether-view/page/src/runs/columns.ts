// What a column of the runs table is: its key in the API and the link, its title, and how its values look.

/** How the values of a column look. */
export type Kind = "state" | "name" | "text" | "tags" | "time" | "duration" | "value";

/** A column. */
export interface Column {
  /** Its key in the API and in the link: `created`, `param.NAME`, `metric.NAME` or `metric.NAME.min`. */
  key: string;
  /** What its head says. */
  title: string;
  /** What stands before the title, small: where it comes from. */
  origin: "" | "parameter" | "metric";
  kind: Kind;
  /** Its width in pixels until somebody drags it. */
  width: number;
  /** Whether the server can sort by it. */
  sortable: boolean;
  /** Whether its first sort is from the greatest down. */
  descendingFirst: boolean;
}

const FIXED: Record<string, Pick<Column, "title" | "kind" | "width" | "sortable" | "descendingFirst">> = {
  name: { title: "Name", kind: "name", width: 228, sortable: true, descendingFirst: false },
  state: { title: "State", kind: "state", width: 116, sortable: true, descendingFirst: false },
  created: { title: "Created", kind: "time", width: 112, sortable: true, descendingFirst: true },
  ended: { title: "Ended", kind: "time", width: 112, sortable: false, descendingFirst: true },
  duration: { title: "Duration", kind: "duration", width: 100, sortable: true, descendingFirst: true },
  tags: { title: "Tags", kind: "tags", width: 168, sortable: false, descendingFirst: false },
  project: { title: "Project", kind: "text", width: 132, sortable: false, descendingFirst: false },
  kind: { title: "Kind", kind: "text", width: 96, sortable: false, descendingFirst: false },
  id: { title: "Id", kind: "text", width: 104, sortable: false, descendingFirst: false },
};

/** The columns that every run has, in the order of the picker. */
export const FIXED_KEYS: readonly string[] = Object.keys(FIXED);

/** The column of a key, or nothing where the key is none. */
export function column(key: string): Column | undefined {
  const fixed = Object.hasOwn(FIXED, key) ? FIXED[key] : undefined;
  if (fixed) return { key, origin: "", ...fixed };
  if (key.startsWith("param.") && key.length > 6) {
    const title = key.slice(6);
    return {
      key, title, origin: "parameter", kind: "value", width: wide(title), sortable: true, descendingFirst: false,
    };
  }
  if (key.startsWith("metric.") && key.length > 7) {
    const title = key.slice(7);
    return { key, title, origin: "metric", kind: "value", width: wide(title), sortable: true, descendingFirst: false };
  }
  return undefined;
}

/** What the server is asked for in place of keys while nobody has chosen any. */
export const PROPOSED = "proposed";

/** The keys that the server must be asked for: those that are no part of every row. */
export function asked(keys: readonly string[]): string[] {
  return keys.filter((key) => !Object.hasOwn(FIXED, key));
}

/** A list of keys as one text for the link; a comma in a key is doubled. */
export function joined(keys: readonly string[]): string {
  return keys.map((key) => key.replaceAll(",", ",,")).join(",");
}

/** The keys of such a text. */
export function split(text: string): string[] {
  const keys: string[] = [];
  let key = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== ",") key += text.charAt(at);
    else if (text[at + 1] === ",") {
      key += ",";
      at++;
    } else {
      keys.push(key);
      key = "";
    }
  }
  keys.push(key);
  return keys.filter((one) => one !== "");
}

/** Room for a title and its arrow, within reason. */
function wide(title: string): number {
  return Math.min(220, Math.max(110, 42 + 7 * title.length));
}
