// The real `aether dash` on a home of its own, and a real browser.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The program: `AETHER_BIN`, or what cargo has built. */
function program(): string {
  const root = path.resolve(process.env["AETHER_PAGE"] ?? process.cwd(), "../../..");
  const built = path.join(process.env["CARGO_TARGET_DIR"] ?? path.join(root, "target"), "debug/aether");
  const chosen = process.env["AETHER_BIN"] ?? built;
  if (!existsSync(chosen)) throw new Error(`there is no ${chosen}: cargo build -p aether, or say where it is in AETHER_BIN`);
  return chosen;
}

/** What a server says of itself in one line of JSON. */
interface Serving {
  address: string;
  token?: string;
}

/** A server and a browser; `end` ends both and takes the home away. */
export class Dash {
  readonly home = mkdtempSync(path.join(tmpdir(), "aether-page-"));
  /** The token that it showed when it first started, where it made one. */
  token: string | undefined;
  #child: ChildProcess | undefined;
  #browser: Browser | undefined;
  #port = 0;
  /** What pages complained about. */
  readonly complaints: string[] = [];

  /** `options` are those of `aether dash`, beside its port. */
  constructor(readonly options: readonly string[] = []) {}

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the server; once more on the same port. */
  async start(): Promise<void> {
    const child = spawn(program(), ["dash", "--port", String(this.#port), "--json", ...this.options], { env: { ...process.env, AETHER_HOME: this.home }, stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    const serving = await new Promise<Serving>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`aether dash ended with ${String(code)}`)));
      createInterface({ input: child.stdout }).on("line", (line) => resolve(JSON.parse(line) as Serving));
    });
    this.#port = Number(serving.address.split(":").at(-1));
    this.token ??= serving.token;
  }

  /** Ends the server as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Opens a page in a window of its own; `to` is a path, or a whole address. */
  async open(to: string, options: BrowserContextOptions = {}): Promise<Page> {
    this.#browser ??= await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: FLAGS });
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "dark", ...options });
    // Slow machines are no failures.
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    // While the page is worked on: what `npm run build` last made, in place of what is in the program.
    const dist = process.env["AETHER_DIST"];
    if (dist !== undefined) {
      await page.route(/\/(app|run|others)\.(js|css)$/, async (route) => {
        const name = path.basename(new URL(route.request().url()).pathname);
        await route.fulfill({ contentType: name.endsWith(".css") ? "text/css" : "text/javascript", body: readFileSync(path.join(dist, name)) });
      });
    }
    page.on("pageerror", (error) => this.complaints.push(error.stack ?? error.message));
    page.on("console", (message) => {
      if (/Content Security Policy/i.test(message.text())) this.complaints.push(message.text());
    });
    await page.goto(new URL(to, this.url).href);
    return page;
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.kill();
    rmSync(this.home, { recursive: true, force: true });
  }
}
