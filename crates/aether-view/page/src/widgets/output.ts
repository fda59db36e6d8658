import { framed, h } from "../core/dom";
import type { OutputLine } from "../core/types";
import { pieces, type Piece } from "./ansi";

/** Pixels of the page that a line takes; `output.css` says the same. */
const HEIGHT = 20;
const MARGIN = 20;

/** Where the lines of an output come from; both give nothing where there is no more. */
export interface OutputSource {
  before: (at: number) => Promise<readonly OutputLine[]>;
  /** Lines from byte `at` on. */
  after: (at: number) => Promise<readonly OutputLine[]>;
}

/** Lines that are kept; those farthest from what is read are let go, and fetched again when it comes to them. */
const KEPT = 20_000;

function colour(value: number | string | undefined): { name?: string; rgb?: string } {
  if (value === undefined) return {};
  return typeof value === "number" ? { name: String(value) } : { rgb: value };
}

function span(piece: Piece, search: string): Node {
  const [front, back] = piece.inverse ? [piece.background ?? "back", piece.foreground ?? "front"] : [piece.foreground, piece.background];
  const named = (value: number | string | undefined, kind: string) => (typeof value === "number" ? `${kind}-${value}` : value === "back" || value === "front" ? `${kind}-${value}` : "");
  const classes = [piece.bold && "a-bold", piece.dim && "a-dim", piece.italic && "a-italic", piece.underline && "a-underline", named(front, "a-fg"), named(back, "a-bg")].filter((name) => name);
  const style: Record<string, string> = {};
  const [frontColour, backColour] = [colour(piece.inverse ? piece.background : piece.foreground).rgb, colour(piece.inverse ? piece.foreground : piece.background).rgb];
  if (frontColour) style["color"] = frontColour;
  if (backColour) style["background"] = backColour;
  const content = search === "" ? [piece.text] : marked(piece.text, search);
  if (classes.length === 0 && !frontColour && !backColour) return h("span", {}, ...content);
  return h("span", { class: classes.join(" "), style }, ...content);
}

