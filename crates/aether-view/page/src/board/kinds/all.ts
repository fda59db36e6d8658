import type { Kind } from "../types";
import { bar } from "./bar";
import { gauge } from "./gauge";
import { histogram } from "./histogram";
import { image } from "./image";
import type { Show } from "./kind";
import { line } from "./line";
import { log } from "./log";
import { query } from "./query";
import { scatter } from "./scatter";
import { table } from "./table";
import { text } from "./text";

/** How each kind of panel is shown. */
export const shows: Record<Kind, Show> = { line, bar, scatter, histogram, table, text, gauge, log, image, query };
