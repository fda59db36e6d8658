import type { Route } from "../core/router";
import type { Section } from "../shell";
import { alertsPage } from "./alerts";
import { boardPage } from "./board";
import { boardsPage } from "./boards";
import { comparePage } from "./compare";
import { hostPage } from "./host";
import { runPage } from "./run";
import { runsPage } from "./runs";
import { sweepPage } from "./sweep";

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
  { path: "/runs/:id", section: "runs", open: runPage },
  { path: "/boards", section: "boards", open: boardsPage },
  { path: "/boards/:name", section: "boards", open: boardPage },
  { path: "/compare", section: "runs", open: comparePage },
  { path: "/sweep", section: "sweep", open: sweepPage },
  { path: "/host", section: "host", open: hostPage },
  { path: "/alerts", section: "alerts", open: alertsPage },
];
