import { describe, expect, it } from "vitest";
import { type Callee, snippets } from "./snippets";

const GATEWAY = "http://127.0.0.1:8401";
const KEY = "qk_gw_example";
const CALLEES: Record<string, Callee> = {
  openai: { mount: "openai", provider: "openai", dialect: "openai" },
  anthropic: { mount: "anthropic", provider: "anthropic", dialect: "anthropic" },
  gemini: { mount: "gemini", provider: "gemini", dialect: "gemini" },
  cohere: { mount: "cohere", provider: "cohere", dialect: "cohere" },
  azure: { mount: "azure", provider: "azure", dialect: "azure" },
  ours: { mount: "my-vllm", provider: "compatible", dialect: "openai" },
};
const of = (name: string) => snippets(GATEWAY, KEY, CALLEES[name] as Callee);
const ALL = Object.keys(CALLEES).flatMap(of);
const codeOf = (name: string, language: string) => of(name).find(({ id }) => id === language)?.code;

describe("the code shown to a newcomer", () => {
  it("changes exactly two lines in every language, whoever is called", () => {
    expect(ALL.map(({ changed }) => changed.length)).toEqual(ALL.map(() => 2));
    expect(of("gemini").map(({ label }) => label)).toEqual(["Python", "TypeScript", "curl"]);
  });

  it("carries the key and the gateway's address in the changed lines only", () => {
    for (const { code, changed } of ALL) {
      const lines = code.split("\n");
      const own = changed.map((index) => lines[index]).join("\n");
      const rest = lines.filter((_, index) => !changed.includes(index)).join("\n");
      expect(own).toContain(KEY);
      expect(own).toContain(`${GATEWAY}/`);
      expect(rest).not.toMatch(/qk_gw_|8401/);
    }
  });

  it("gives each client the base URL in the form that it expects", () => {
    expect(codeOf("openai", "python")).toContain(`base_url="${GATEWAY}/openai/v1"`);
    expect(codeOf("openai", "typescript")).toContain(`baseURL: "${GATEWAY}/openai/v1"`);
    expect(codeOf("openai", "curl")).toContain(`curl ${GATEWAY}/openai/v1/chat/completions`);
    expect(codeOf("anthropic", "python")).toContain(`base_url="${GATEWAY}/anthropic"`);
    expect(codeOf("anthropic", "curl")).toContain(`${GATEWAY}/anthropic/v1/messages`);
    expect(codeOf("gemini", "python")).toContain(`{"base_url": "${GATEWAY}/gemini"}`);
    expect(codeOf("gemini", "curl")).toContain(`${GATEWAY}/gemini/v1beta/models/`);
    expect(codeOf("cohere", "python")).toContain(`base_url="${GATEWAY}/cohere"`);
    expect(codeOf("cohere", "curl")).toContain(`${GATEWAY}/cohere/v2/chat`);
    expect(codeOf("azure", "python")).toContain(`base_url="${GATEWAY}/azure/v1"`);
    expect(codeOf("ours", "python")).toContain(`base_url="${GATEWAY}/my-vllm/v1"`);
  });

  it("says whose name is missing where only the owner knows the model", () => {
    expect(codeOf("ours", "curl")).toContain("YOUR_MODEL");
    expect(codeOf("azure", "curl")).toContain("YOUR_DEPLOYMENT");
  });

  it("leaves no mark of the highlighting in what is copied", () => {
    for (const { code } of ALL) expect(code).not.toMatch(/^\+/m);
  });
});
