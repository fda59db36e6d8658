/**
 * The page is let breathe - drawn, scrolled, clicked - after so many milliseconds of work, first after few: the first of it
 * is to be seen at once, and the last of it not to be late, as each drawing of the page takes as long as a few pieces.
 */
const BREATHS = [8, 120] as const;

const waiting = new Set<() => void>();
let due = false;

function work(turn: number): void {
  const end = performance.now() + (BREATHS[turn] ?? BREATHS[1]);
  try {
    for (const piece of waiting) {
      waiting.delete(piece);
      piece();
      if (performance.now() >= end) break;
    }
  } finally {
    // One that fails keeps no other from its turn.
    due = waiting.size > 0;
    const on = () => setTimeout(work, 0, turn + 1);
    // Until the first has been put on the screen, which takes processors, too.
    if (due && turn === 0) requestAnimationFrame(() => requestAnimationFrame(on));
    else if (due) on();
  }
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
