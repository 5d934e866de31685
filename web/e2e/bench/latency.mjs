/** A loopback server that is as far away as a real one: it adds time to every new connection and to every answer. */
import { createServer } from "node:http";

/** Time to set up a connection, and on top of it for each answer. */
export const CONNECT_MS = 100;
export const ANSWER_MS = 50;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `answer(path, origin)` gives `{status, type, body, cache}`; `log` gets each request with its body. */
export const serveFarAway = async (answer) => {
  const met = new WeakSet();
  const log = [];
  const server = createServer(async (request, response) => {
    const asked = { path: request.url, text: "" };
    log.push(asked);
    const first = !met.has(request.socket);
    met.add(request.socket);
    for await (const part of request) asked.text += part;
    await wait(ANSWER_MS + (first ? CONNECT_MS : 0));
    const { status = 200, type, body = "", cache } = answer(request.url, request.headers.origin);
    response.statusCode = status;
    response.setHeader("Access-Control-Allow-Origin", request.headers.origin ?? "*");
    // So that the browser's timings of this other origin are open to the bench.
    response.setHeader("Timing-Allow-Origin", "*");
    if (type) response.setHeader("Content-Type", type);
    response.setHeader("Cache-Control", cache ?? "no-store");
    response.end(body);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    log,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};
