import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below the range from which the system takes ports for outgoing connections. */
const FIRST = 20_000;
const COUNT = 12_000;
const TRIES = 100;

/** Ports that nobody listens on; all are held until the last is known. */
export async function freePorts(count: number): Promise<number[]> {
  const held: { server: Server; port: number }[] = [];
  for (let tries = 0; held.length < count; tries++) {
    if (tries > TRIES) throw new Error(`no ${count} free ports from ${FIRST} on`);
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const server = await hold(port);
    if (server) held.push({ server, port });
  }
  await Promise.all(held.map(({ server }) => new Promise((done) => server.close(done))));
  return held.map(({ port }) => port);
}

async function hold(port: number): Promise<Server | null> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return null;
  }
}
