import type { Context, Route } from "../core/router";
import type { Section } from "../shell";
import { here, type Other } from "./here";
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
  { path: "/runs/:id", section: "runs", open: other("runPage") },
  { path: "/boards", section: "boards", open: other("boardsPage") },
  { path: "/boards/:name", section: "boards", open: other("boardPage") },
  { path: "/compare", section: "runs", open: other("comparePage") },
  { path: "/sweep", section: "sweep", open: other("sweepPage") },
  { path: "/host", section: "host", open: other("hostPage") },
  { path: "/alerts", section: "alerts", open: other("alertsPage") },
];

/** Has the other pages here before somebody goes to one. */
export const others = (): Promise<unknown> => import("./others");

function other(name: Other): (context: Context) => void {
  return (context) => {
    const open = () => {
      if (!context.scope.ended) here.others?.[name](context);
    };
    // The server is away, which the browser then says, or a newer one with other files: the page begins anew.
    if (here.others === undefined) void others().then(open, () => location.reload());
    else open();
  };
}
