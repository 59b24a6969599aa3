import { type BrowserContext, expect } from "@playwright/test";

/** Everything a page did that no page of ours may do. */
export class Watch {
  readonly foreignRequests: string[] = [];
  readonly policyViolations: string[] = [];
  readonly crashes: string[] = [];

  constructor(
    context: BrowserContext,
    private readonly own: Set<string>,
  ) {
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (["data:", "blob:", "about:"].includes(url.protocol)) return;
      if (!this.own.has(url.origin)) this.foreignRequests.push(request.url());
    });
    context.on("console", (message) => {
      if (/Content Security Policy|TrustedHTML|TrustedScript/i.test(message.text())) {
        this.policyViolations.push(message.text());
      }
    });
    context.on("weberror", (error) => this.crashes.push(String(error.error())));
  }

  allow(origin: string): void {
    this.own.add(origin);
  }

  expectClean(): void {
    expect.soft(this.foreignRequests, "requests that left the origin").toEqual([]);
    expect.soft(this.policyViolations, "content security policy violations").toEqual([]);
    expect(this.crashes, "uncaught errors in the page").toEqual([]);
  }
}
