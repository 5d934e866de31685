/** The customer's site: pages with the block in their head, served whole or in parts that wait for the test. */
import { serve, type Served } from "./serve.ts";
import { block } from "./block.ts";
import type { Tracker } from "./tracker.ts";

export interface PageOptions {
  /** More of the head, after the block. */
  head?: string;
  /** Before the block. */
  before?: string;
  /** Attributes of `<html>`. */
  html?: string;
  /** Attributes of the loader's script element. */
  script?: string;
  /** The block; by default that of the tracker's configuration. */
  block?: string;
  headers?: Record<string, string>;
}

type Part = string | Promise<unknown>;

export class Site {
  private served!: Served;
  private pages = new Map<string, { parts: (() => Part)[]; headers: Record<string, string> }>();
  /** Paths that are asked for and never answered. */
  readonly hanging = new Set<string>();

  constructor(private readonly tracker: Tracker) {}

  async start() {
    this.served = await serve(async (_request, response, { pathname }) => {
      if (this.hanging.has(pathname)) return;
      const page = this.pages.get(pathname);
      if (!page) {
        response.statusCode = 404;
        response.end();
        return;
      }
      response.setHeader("Content-Type", pathname.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8");
      for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value);
      for (const part of page.parts) {
        const now = part();
        if (typeof now == "string") response.write(now);
        else await now;
      }
      response.end();
    });
    return this;
  }

  get origin() {
    return this.served.origin;
  }

  close() {
    return this.served.close();
  }

  url(path: string) {
    return this.origin + path;
  }

  /** A page of `parts`: texts, and promises to wait for before the next text is sent. */
  page(path: string, body: string | Part[], options: PageOptions = {}) {
    const parts = typeof body == "string" ? [body] : body;
    const top = () =>
      `<!doctype html><html lang="en"${options.html ?? ""}><head><meta charset="utf-8"><title>Page</title>${options.before ?? ""}` +
      `${options.block ?? block(this.tracker.config(), options.script)}${options.head ?? ""}</head><body>`;
    this.pages.set(path, {
      parts: [top, ...parts.map((part) => () => part), () => "</body></html>"],
      headers: { "Cache-Control": "no-cache", ...options.headers },
    });
    return this.url(path);
  }

  /** A file as it is. */
  file(path: string, content: string, headers: Record<string, string> = {}) {
    this.pages.set(path, { parts: [() => content], headers });
    return this.url(path);
  }
}
