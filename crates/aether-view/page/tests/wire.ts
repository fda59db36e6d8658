import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** Stands between browsers and a server, and cuts all their connections at once, as a network does. */
export class Wire {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** Leads from a port of its own, which it gives, to another one. */
  async lay(to: number): Promise<number> {
    const server = createServer((near) => {
      const far = connect(to, "127.0.0.1");
      const pair = [near, far];
      for (const socket of pair) {
        this.#sockets.add(socket);
        // One end gone, the other goes, too.
        const end = () => {
          for (const other of pair) {
            other.destroy();
            this.#sockets.delete(other);
          }
        };
        socket.on("error", end).on("close", end);
      }
      near.pipe(far);
      far.pipe(near);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Ends every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  end(): void {
    this.cut();
    this.#server?.close();
  }
}
