import { describe, expect, it } from "vitest";
import { safeReturnPath } from "./return-path";

const ORIGIN = "http://127.0.0.1:8400";

describe("where a sign-in leads", () => {
  it("keeps the page, its search and its fragment", () => {
    expect(safeReturnPath("/runs?from=2026-01-01#x", ORIGIN)).toBe("/runs?from=2026-01-01#x");
  });

  it.each([
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/.//evil.example",
    "/%2e//evil.example",
    "/a/..//evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "runs",
    "",
  ])("sends %j to the overview", (wanted) => {
    expect(safeReturnPath(wanted, ORIGIN)).toBe("/");
  });

  it("does not lead back to the sign-in or setup page", () => {
    expect(safeReturnPath("/login?next=/runs", ORIGIN)).toBe("/");
    expect(safeReturnPath("/setup?token=used", ORIGIN)).toBe("/");
  });

  it("takes anything but a string as no wish", () => {
    expect(safeReturnPath(undefined, ORIGIN)).toBe("/");
    expect(safeReturnPath(["/runs"], ORIGIN)).toBe("/");
  });
});
