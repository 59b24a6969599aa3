import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands for a caller without a key: a server of one's own may take those. */
export const NO_KEY = "";

/**
 * Lists models and answers chats for the keys that it knows and answers 401 to others, as OpenAI and
 * Anthropic do.
 */
export class Vendor {
  private readonly keys = new Set<string>();
  /** The key of each chat that was answered, in order. */
  readonly asked: string[] = [];

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
    server.on("request", (request, response) => vendor.answer(request, response));
    return vendor;
  }

  accept(key: string): void {
    this.keys.add(key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const bearer = request.headers.authorization?.replace("Bearer ", "");
    const key = String(bearer ?? request.headers["x-api-key"] ?? NO_KEY);
    const known = this.keys.has(key);
    const chat = request.method === "POST";
    if (known && chat) this.asked.push(key);
    request.resume();
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" });
    response.end(known ? (chat ? COMPLETION : LIST) : '{"error":{"message":"no such key"}}');
  }
}

const LIST = '{"object":"list","data":[]}';
const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "river-7b",
  choices: [{ index: 0, message: { role: "assistant", content: "Elbe." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
});
