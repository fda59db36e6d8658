import { api } from "../core/api";
import { live } from "../core/live";
import { Scope } from "../core/scope";

/** Milliseconds before a run is asked for what only a lost connection makes a page need. */
const LATER = 2_000;

interface Watched {
  scope: Scope;
  heard: Set<() => void>;
}

/** Runs whose rewinds somebody wants to know of: one subscription each, for all charts of the page. */
const watched = new Map<string, Watched>();

/** Calls `heard` when points of a run became void, in sight or not, until `scope` ends. */
export function onRewind(scope: Scope, run: string, heard: () => void): void {
  const known = watched.get(run) ?? watch(run);
  watched.set(run, known);
  known.heard.add(heard);
  scope.add(() => {
    known.heard.delete(heard);
    if (known.heard.size > 0) return;
    known.scope.end();
    watched.delete(run);
  });
}

function watch(run: string): Watched {
  const scope = new Scope();
  const heard = new Set<() => void>();
  const tell = () => {
    for (const call of heard) call();
  };
  // No metric is meant: points are told to the charts in sight, that the run was rewound to whoever follows it.
  live.subscribe(scope, () => ({ to: "series", id: run, metrics: [""], after: {} }), ({ rewind }) => {
    if (rewind && rewind.metric === undefined) tell();
  });
  // What happened while the connection was lost nobody tells: then the run has another session.
  let session: number | undefined;
  let lost = false;
  const ask = () =>
    api.run(run, scope.signal).then(({ resumed = 0 }) => {
      const other = session !== undefined && session !== resumed;
      session = resumed;
      if (other) tell();
    }, () => undefined);
  const first = setTimeout(() => void ask(), LATER);
  scope.add(() => clearTimeout(first));
  live.watch(scope, (state) => {
    if (state === "open" && lost) void ask();
    lost = state === "lost";
  });
  return { scope, heard };
}
