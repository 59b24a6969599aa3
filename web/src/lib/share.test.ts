import { describe, expect, it } from "vitest";
import { sharesOf, shareWord } from "@/lib/share";

describe("shares", () => {
  it("add up to one, and are nothing where there is no weight", () => {
    expect(sharesOf([3, 1])).toEqual([0.75, 0.25]);
    expect(sharesOf([0, 0])).toEqual([0, 0]);
  });

  it("that are not nothing never read as nothing or as all", () => {
    expect([0, 0.0004, 0.005, 0.333, 0.9999, 1].map(shareWord)).toEqual([
      "0%",
      "<0.1%",
      "0.5%",
      "33%",
      ">99%",
      "100%",
    ]);
  });
});
