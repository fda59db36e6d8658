import type { Context } from "../core/router";

export type Other = "alertsPage" | "boardPage" | "boardsPage" | "comparePage" | "hostPage" | "runPage" | "sweepPage";

/** The pages of `others.ts`, once that has come. An `import` tells so too late: something would be drawn before. */
export const here: { others?: Record<Other, (context: Context) => void> } = {};
