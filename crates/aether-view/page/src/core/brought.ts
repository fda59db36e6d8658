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
