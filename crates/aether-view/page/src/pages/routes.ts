import type { Route } from "../core/router";
import type { Section } from "../shell";
import { runPage } from "./run";
import { runsPage } from "./runs";

/** The navigation, in its order. */
export const sections: readonly Section[] = [
  { name: "runs", title: "Runs", path: "/" },
];

/** Which page an address shows. One line a page. */
export const routes: readonly Route[] = [
  { path: "/", section: "runs", open: runsPage },
  { path: "/runs/:id", section: "runs", open: runPage },
];
