/** What the API of version 1 answers. Times are RFC 3339; numbers that JSON cannot say are text ("NaN", "Infinity"). */

export type Numeric = number | "NaN" | "Infinity" | "-Infinity" | null;

export interface ServerInfo {
  version: string;
  home: string;
  project_count: number;
  read_only: boolean;
  started: string;
}

export type State = "running" | "done" | "failed" | "stopped" | "died" | "interrupted" | (string & {});

export interface Row {
  id: string;
  name: string;
  project: string;
  kind: string;
  state: State;
  tags: string[];
  created: string;
  ended: string | null;
  seconds: number;
  columns: Record<string, unknown>;
}

/** What values count in, by the keys of columns; without those of which nothing is known. */
export type Units = Record<string, string>;

export interface RunsAnswer {
  total: number;
  matched: number;
  revision: number;
  projects: string[];
  tags: string[];
  parameters: string[];
  metrics: string[];
  /** Keys of columns to begin with. */
  proposed: string[];
  /** What columns count in, by their keys. */
  units?: Units;
  groups?: { value: unknown; count: number }[];
  runs: Row[];
}

export interface MetricSummary {
  name: string;
  unit?: string;
  count: number;
  first_step: number;
  last_step: number;
  last: Numeric;
  min: Numeric;
  max: Numeric;
  non_finite: number;
  last_time?: string;
}

export interface Artifact {
  name: string;
  kind: string;
  digest?: string;
  bytes: number;
  direction: string;
  step?: number;
  media?: string;
}

export interface RunDetail {
  id: string;
  name: string;
  project: string;
  kind: string;
  state: State;
  created: string;
  ended: string | null;
  seconds?: number;
  tags?: string[];
  reason?: string | null;
  command?: string[];
  directory?: string;
  host?: string;
  pid?: number;
  resumed?: number;
  spec?: unknown;
  outcome?: Record<string, unknown>;
  environment?: Record<string, unknown>;
  parameters: Record<string, unknown>;
  metrics: MetricSummary[];
  artifacts: Artifact[];
  damage: string[];
}

export interface RunEvent {
  time: string;
  step: number | null;
  kind: string;
  severity: string;
  message: string;
  /** It carries content rather than news: shown with the files, not in the list of events. */
  content?: boolean;
  metric?: string;
  data?: unknown;
}

export interface AlertEvent extends RunEvent {
  run: { id: string; name: string; project: string };
}

export interface OutputLine {
  /** Where the line begins, in bytes. */
  at: number;
  time?: string;
  stream: string;
  text: string;
  /** It is still being written: what comes next replaces it. */
  open?: boolean;
}

export interface OutputAnswer {
  lines: OutputLine[];
  start: number;
  end: number;
  size: number;
}

export interface CompareAnswer {
  runs: Row[];
  parameters: { name: string; values: unknown[]; differs: boolean }[];
  metrics: { name: string; unit?: string; values: ({ last: Numeric; min: Numeric; max: Numeric } | null)[] }[];
}
