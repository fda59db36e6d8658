/** The page is let breathe - drawn, scrolled, clicked - after so many milliseconds of work at first, so that the first of it is seen at once; after twice as many each further time, so that the last of it is not late. */
const FIRST_BREATH = 8;
const LAST_BREATH = 64;

const waiting = new Set<() => void>();
let due = false;

function work(breath: number): void {
  const end = performance.now() + breath;
  try {
    for (const piece of waiting) {
      waiting.delete(piece);
      piece();
      if (performance.now() >= end) break;
    }
  } finally {
    // One that fails keeps no other from its turn.
    due = waiting.size > 0;
    const on = () => setTimeout(work, 0, Math.min(2 * breath, LAST_BREATH));
    if (due && breath === FIRST_BREATH) requestAnimationFrame(on);
    else if (due) on();
  }
}

/** Does `piece` soon, after what waits already; a page that has much to draw shows the first of it while it draws the rest. What is returned takes it back. */
export function inTurn(piece: () => void): () => void {
  waiting.add(piece);
  if (!due) {
    due = true;
    queueMicrotask(() => work(FIRST_BREATH));
  }
  return () => waiting.delete(piece);
}
