import { api, ApiError, onLocked } from "./core/api";
import { h, svg } from "./core/dom";
import { live } from "./core/live";
import { Scope } from "./core/scope";
import { theme, type Choice } from "./core/theme";
import { dialog } from "./widgets/dialog";

export interface Section {
  name: string;
  title: string;
  path: string;
}

/** What stands around every page: navigation, the connection, dark and light. */
export function shell(sections: readonly Section[]): { main: HTMLElement; light: (section: string) => void } {
  const links = sections.map((section) => h("a", { href: section.path, class: "nav-link", "data-section": section.name }, section.title));
  const main = h("main", { id: "main", class: "main", tabindex: "-1" });
  const header = h(
    "header",
    { class: "bar" },
    h("a", { href: "#main", class: "skip" }, "Skip to the content"),
    h("a", { href: "/", class: "brand", "aria-label": "Aether: all runs" }, mark(), h("span", {}, "Aether")),
    h("nav", { class: "nav", "aria-label": "Pages" }, ...links),
    h("div", { class: "bar-end" }, connection(), themeSwitch()),
  );
  document.body.prepend(header, main);
  return {
    main,
    light: (name) => {
      for (const link of links) {
        if (link.dataset["section"] === name) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}

function mark(): SVGElement {
  return svg("svg", { viewBox: "0 0 32 32", class: "mark", "aria-hidden": "true" }, svg("path", { d: "M5 24 L12.5 8 L19 21 L27 11" }));
}

/** Says nothing while all is well. */
function connection(): HTMLElement {
  const text = h("span", {});
  const note = h("div", { class: "connection", role: "status" }, h("span", { class: "connection-dot", "aria-hidden": "true" }), text);
  let lost = false;
  live.watch(new Scope(), (state) => {
    note.dataset["state"] = state;
    if (state === "lost") {
      lost = true;
      text.textContent = "Connection lost, trying again";
      note.title = "The server does not answer. What you see stays; new data appears once it is back.";
    } else if (state === "open" && lost) {
      lost = false;
      text.textContent = "Connected again";
      note.title = "";
      setTimeout(() => {
        if (live.state === "open") text.textContent = "Live";
      }, 3000);
    } else {
      text.textContent = state === "open" ? "Live" : "";
      note.title = "";
    }
  });
  return note;
}

function themeSwitch(): HTMLElement {
  const order: Choice[] = ["auto", "light", "dark"];
  const titles: Record<Choice, string> = { auto: "as the system", light: "light", dark: "dark" };
  const button = h("button", { class: "icon-button theme-switch" }, svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("circle", { cx: "10", cy: "10", r: "7" }), svg("path", { d: "M10 3 a7 7 0 0 1 0 14 z", class: "half" })));
  const say = () => {
    const text = `Colours: ${titles[theme.choice]}`;
    button.title = text;
    button.setAttribute("aria-label", text);
  };
  button.addEventListener("click", () => {
    theme.choose(order[(order.indexOf(theme.choice) + 1) % order.length]!);
    say();
  });
  say();
  return button;
}

let asking: Promise<void> | undefined;

async function ask(): Promise<void> {
  let wrong = "";
  for (;;) {
    const field = h("input", { class: "field", type: "password", autocomplete: "off", "aria-label": "Token", required: true });
    await dialog(
      "This server asks for its token",
      [h("p", {}, "It was shown once, when ", h("code", {}, "aether dash"), " first listened on this address. ", h("code", {}, "aether dash --new-token"), " makes another."), field, wrong !== "" && h("p", { class: "error-text", role: "alert" }, wrong)],
      [["ok", "Open"]],
    );
    try {
      await api.session(field.value.trim());
      return;
    } catch (error) {
      wrong = error instanceof ApiError && error.status !== 0 ? `${error.message}. ${error.help}` : "The server cannot be reached.";
    }
  }
}

/** Takes the token of the printed link (`#token=...`) out of the address, and asks for one when the server wants it. */
export async function admit(): Promise<void> {
  onLocked(() => (asking ??= ask().finally(() => (asking = undefined))));
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await api.session(decodeURIComponent(token));
  } catch {
    // The first request will find the door shut, and ask.
  }
}
