import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nginxLocation } from "../src/features/visitor/words";

describe("the path of a site that is passed on", () => {
  it("passes the snippet's part of the server and nothing else of it", () => {
    const told = nginxLocation("https://track.example.com");
    expect(told).toMatch(/^location \/tl\/t\/ \{$/m);
    expect(told).toMatch(/^ {4}proxy_pass https:\/\/track\.example\.com\/t\/;$/m);
  });

  it("is what the documentation says", () => {
    const page = readFileSync(new URL("../../../docs/snippet.md", import.meta.url), "utf8");
    expect(page).toContain(nginxLocation("https://track.example.com"));
    expect(page).not.toMatch(/proxy_pass https:\/\/[^/]*\/;/);
  });
});