/** `text` with what was searched for lit. */
function marked(text: string, search: string): (string | Node)[] {
  const out: (string | Node)[] = [];
  const [lower, wanted] = [text.toLowerCase(), search.toLowerCase()];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    out.push(text.slice(from, at), h("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  out.push(text.slice(from));
  return out;
}

/**
 * The output of a program, however long: only the lines in sight are in the page, and only some thousands around them
 * in memory. While it stands at its end it follows.
 */
export class OutputView {
  readonly element: HTMLElement;
  readonly #room = h("div", { class: "output-room" });
  readonly #draw = framed(() => this.#render());
  #lines: OutputLine[] = [];
  #atStart = false;
  #atEnd = true;
  #busy = false;
  #follow = true;
  #drawn = new Map<number, HTMLElement>();
  search = "";
  onFollow: (follow: boolean) => void = () => undefined;

  constructor(readonly source: OutputSource) {
    this.element = h("div", { class: "output card", tabindex: "0", role: "log", "aria-label": "What the program printed", "aria-live": "off" }, this.#room);
    this.element.addEventListener("scroll", () => {
      const follow = this.element.scrollTop + this.element.clientHeight >= this.#lines.length * HEIGHT - HEIGHT && this.#atEnd;
      if (follow !== this.#follow) {
        this.#follow = follow;
        this.onFollow(follow);
      }
      this.#draw();
    });
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** Where the next lines begin, in bytes. */
  get end(): number {
    const last = this.#lines.at(-1);
    return last ? last.at + 1 : 0;
  }

  get length(): number {
    return this.#lines.length;
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Replaces all lines by the last ones. */
  reset(lines: readonly OutputLine[]): void {
    this.#lines = [...lines];
    this.#atStart = lines.length === 0 || lines[0]?.at === 0;
    this.#atEnd = true;
    this.#forget();
    this.follow(true);
  }

  /** What was printed just now. A line that is still being written comes again, longer. */
  append(lines: readonly OutputLine[]): void {
    if (!this.#atEnd) return;
    while (this.#lines.at(-1)?.open) {
      const open = this.#lines.pop();
      if (!open) break;
      this.#drawn.get(open.at)?.remove();
      this.#drawn.delete(open.at);
    }
    for (const line of lines) {
      const last = this.#lines.at(-1);
      if (last && line.at < last.at) continue;
      if (last?.at === line.at) {
        this.#lines[this.#lines.length - 1] = line;
        this.#drawn.get(line.at)?.remove();
        this.#drawn.delete(line.at);
      } else this.#lines.push(line);
    }
    if (this.#lines.length > KEPT) {
      if (this.#follow) {
        this.#lines.splice(0, this.#lines.length - KEPT);
        this.#atStart = false;
      } else {
        this.#lines.length = KEPT;
        this.#atEnd = false;
      }
    }
    this.#draw();
  }

  follow(follow: boolean): void {
    this.#follow = follow;
    this.onFollow(follow);
    this.#draw();
  }

  async toStart(): Promise<void> {
    const lines = await this.source.after(0);
    this.#lines = [...lines];
    this.#atStart = true;
    this.#atEnd = false;
    this.#forget();
    this.follow(false);
    this.element.scrollTop = 0;
  }

  #forget(): void {
    this.#drawn.clear();
    this.#room.replaceChildren();
  }

  #render(): void {
    this.#room.style.height = `${this.#lines.length * HEIGHT}px`;
    if (this.#follow) this.element.scrollTop = this.element.scrollHeight;
    const top = this.element.scrollTop;
    const from = Math.max(0, Math.floor(top / HEIGHT) - MARGIN);
    const to = Math.min(this.#lines.length, Math.ceil((top + this.element.clientHeight) / HEIGHT) + MARGIN);
    const wanted = new Set(this.#lines.slice(from, to).map((line) => line.at));
    for (const [at, row] of this.#drawn) {
      if (wanted.has(at)) continue;
      row.remove();
      this.#drawn.delete(at);
    }
    for (let index = from; index < to; index++) {
      const line = this.#lines[index]!;
      let row = this.#drawn.get(line.at);
      if (!row) {
        row = this.#row(line);
        this.#drawn.set(line.at, row);
        this.#room.append(row);
      }
      row.style.transform = `translateY(${index * HEIGHT}px)`;
    }
    if (from === 0 && !this.#atStart && this.#lines.length > 0) void this.#more("before");
    else if (to === this.#lines.length && !this.#atEnd) void this.#more("after");
  }

  #row(line: OutputLine): HTMLElement {
    const time = line.time === undefined ? "" : new Date(line.time).toLocaleTimeString([], { hour12: false });
    return h("div", { class: line.stream === "stderr" ? "output-line is-stderr" : "output-line" }, h("span", { class: "output-time", title: line.time ?? "" }, time), h("bdi", { class: "output-text" }, ...pieces(line.text).map((piece) => span(piece, this.search))));
  }

  async #more(side: "before" | "after"): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const lines = side === "before" ? await this.source.before(this.#lines[0]?.at ?? 0) : await this.source.after(this.end);
      if (side === "before") {
        if (lines.length === 0) this.#atStart = true;
        this.#lines.unshift(...lines);
        // What is read stays where it is.
        this.#room.style.height = `${this.#lines.length * HEIGHT}px`;
        this.element.scrollTop += lines.length * HEIGHT;
        if (this.#lines.length > KEPT) {
          this.#lines.length = KEPT;
          this.#atEnd = false;
        }
      } else {
        if (lines.length === 0) this.#atEnd = true;
        this.#lines.push(...lines);
        const over = this.#lines.length - KEPT;
        if (over > 0) {
          this.#lines.splice(0, over);
          this.#atStart = false;
          this.element.scrollTop -= over * HEIGHT;
        }
      }
      this.#draw();
    } catch {
      // The next scroll asks again.
    } finally {
      this.#busy = false;
    }
  }
}
