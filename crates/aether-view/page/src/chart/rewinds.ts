import { api } from "../core/api";
import { live } from "../core/live";
import { Scope } from "../core/scope";

/** Milliseconds before a run is asked for its session, which only a rewind that nobody told makes a page need. */
const LATER = 2_000;

interface Watched {
  scope: Scope;
  heard: Set<() => void>;
}

/** Runs whose rewinds somebody wants to know of: one subscription each, for all charts of the page. */
const watched = new Map<string, Watched>();

/**
 * Calls `heard` when points of a run became void, in sight or not, until `scope` ends. `session` is the one that its points
 * are of, where that is known.
 */
export function onRewind(scope: Scope, run: string, session: number | undefined, heard: () => void): void {
  const known = watched.get(run) ?? watch(run, session);
  watched.set(run, known);
  known.heard.add(heard);
  scope.add(() => {
    known.heard.delete(heard);
    if (known.heard.size > 0) return;
    known.scope.end();
    watched.delete(run);
  });
}

function watch(run: string, session: number | undefined): Watched {
  const scope = new Scope();
  const heard = new Set<() => void>();
  const tell = () => {
    for (const call of heard) call();
  };
  // No metric is meant: points are told to the charts in sight, that the run was rewound to whoever follows it.
  live.subscribe(scope, () => ({ to: "series", id: run, metrics: [""], after: {} }), ({ rewind }) => {
    if (rewind && rewind.metric === undefined) tell();
  });
  // What happened before there was a connection, or while it was lost, nobody tells: then the run has another session.
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
