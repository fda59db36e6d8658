// What is in a picture: asked of the browser, which decodes and draws it.

import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";

/** The size of a picture, and how many of its pixels have each colour, as `r g b`. */
export interface Pixels {
  width: number;
  height: number;
  colours: Record<string, number>;
}

/** Reads a PNG. It is an error where it is none. */
export function decode(page: Page, file: string): Promise<Pixels> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = picture;
    const pen = new OffscreenCanvas(width, height).getContext("2d")!;
    pen.drawImage(picture, 0, 0);
    const { data } = pen.getImageData(0, 0, width, height);
    const colours: Record<string, number> = {};
    for (let at = 0; at < data.length; at += 4) {
      const colour = `${data[at]!} ${data[at + 1]!} ${data[at + 2]!}`;
      colours[colour] = (colours[colour] ?? 0) + 1;
    }
    return { width, height, colours };
  }, readFileSync(file).toString("base64"));
}

/** The same of a canvas or an image of the page, of pixels that are `least` opaque, up to 255. */
export function pixels(drawn: Locator, least = 255): Promise<Pixels> {
  return drawn.evaluate((element, least) => {
    const source = element as HTMLCanvasElement | HTMLImageElement;
    const [width, height] = source instanceof HTMLImageElement ? [source.naturalWidth, source.naturalHeight] : [source.width, source.height];
    const pen = new OffscreenCanvas(width, height).getContext("2d")!;
    pen.drawImage(source, 0, 0);
    const { data } = pen.getImageData(0, 0, width, height);
    const colours: Record<string, number> = {};
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3]! < least) continue;
      const colour = `${data[at]!} ${data[at + 1]!} ${data[at + 2]!}`;
      colours[colour] = (colours[colour] ?? 0) + 1;
    }
    return { width, height, colours };
  }, least);
}

/** A colour such as `#56b4e9` as `r g b`. */
export function rgb(hex: string): string {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(" ");
}
