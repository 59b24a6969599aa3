import { describe, expect, it } from "vitest";
import { snippets } from "./snippets";

const ALL = snippets("http://127.0.0.1:8401", "qk_gw_example");

describe("the code shown to a newcomer", () => {
  it("changes exactly two lines in every language", () => {
    expect(ALL.map((one) => one.changed.length)).toEqual([2, 2, 2, 2]);
  });

  it("carries the key and the gateway's address in the changed lines only", () => {
    for (const { code, changed } of ALL) {
      const lines = code.split("\n");
      const own = changed.map((index) => lines[index]).join("\n");
      const rest = lines.filter((_, index) => !changed.includes(index)).join("\n");
      expect(own).toContain("qk_gw_example");
      expect(own).toContain("http://127.0.0.1:8401/");
      expect(rest).not.toMatch(/qk_gw_|8401/);
    }
  });

  it("gives each client the base URL in the form that it expects", () => {
    const code = Object.fromEntries(ALL.map((one) => [one.id, one.code]));
    expect(code["python-openai"]).toContain('base_url="http://127.0.0.1:8401/openai/v1"');
    expect(code["python-anthropic"]).toContain('base_url="http://127.0.0.1:8401/anthropic"');
    expect(code.typescript).toContain('baseURL: "http://127.0.0.1:8401/openai/v1"');
    expect(code.curl).toContain("curl http://127.0.0.1:8401/openai/v1/chat/completions");
  });

  it("leaves no mark of the highlighting in what is copied", () => {
    for (const { code } of ALL) expect(code).not.toMatch(/^\+/m);
  });
});
