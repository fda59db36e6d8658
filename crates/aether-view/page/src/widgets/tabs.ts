import { fill, h } from "../core/dom";
import { Scope } from "../core/scope";

export interface Tab {
  name: string;
  title: string;
  open: (root: HTMLElement, scope: Scope) => void;
}

/** Tabs over `body`: one is open, arrow keys move. `chosen` is told when the reader opens one. */
export function tabs(label: string, all: readonly Tab[], first: string, body: HTMLElement, scope: Scope, chosen: (name: string) => void): { element: HTMLElement; show: (name: string, again?: boolean) => void } {
  let inner: Scope | undefined;
  let open = "";
  body.setAttribute("role", "tabpanel");
  const buttons = all.map((tab) => h("button", { class: "tab", role: "tab", type: "button", id: `tab-${tab.name}`, onclick: () => choose(tab.name) }, tab.title));
  const show = (name: string, again = false) => {
    const at = Math.max(0, all.findIndex((tab) => tab.name === name));
    const tab = all[at]!;
    if (tab.name === open && !again) return;
    open = tab.name;
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === at));
      button.tabIndex = index === at ? 0 : -1;
    });
    body.setAttribute("aria-labelledby", `tab-${tab.name}`);
    inner?.end();
    inner = scope.child();
    fill(body);
    tab.open(body, inner);
  };
  const choose = (name: string) => {
    if (name === open) return;
    chosen(name);
    show(name);
  };
  const element = h("div", { class: "tabs", role: "tablist", "aria-label": label }, ...buttons);
  element.addEventListener("keydown", (event) => {
    const now = all.findIndex((tab) => tab.name === open);
    const to = event.key === "ArrowRight" ? now + 1 : event.key === "ArrowLeft" ? now - 1 : event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : NaN;
    const tab = all[(to + all.length) % all.length];
    if (!tab) return;
    event.preventDefault();
    choose(tab.name);
    buttons[all.indexOf(tab)]?.focus();
  });
  show(first);
  return { element, show };
}
