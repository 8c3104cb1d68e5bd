import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";

export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Answer {
  status?: number;
  body?: unknown;
  /** Close the connection instead of answering. */
  hangUp?: boolean;
  /** Begin to answer and never finish. */
  never?: boolean;
}

/** A loopback server for one test, used for the page's relative addresses; requests are recorded. */
export async function answering(answer: (request: Seen) => Answer): Promise<Seen[]> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "", headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(chunks) };
    seen.push(asked);
    const { status = 200, body = {}, hangUp = false, never = false } = answer(asked);
    if (hangUp) request.socket.destroy();
    else {
      response.writeHead(status, { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" });
      if (never) response.write("{");
      else response.end(typeof body === "string" ? body : JSON.stringify(body));
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  leadTo(`http://127.0.0.1:${address.port}/`);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return seen;
}

/** Resolve the page's relative addresses against another origin for one test. */
export function leadTo(url: string): void {
  const base = document.createElement("base");
  base.href = url;
  document.head.append(base);
  onTestFinished(() => base.remove());
}
