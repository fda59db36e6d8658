import type { Frame } from "./frame";
import { toX } from "./frame";
import type { Pen } from "./draw";
import type { Axis } from "./track";

/** Something that happened, on the time axis of a chart. */
export interface Mark {
  step: number | null;
  /** Milliseconds since 1970. */
  time: number;
  severity: string;
  kind: string;
  message: string;
}

/** Where a mark stands on an axis; NaN where it has no place. */
export function placeOf(mark: Mark, axis: Axis): number {
  if (axis.kind === "step") return mark.step ?? NaN;
  return axis.kind === "time" ? mark.time : (mark.time - axis.origin) / 1000;
}

export interface MarkColours {
  info: string;
  warning: string;
  error: string;
}

export function colourOf(mark: Mark, colours: MarkColours): string {
  if (["error", "critical", "fatal"].includes(mark.severity)) return colours.error;
  return ["warning", "warn"].includes(mark.severity) ? colours.warning : colours.info;
}

/** A dashed line from top to bottom with a small flag, one for each pixel at most; the graver ones on top. */
export function drawMarks(pen: Pen, marks: readonly Mark[], axis: Axis, frame: Frame, colours: MarkColours): void {
  const x = toX(frame);
  const drawn = new Set<string>();
  pen.save();
  pen.lineWidth = frame.ratio;
  const grave = (mark: Mark) => [colours.info, colours.warning, colours.error].indexOf(colourOf(mark, colours));
  for (const mark of [...marks].sort((a, b) => grave(a) - grave(b))) {
    const at = placeOf(mark, axis);
    if (!(at >= frame.x0 && at <= frame.x1)) continue;
    const px = Math.round(x(at)) + 0.5;
    const colour = colourOf(mark, colours);
    if (drawn.has(`${px}${colour}`)) continue;
    drawn.add(`${px}${colour}`);
    pen.strokeStyle = colour;
    pen.fillStyle = colour;
    pen.globalAlpha = 0.55;
    pen.setLineDash([3 * frame.ratio, 3 * frame.ratio]);
    pen.beginPath();
    pen.moveTo(px, frame.top);
    pen.lineTo(px, frame.top + frame.height);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    const size = 4.5 * frame.ratio;
    pen.beginPath();
    pen.moveTo(px - size, frame.top);
    pen.lineTo(px + size, frame.top);
    pen.lineTo(px, frame.top + size * 1.4);
    pen.closePath();
    pen.fill();
  }
  pen.restore();
}
