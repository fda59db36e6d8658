import { address, request } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import { bytes } from "../core/format";
import type { Scope } from "../core/scope";
import { visibleLines } from "../core/text";
import { delimited } from "./delimited";
import { empty, loadInto } from "./state";

/** Only so much of a text is looked at here. */
const TEXT_BYTES = 256 * 1024;
const ROWS = 500;
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml"];
const TEXTS = /^text\/|json|yaml|toml|xml|javascript|x-sh|x-python/;
const NAMED = /\.(txt|md|log|ya?ml|json|jsonl|ndjson|toml|ini|cfg|py|rs|js|ts|sh|csv|tsv|xml|html?|diff|patch)$/i;

async function head(path: string, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const response = await request(path, { signal, headers: { range: `bytes=0-${TEXT_BYTES - 1}` } });
  const reader = response.body?.getReader();
  if (!reader) return { text: "", cut: false };
  const decoder = new TextDecoder();
  let [text, read] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), cut: response.status === 206 && read >= TEXT_BYTES };
    read += value.length;
    text += decoder.decode(value, { stream: true });
    if (read >= TEXT_BYTES) {
      await reader.cancel();
      return { text, cut: true };
    }
  }
}

function table(rows: readonly (readonly string[])[], cut: boolean): HTMLElement {
  const [first = [], ...rest] = rows;
  const shown = rest.slice(0, ROWS);
  return h(
    "div",
    { class: "preview-table" },
    h("table", { class: "plain-table" }, h("thead", {}, h("tr", {}, ...first.map((cell) => h("th", { scope: "col" }, bdi(cell))))), h("tbody", {}, ...shown.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, bdi(cell))))))),
    (cut || rest.length > ROWS) && h("p", { class: "small soft preview-note" }, `The first ${shown.length} rows.`),
  );
}

function pretty(name: string, text: string, cut: boolean): string {
  if (cut || !/\.json$/i.test(name)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // As it is, then.
  }
}

/** What is in a kept file, where it is an image, a table or a text. */
export function preview(digest: string, name: string, media: string, size: number, scope: Scope): HTMLElement {
  const path = address(`/blobs/${encodeURIComponent(digest)}`, { name });
  const box = h("div", { class: "preview" });
  if (IMAGES.includes(media)) {
    const image = h("img", { src: path, alt: name });
    image.addEventListener("error", () => fill(box, empty("This image cannot be shown.")));
    box.append(image);
  } else if (TEXTS.test(media) || NAMED.test(name)) {
    const separator = /\.tsv$/i.test(name) || media === "text/tab-separated-values" ? "\t" : /\.csv$/i.test(name) || media === "text/csv" ? "," : "";
    void loadInto(box, scope.signal, () => head(path, scope.signal), ({ text, cut }) => {
      if (separator !== "") fill(box, table(delimited(text, separator, ROWS + 1), cut));
      else fill(box, h("pre", { class: "preview-text" }, visibleLines(pretty(name, text, cut))), cut && h("p", { class: "small soft preview-note" }, `The first ${bytes(TEXT_BYTES)} of ${bytes(size)}.`));
    });
  } else box.append(empty("No preview for this kind of file.", h("p", {}, `${media || "unknown kind"}, ${bytes(size)}`)));
  return box;
}
