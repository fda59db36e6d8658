import type { Pen } from "./draw";

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const short = (value: number) => String(Math.round(value * 100) / 100);

/** Nothing of ours is drawn with gradients. */
const plain = (style: string | CanvasGradient | CanvasPattern) => escaped(typeof style === "string" ? style : "none");

type Look = Pick<Pen, "globalAlpha" | "strokeStyle" | "fillStyle" | "lineWidth" | "lineJoin">;

/** Takes the strokes of a canvas and writes them as SVG. */
export class SvgPen implements Pen {
  globalAlpha = 1;
  strokeStyle: string | CanvasGradient | CanvasPattern = "#000";
  fillStyle: string | CanvasGradient | CanvasPattern = "#000";
  lineWidth = 1;
  lineJoin: CanvasLineJoin = "round";
  readonly parts: string[] = [];
  #path = "";
  #dash: number[] = [];
  #saved: (Look & { dash: number[]; open: number })[] = [];
  #groups = 0;
  #clips = 0;

  beginPath(): void {
    this.#path = "";
  }
  moveTo(x: number, y: number): void {
    this.#path += `M${short(x)} ${short(y)}`;
  }
  lineTo(x: number, y: number): void {
    this.#path += `L${short(x)} ${short(y)}`;
  }
  closePath(): void {
    this.#path += "Z";
  }
  rect(x: number, y: number, width: number, height: number): void {
    this.#path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`;
  }
  setLineDash(dash: Iterable<number>): void {
    this.#dash = [...dash];
  }
  stroke(): void {
    if (this.#path === "") return;
    const dash = this.#dash.length > 0 ? ` stroke-dasharray="${this.#dash.map(short).join(" ")}"` : "";
    this.parts.push(`<path d="${this.#path}" fill="none" stroke="${plain(this.strokeStyle)}" stroke-width="${short(this.lineWidth)}" stroke-opacity="${short(this.globalAlpha)}" stroke-linejoin="round"${dash}/>`);
  }
  fill(): void {
    if (this.#path !== "") this.parts.push(`<path d="${this.#path}" fill="${plain(this.fillStyle)}" fill-opacity="${short(this.globalAlpha)}"/>`);
  }
  clip(): void {
    const id = `clip${this.#clips++}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.#path}"/></clipPath><g clip-path="url(#${id})">`);
    this.#groups += 1;
  }
  save(): void {
    const { globalAlpha, strokeStyle, fillStyle, lineWidth, lineJoin } = this;
    this.#saved.push({ globalAlpha, strokeStyle, fillStyle, lineWidth, lineJoin, dash: this.#dash, open: this.#groups });
  }
  restore(): void {
    const saved = this.#saved.pop();
    if (!saved) return;
    for (; this.#groups > saved.open; this.#groups -= 1) this.parts.push("</g>");
    this.#dash = saved.dash;
    const { globalAlpha, strokeStyle, fillStyle, lineWidth, lineJoin } = saved;
    Object.assign(this, { globalAlpha, strokeStyle, fillStyle, lineWidth, lineJoin });
  }
  text(text: string, x: number, y: number, size: number, colour: string, anchor: "start" | "middle" | "end", weight = 400): void {
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" font-size="${size}" font-weight="${weight}" fill="${escaped(colour)}" text-anchor="${anchor}">${escaped(text)}</text>`);
  }
}

/** A whole file of what `pen` drew. */
export function svgText(pen: SvgPen, width: number, height: number, ground: string): string {
  const size = `width="${short(width)}" height="${short(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${short(width)} ${short(height)}" font-family="system-ui, sans-serif"><rect ${size} fill="${escaped(ground)}"/>${pen.parts.join("")}</svg>\n`;
}
