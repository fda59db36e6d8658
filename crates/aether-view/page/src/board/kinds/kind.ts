import type { Scope } from "../../core/scope";
import type { Panel } from "../types";

/** Fills a panel; what it returns is called when runs changed. */
export type Show = (panel: Panel, root: HTMLElement, scope: Scope) => () => Promise<void>;
