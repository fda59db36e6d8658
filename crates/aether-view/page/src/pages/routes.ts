import type { Context, Route } from "../core/router";
import type { Section } from "../shell";
import { having, type OtherPage } from "./later";
import { runsPage } from "./runs";

/** The navigation, in its order. */
export const sections: readonly Section[] = [
  { name: "runs", title: "Runs", path: "/" },
  { name: "sweep", title: "Sweep", path: "/sweep" },
  { name: "boards", title: "Boards", path: "/boards" },
  { name: "host", title: "Host", path: "/host" },
  { name: "alerts", title: "Alerts", path: "/alerts" },
];

/** Which page an address shows. One line a page. */
export const routes: readonly Route[] = [
  { path: "/", section: "runs", open: runsPage },
  { path: "/runs/:id", section: "runs", open: (context) => having("run", context, ({ runPage }) => runPage(context)) },
  { path: "/boards", section: "boards", open: other("boardsPage") },
  { path: "/boards/:name", section: "boards", open: other("boardPage") },
  { path: "/compare", section: "runs", open: other("comparePage") },
  { path: "/sweep", section: "sweep", open: other("sweepPage") },
  { path: "/host", section: "host", open: other("hostPage") },
  { path: "/alerts", section: "alerts", open: other("alertsPage") },
];

function other(name: OtherPage): (context: Context) => void {
  return (context) => having("others", context, (others) => others[name](context));
}
