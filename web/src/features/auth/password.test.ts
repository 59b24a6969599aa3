import { describe, expect, it } from "vitest";
import { PASSWORD_MAX, PASSWORD_MIN, passwordProblem } from "./password";

describe("a new password", () => {
  it("is judged by its length alone", () => {
    expect(passwordProblem("a".repeat(PASSWORD_MIN))).toBeNull();
    expect(passwordProblem("a".repeat(PASSWORD_MAX))).toBeNull();
  });

  it("says how much is missing", () => {
    expect(passwordProblem("a".repeat(PASSWORD_MIN - 1))).toBe("1 more character, please.");
    expect(passwordProblem("a")).toBe("9 more characters, please.");
    expect(passwordProblem("")).toBe("Choose a password.");
  });

  it("counts characters as people do, not UTF-16 units", () => {
    expect(passwordProblem("🌊".repeat(PASSWORD_MIN - 1))).toBe("1 more character, please.");
    expect(passwordProblem("🌊".repeat(PASSWORD_MIN))).toBeNull();
  });

  it("has an upper bound, so that hashing stays cheap", () => {
    expect(passwordProblem("a".repeat(PASSWORD_MAX + 1))).toContain("At most");
  });
});
