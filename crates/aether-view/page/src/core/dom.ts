import { visible } from "./text";

/** What an element holds. Text becomes a text node, never markup. */
export type Child = Node | string | number | null | undefined | false | Child[];

type Handlers = { [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void };

export type Attributes = Handlers & {
  class?: string | undefined;
  /** Properties set from script, which a strict content-security policy allows. */
  style?: Partial<Record<string, string>>;
} & Record<string, unknown>;

function put(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) put(element, child);
    else element.append(typeof child === "number" ? String(child) : child);
  }
}

function attribute(element: HTMLElement | SVGElement, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
  else if (name === "style") {
    for (const [property, text] of Object.entries(value as Record<string, string | undefined>)) {
      if (text !== undefined) element.style.setProperty(property, text);
    }
  } else if (name === "value" && "value" in element && typeof value === "string") element.value = value;
  else element.setAttribute(name, value === true ? "" : typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value));
}

/** An element: `h("a", { href: "/runs", class: "link" }, "Runs")`. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  put(element, children);
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  put(element, children);
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  return element;
}

/** Text from a program or a person: control characters visible, isolated from the direction of what stands around it. */
export function bdi(text: string, attributes: Attributes = {}): HTMLElement {
  return h("bdi", attributes, visible(text));
}

/** Replaces what `element` holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  put(element, children);
}

/** Calls `work` at most once a frame. Callers use the returned function; `cancel` forgets what is due. */
export function framed(work: () => void): (() => void) & { cancel: () => void } {
  let due = 0;
  const call = () => {
    if (due === 0)
      due = requestAnimationFrame(() => {
        due = 0;
        work();
      });
  };
  return Object.assign(call, {
    cancel: () => {
      cancelAnimationFrame(due);
      due = 0;
    },
  });
}

/**
 * Calls `work` at once, and then at most once in `milliseconds`, the last time after the last call: what is asked for
 * without end is done all the same.
 */
export function throttled(milliseconds: number, work: () => void): (() => void) & { cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const run = () => {
    again = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) run();
    }, milliseconds);
    work();
  };
  const call = () => {
    if (timer === undefined) run();
    else again = true;
  };
  return Object.assign(call, { cancel: () => {
    clearTimeout(timer);
    timer = undefined;
    again = false;
  } });
}

/** Calls `work` once nothing has called for `milliseconds`. */
export function debounced(milliseconds: number, work: () => void): (() => void) & { cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const call = () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
  return Object.assign(call, { cancel: () => clearTimeout(timer) });
}
