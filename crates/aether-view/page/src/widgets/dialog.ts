import { h, type Child } from "../core/dom";

/**
 * A dialog that takes the focus and gives it back. Resolves to the value of the button that closed it, to "" on Escape.
 * Buttons are `[value, label]`; the last is the one that Enter presses.
 */
export function dialog(title: string, content: Child, buttons: readonly (readonly [string, string])[] = [["", "Close"]], danger = false): Promise<string> {
  return new Promise((resolve) => {
    const last = buttons.length - 1;
    const box = h(
      "dialog",
      { class: "dialog", "aria-label": title },
      h(
        "form",
        { method: "dialog" },
        h("h2", {}, title),
        h("div", { class: "dialog-body" }, content),
        h(
          "div",
          { class: "dialog-buttons" },
          ...buttons.map(([value, label], index) =>
            h("button", { class: index === last ? `button ${danger ? "button-danger" : "button-main"}` : "button", value, type: index === last ? "submit" : "button", onclick: () => index !== last && box.close(value) }, label),
          ),
        ),
      ),
    );
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue);
    });
    document.body.append(box);
    box.showModal();
  });
}

/** Asks for a yes. */
export async function confirm(title: string, content: Child, yes: string, danger = false): Promise<boolean> {
  return (await dialog(title, content, [["", "Cancel"], ["yes", yes]], danger)) === "yes";
}
