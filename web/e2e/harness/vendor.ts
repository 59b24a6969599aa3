import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Lists models for the keys that it knows and answers 401 to others, as OpenAI and Anthropic do. */
export class Vendor {
  private readonly keys = new Set<string>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Vendor> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const vendor = new Vendor(server, `http://127.0.0.1:${port}`);
    server.on("request", (request, response) => {
      const given = request.headers.authorization?.replace("Bearer ", "");
      const known = vendor.keys.has(String(given ?? request.headers["x-api-key"]));
      response.writeHead(known ? 200 : 401, { "content-type": "application/json" });
      response.end(known ? '{"object":"list","data":[]}' : '{"error":{"message":"no such key"}}');
    });
    return vendor;
  }

  accept(key: string): void {
    this.keys.add(key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
