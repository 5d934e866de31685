/**
 * Browsers driven by the commands of W3C WebDriver, which both speak in their own way: WebKitGTK through its driver over
 * HTTP, Firefox through Marionette, the connection that geckodriver itself uses. No package is needed for either.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long a browser may take to start, and how often it is looked at meanwhile. */
const START_MS = 30_000;
const LOOK_MS = 50;

/** How long a script in a page may run before its test fails. */
const SCRIPT_MS = 15_000;

/** A browser with one window. */
export interface Browser {
  /** Goes to an address and comes back when the page has loaded. */
  open(url: string): Promise<void>;
  /** Runs a function in the page, which sees nothing but its arguments, and gives what it answers. */
  run<A extends unknown[], T>(task: (...given: A) => T, ...given: A): Promise<Awaited<T>>;
  close(): Promise<void>;
}

type Command = (method: string, path: string, marionette: string, body: unknown) => Promise<unknown>;

/** Until `look` finds something. */
const until = async <T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> => {
  for (const end = Date.now() + START_MS; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not come up in ${START_MS / 1000} s`);
};

/** Ends a program and waits for its end. */
const end = async (program: ChildProcess): Promise<void> => {
  if (program.exitCode !== null || program.signalCode) return;
  const ended = new Promise((resolve) => program.once("exit", resolve));
  program.kill("SIGKILL");
  await ended;
};

/** The window, whatever carries the commands. */
const browser = (command: Command, close: () => Promise<void>): Browser => ({
  open: async (url) => void (await command("POST", "/url", "WebDriver:Navigate", { url })),
  run: async (task, ...given) => {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve((${task})(...[...arguments].slice(0, -1))).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const answer = (await command("POST", "/execute/async", "WebDriver:ExecuteAsyncScript", { script, args: given })) as { value?: unknown; error?: string };
    if (answer.error) throw new Error(answer.error);
    return answer.value as never;
  },
  close,
});

/** A port that nobody listens on. */
const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** WebKitGTK's own small browser, on a display of its own. */
export const startWebKit = async (): Promise<Browser> => {
  const display = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const number = await new Promise<string>((resolve, reject) => {
    display.stdout!.once("data", (data) => resolve(String(data).trim()));
    display.once("error", reject);
  });
  const library = readdirSync("/usr/lib", { withFileTypes: true })
    .flatMap(({ name }) => ["4.1", "6.0", "4.0"].map((version) => `/usr/lib/${name}/${version == "6.0" ? "webkitgtk" : "webkit2gtk"}-${version}/MiniBrowser`))
    .find((path) => existsSync(path));
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "trunkline-webkit-"));
  const driver = spawn("WebKitWebDriver", [`--port=${port}`], {
    stdio: "ignore",
    env: { ...process.env, DISPLAY: `:${number}`, HOME: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, LIBGL_ALWAYS_SOFTWARE: "1" },
  });
  const address = `http://127.0.0.1:${port}`;
  const call = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(address + path, { method, body: body === undefined ? null : JSON.stringify(body) });
    const { value } = (await response.json()) as { value: { message?: string; error?: string } };
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  await until("WebKitWebDriver", () => call("GET", "/status", undefined).then(() => true, () => undefined));
  const options = { binary: library, args: ["--automation"] };
  const wanted = { "webkitgtk:browserOptions": options, timeouts: { script: SCRIPT_MS } };
  const { sessionId } = (await call("POST", "/session", { capabilities: { alwaysMatch: wanted } })) as { sessionId: string };
  return browser(
    (method, path, _, body) => call(method, `/session/${sessionId}${path}`, body),
    async () => {
      await call("DELETE", `/session/${sessionId}`, undefined);
      await end(driver);
      await end(display);
      rmSync(home, { recursive: true, force: true });
    },
  );
};

/** Firefox without a window, on a profile of its own. */
export const startFirefox = async (): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), "trunkline-firefox-"));
  const settings: [string, unknown][] = [
    ["marionette.port", 0],
    ["app.update.disabledForTesting", true],
    ["browser.shell.checkDefaultBrowser", false],
    ["datareporting.policy.dataSubmissionEnabled", false],
    ["network.captive-portal-service.enabled", false],
    ["network.connectivity-service.enabled", false],
    ["extensions.update.enabled", false],
    ["toolkit.telemetry.server", ""],
    ["services.settings.server", "data:,"],
    ["browser.safebrowsing.downloads.remote.enabled", false],
  ];
  writeFileSync(join(profile, "user.js"), settings.map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`).join(""));
  const program = spawn(process.env.TRUNKLINE_FIREFOX ?? "firefox-esr", ["--headless", "--marionette", "--no-remote", "--profile", profile], {
    stdio: "ignore",
    env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  const active = join(profile, "MarionetteActivePort");
  const port = await until("Firefox", () => (existsSync(active) && Number(readFileSync(active, "utf8"))) || undefined);
  const socket = connect(port, "127.0.0.1");
  const call = marionette(socket);
  await call("WebDriver:NewSession", { capabilities: { alwaysMatch: { timeouts: { script: SCRIPT_MS } } } });
  return browser(
    async (_method, _path, name, body) => ((await call(name, body)) as { value: unknown }).value,
    async () => {
      socket.destroy();
      await end(program);
      rmSync(profile, { recursive: true, force: true });
    },
  );
};

type Answer = [type: 1, id: number, error: { error: string; message: string } | null, result: unknown];

/** Commands and answers as JSON, each behind its length and a colon. */
const marionette = (socket: Socket) => {
  const waiting = new Map<number, (answer: Answer) => void>();
  let got = Buffer.alloc(0);
  let last = 0;
  socket.on("data", (data) => {
    got = Buffer.concat([got, data]);
    for (let colon; (colon = got.indexOf(":")) > 0; ) {
      const length = Number(got.subarray(0, colon));
      if (got.length < colon + 1 + length) return;
      const message = JSON.parse(got.subarray(colon + 1, colon + 1 + length).toString()) as Answer;
      got = got.subarray(colon + 1 + length);
      // The first message is a greeting.
      if (Array.isArray(message)) waiting.get(message[1])?.(message);
    }
  });
  return (name: string, parameters: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      const text = JSON.stringify([0, ++last, name, parameters]);
      waiting.set(last, ([, id, error, result]) => {
        waiting.delete(id);
        if (error) reject(new Error(`${error.error}: ${error.message}`));
        else resolve(result);
      });
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
};
