import "./style/index.css";
import { arrived } from "./core/brought";
import { h } from "./core/dom";
import { Router } from "./core/router";
import { theme } from "./core/theme";
import { bring } from "./pages/later";
import { routes, sections } from "./pages/routes";
import { admit, shell } from "./shell";
import { empty } from "./widgets/state";

let router: Router | undefined;

async function start(): Promise<void> {
  await arrived();
  theme.start();
  const { main, light } = shell(sections);
  await admit();
  router = new Router(main, routes, ({ root, title }) => {
    title("Not found");
    root.append(empty("There is no such page.", h("p", {}, h("a", { href: "/" }, "All runs"))));
  }, light);
  router.start();
  // A click then finds them.
  setTimeout(bring, 500);
}

void start();
