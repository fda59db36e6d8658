import "./index.css";
import { theme } from "../core/theme";
import { report } from "./report";
import type { Recorded } from "./recorded";

/** A report in one file: this program beside the answers of the API that it shows. It fetches nothing. */
function start(): void {
  theme.start();
  const text = document.getElementById("aether-report")?.textContent;
  if (text) report(document.body, JSON.parse(text) as Recorded);
}

start();
