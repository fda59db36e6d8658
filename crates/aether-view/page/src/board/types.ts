/** A board as the API gives it in JSON; docs/guide/src/boards.md says what each key means. */

export interface Area {
  column: number;
  row: number;
  width: number;
  height: number;
}

export const KINDS = ["line", "bar", "scatter", "histogram", "table", "text", "gauge", "log", "image", "query"] as const;
export type Kind = (typeof KINDS)[number];

export interface Panel {
  kind: Kind;
  title?: string;
  at: Area;
  /** A query, or ids and names; all runs without. */
  runs?: string | string[];
  most?: number;
  metrics?: string[];
  x?: string;
  y?: string;
  log?: boolean;
  smoothing?: number;
  value?: string;
  log_x?: boolean;
  log_y?: boolean;
  name?: string;
  columns?: string[];
  sort?: string;
  descending?: boolean;
  text?: string;
  min?: number;
  max?: number;
  stream?: string;
  group?: string;
}

export interface Board {
  title?: string;
  panels: Panel[];
}

/** Runs of a panel when it says nothing. */
export const MOST = 10;

/** What stands above a panel. */
export function titleOf(panel: Panel): string {
  if (panel.title !== undefined && panel.title !== "") return panel.title;
  switch (panel.kind) {
    case "line":
    case "bar":
      return (panel.metrics ?? []).join(", ");
    case "scatter":
      return `${panel.y ?? ""} over ${panel.x ?? ""}`;
    case "gauge":
      return panel.value ?? "";
    case "histogram":
    case "image":
      return panel.name ?? "";
    case "table":
      return "Runs";
    case "log":
      return "Log";
    case "query":
      return panel.group === undefined ? "Runs" : `Runs by ${panel.group}`;
    case "text":
      return "";
  }
}
