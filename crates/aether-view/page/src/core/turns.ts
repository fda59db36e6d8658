/**
 * The page is let breathe - drawn, scrolled, clicked - after so many milliseconds of work, first after few: the first of it
 * is to be seen at once, and the last of it not to be late, as each drawing of the page takes as long as a few pieces.
 */
const BREATHS = [8, 120] as const;

const waiting = new Set<() => void>();
/** The first or the next of what waits is about to be done. */
let due = false;
/** What comes once all that waits is on the screen. */
const behind = new Set<() => void>();
let watching = false;

/** Once what was drawn just now has been put on the screen, which takes processors, too. */
const onceSeen = (then: () => void) => void requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)));

function some(pieces: Set<() => void>, milliseconds: number): void {
  const end = performance.now() + milliseconds;
  for (const piece of pieces) {
    pieces.delete(piece);
    piece();
    if (performance.now() >= end) break;
  }
}

function work(turn: number): void {
  try {
    some(waiting, BREATHS[turn] ?? BREATHS[1]);
  } finally {
    // One that fails keeps no other from its turn.
    due = waiting.size > 0;
    const on = () => work(turn + 1);
    if (!due) watch();
    else if (turn === 0) onceSeen(on);
    else setTimeout(on);
  }
}

function watch(): void {
  if (due || watching || behind.size === 0) return;
  watching = true;
  onceSeen(() => {
    watching = false;
    try {
      if (!due) some(behind, BREATHS[0]);
    } finally {
      watch();
    }
  });
}

/** Does `piece` soon, after what waits already; a page that has much to draw shows the first of it while it draws the rest. What is returned takes it back. */
export function inTurn(piece: () => void): () => void {
  waiting.add(piece);
  if (!due) {
    due = true;
    queueMicrotask(() => work(0));
  }
  return () => waiting.delete(piece);
}

/** Does `piece` once all that waits for its turn, and what is drawn just now, is on the screen. What is returned takes it back. */
export function behindAll(piece: () => void): () => void {
  behind.add(piece);
  watch();
  return () => behind.delete(piece);
}

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
