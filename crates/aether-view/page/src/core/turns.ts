/** After so many milliseconds of work the page is let breathe: drawn, scrolled, clicked. */
const BREATH = 50;
/** The first breath comes sooner, so that the first of it is seen at once. */
const FIRST_BREATH = 8;

const waiting = new Set<() => void>();
let due = false;

function work(breath = BREATH): void {
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
    if (due) setTimeout(work);
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
