/**
 * The page is let breathe - drawn, scrolled, clicked - after so many milliseconds of work, first after few: the first of it
 * is to be seen at once, and the last of it not to be late, as each drawing of the page takes as long as a few pieces.
 */
const BREATHS = [8, 120] as const;

const waiting = new Set<() => void>();
/** What comes once all that waits is on the screen. */
const behind = new Set<() => void>();
let due = false;

function work(turn: number): void {
  const end = performance.now() + (BREATHS[turn] ?? BREATHS[1]);
  try {
    const pieces = waiting.size > 0 ? waiting : behind;
    for (const piece of pieces) {
      pieces.delete(piece);
      piece();
      if (performance.now() >= end) break;
    }
  } finally {
    // One that fails keeps no other from its turn.
    due = waiting.size + behind.size > 0;
    const on = () => setTimeout(work, 0, turn + 1);
    // Until the first, and until all, have been put on the screen, which takes processors, too.
    if (due && (turn === 0 || waiting.size === 0)) requestAnimationFrame(() => requestAnimationFrame(on));
    else if (due) on();
  }
}

function queue(pieces: Set<() => void>, piece: () => void): () => void {
  pieces.add(piece);
  if (!due) {
    due = true;
    queueMicrotask(() => work(0));
  }
  return () => pieces.delete(piece);
}

/** Does `piece` soon, after what waits already; a page that has much to draw shows the first of it while it draws the rest. What is returned takes it back. */
export const inTurn = (piece: () => void): (() => void) => queue(waiting, piece);

/** Does `piece` once all that waits for its turn has been drawn and is on the screen. What is returned takes it back. */
export const behindAll = (piece: () => void): (() => void) => queue(behind, piece);

/**
 * So many milliseconds of each frame are for drawing anew what changes under the reader's eyes. The browser needs the rest
 * to put it on the screen: where all does not fit, what is left over is a frame late, and no frame is lost.
 */
const SHARE = 5;

/** What is to be drawn anew, longest waiting first, and whether it goes before the others. */
const changed = new Map<() => void, () => boolean>();
let frame = 0;

function drawChanged(): void {
  frame = 0;
  const end = performance.now() + SHARE;
  const ahead = [...changed].filter(([, first]) => first()).map(([piece]) => piece);
  try {
    for (const piece of new Set([...ahead, ...changed.keys()])) {
      changed.delete(piece);
      piece();
      // One of the others at least, so that each comes to its turn.
      if (!ahead.includes(piece) && performance.now() >= end) break;
    }
  } finally {
    if (changed.size > 0) frame = requestAnimationFrame(drawChanged);
  }
}

/** Draws `piece` in the next frame, or in one soon after it; those that are `first` in the next, whatever it takes. Callers use the returned function; `cancel` forgets what is due. */
export function sharingFrames(piece: () => void, first: () => boolean): (() => void) & { cancel: () => void } {
  const call = () => {
    if (!changed.has(piece)) changed.set(piece, first);
    if (frame === 0) frame = requestAnimationFrame(drawChanged);
  };
  return Object.assign(call, { cancel: () => void changed.delete(piece) });
}
