/** Answers that the page brought along, by their addresses: those to what it asks first. */
let answers: Map<string, unknown> | undefined;

function read(): Map<string, unknown> {
  const element = document.getElementById("brought");
  // They are of the moment in which the page was made; what is asked later is asked of the server.
  setTimeout(() => answers?.clear(), 1000);
  return new Map(element ? Object.entries(JSON.parse(element.textContent) as Record<string, unknown>) : []);
}

/** The answer to this address, once; `undefined`: the server is to be asked. */
export function brought(address: string): unknown {
  answers ??= read();
  const answer = answers.get(address);
  answers.delete(address);
  return answer;
}

declare global {
  /** What the page's head asked for before there was this script: an answer's bytes, or that they are on their way. */
  var begun: ArrayBuffer | Promise<ArrayBuffer | undefined> | undefined;
}

/** In milliseconds. */
const PATIENCE = 50;

/** Returns once the series of the first charts are here, if they come soon: a page that is drawn without them, and once more with them, is there later. */
export async function arrived(): Promise<void> {
  if (globalThis.begun instanceof Promise) await Promise.race([globalThis.begun, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
}

/** The series of the first charts, for which the page's head asks: from where, and their bytes. Once. */
export function begun(): { from: URL; bytes: ArrayBuffer | Promise<ArrayBuffer | undefined> } | undefined {
  const link = document.head.querySelector<HTMLLinkElement>('link[rel="preload"][as="fetch"]');
  const bytes = globalThis.begun;
  link?.remove();
  globalThis.begun = undefined;
  return link && bytes ? { from: new URL(link.href), bytes } : undefined;
}
