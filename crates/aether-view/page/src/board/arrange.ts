import type { Scope } from "../core/scope";
import { arranged, COLUMNS } from "./layout";
import type { Area } from "./types";

/** Pixels of the page between panels, and of a row; `board.css` says the same. */
export const GAP = 16;
export const ROW = 80;

/** Lays a panel over its area. */
export function place(element: HTMLElement, area: Area): void {
  element.style.gridColumn = `${area.column + 1} / span ${area.width}`;
  element.style.gridRow = `${area.row + 1} / span ${area.height}`;
}

export interface Arranging {
  areas: () => Area[];
  /** Shows areas that may still change. */
  show: (areas: readonly Area[]) => void;
  /** Keeps them. */
  keep: (areas: readonly Area[]) => void;
}

/** Lets a panel be moved by its head and resized by its corner, with the pointer. */
export function draggable(scope: Scope, grid: HTMLElement, element: HTMLElement, handle: HTMLElement, resize: boolean, index: () => number, arranging: Arranging): void {
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event.target as Element).closest("button") || !grid.classList.contains("is-editing") || getComputedStyle(grid).display !== "grid") return;
    event.preventDefault();
    const areas = arranging.areas();
    const mine = areas[index()]!;
    const column = (grid.clientWidth + GAP) / COLUMNS;
    let now = areas;
    const drag = scope.child();
    handle.setPointerCapture(event.pointerId);
    element.classList.add("is-moving");
    drag.add(() => element.classList.remove("is-moving"));
    drag.listen(handle, "pointermove", (move) => {
      const [dx, dy] = [Math.round((move.clientX - event.clientX) / column), Math.round((move.clientY - event.clientY) / (ROW + GAP))];
      const to = resize ? { ...mine, width: mine.width + dx, height: mine.height + dy } : { ...mine, column: mine.column + dx, row: mine.row + dy };
      now = arranged(areas, index(), to);
      arranging.show(now);
    });
    drag.listen(handle, "pointerup", () => {
      drag.end();
      arranging.keep(now);
    });
    drag.listen(handle, "pointercancel", () => {
      drag.end();
      arranging.show(areas);
    });
  });
}

const MOVES: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The same by the keyboard: arrows move, with Shift they resize. True when the key was one of these. */
export function arrangedByKey(event: KeyboardEvent, index: number, arranging: Arranging): boolean {
  const move = MOVES[event.key];
  if (!move) return false;
  const areas = arranging.areas();
  const mine = areas[index]!;
  const to = event.shiftKey ? { ...mine, width: mine.width + move[0], height: mine.height + move[1] } : { ...mine, column: mine.column + move[0], row: mine.row + move[1] };
  arranging.keep(arranged(areas, index, to));
  return true;
}
