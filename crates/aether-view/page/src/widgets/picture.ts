// A canvas that is as sharp as the screen, and is drawn anew when it is resized or the colours change.

import { framed, h } from "../core/dom";
import type { Scope } from "../core/scope";
import { colour, theme } from "../core/theme";

/** What there is to draw with. */
export interface Ground {
  pen: CanvasRenderingContext2D;
  width: number;
  height: number;
  /** A colour of the design, such as `--ink-soft`. */
  color: (name: string) => string;
}

/** The font of what stands in a picture. */
export const FONT = "11px system-ui, sans-serif";

/** A canvas that fills `frame`, and how to have it drawn anew. */
export function picture(scope: Scope, frame: HTMLElement, label: string, draw: (ground: Ground) => void): { canvas: HTMLCanvasElement; again: () => void } {
  const canvas = h("canvas", { class: "picture", role: "img", "aria-label": label });
  frame.append(canvas);
  const again = framed(() => {
    const { clientWidth: width, clientHeight: height } = frame;
    const pen = canvas.getContext("2d");
    if (pen === null || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.scale(ratio, ratio);
    pen.font = FONT;
    draw({ pen, width, height, color: colour });
  });
  const sizes = new ResizeObserver(again);
  sizes.observe(frame);
  scope.add(() => sizes.disconnect());
  scope.add(theme.changed(again));
  scope.add(() => again.cancel());
  return { canvas, again };
}

/** A text that fits so many pixels. */
export function short(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  let kept = text;
  while (kept.length > 1 && pen.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept}…`;
}
