import type { XKind } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import { smoothedOf, type Line } from "./line";
import { measured } from "../core/format";
import { colourOf, type Mark, type MarkColours } from "./marks";
import { valueText, xText } from "./summary";
import { MEAN } from "./track";

/** How many lines a tip lists; the nearest to the pointer, in the order of their values. */
const LISTED = 12;

export interface Reading {
  line: Line;
  at: number;
  value: number;
}

/** What each visible line says nearest to `x`. */
export function readings(lines: readonly Line[], x: number): Reading[] {
  return lines.flatMap((line) => {
    if (line.hidden) return [];
    const at = line.track.nearest(x, line.axis);
    return at < 0 ? [] : [{ line, at, value: line.track.columns[MEAN]![at]! }];
  });
}

/** The box beside the cursor. */
export class Tip {
  readonly element = h("div", { class: "tip", hidden: true });

  constructor(readonly area: HTMLElement) {
    area.append(this.element);
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** `left` and `width` in pixels of the page, inside the area. `pointed` is the y value under the pointer. */
  show(kind: XKind, x: number, found: Reading[], pointed: number, marks: readonly Mark[], colours: MarkColours, smoothing: number, left: number, width: number): void {
    const near = [...found].sort((a, b) => Math.abs(a.value - pointed) - Math.abs(b.value - pointed));
    const nearest = near[0];
    const listed = near.slice(0, LISTED).sort((a, b) => b.value - a.value);
    const rows = listed.map(({ line, at }) =>
      h(
        "div",
        { class: line === nearest?.line && listed.length > 1 ? "tip-row tip-near" : "tip-row" },
        h("span", { class: "swatch", style: { background: line.style.color } }),
        found.length > 1 && h("span", { class: "tip-name" }, bdi(line.spec.label)),
        h("span", { class: "number" }, smoothing > 0 ? `${measured(smoothedOf(line, smoothing)[at]!, line.track.unit)} ~ ` : "", valueText(line, at)),
      ),
    );
    fill(
      this.element,
      h("div", { class: "tip-x" }, xText(kind, x)),
      ...rows,
      found.length > LISTED && h("div", { class: "tip-x" }, `and ${found.length - LISTED} lines more`),
      ...marks.slice(0, 4).map((mark) => h("div", { class: "tip-mark", style: { "border-color": colourOf(mark, colours) } }, bdi(mark.message || mark.kind))),
      marks.length > 4 && h("div", { class: "tip-x" }, `and ${marks.length - 4} more here`),
    );
    this.element.hidden = false;
    // On the wider side, which needs no measuring: that would have the page laid out in the midst of each frame.
    const right = left < width / 2;
    this.element.style.left = right ? `${left + 14}px` : "auto";
    this.element.style.right = right ? "auto" : `calc(100% - ${left - 14}px)`;
  }
}
