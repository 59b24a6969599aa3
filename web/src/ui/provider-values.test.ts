import { describe, expect, it } from "vitest";
import { shownKinds } from "@/ui/provider-kinds";
import {
  type Kind,
  placeOf,
  schemaFor,
  startValues,
  toBody,
  type Values,
} from "@/ui/provider-values";

const OPENAI: Kind = {
  provider: "openai",
  label: "OpenAI",
  base_url: "https://api.openai.com/v1",
  dialect: "openai",
  keyless: false,
  settings: [],
};
const AZURE: Kind = {
  ...OPENAI,
  provider: "azure",
  label: "Azure OpenAI",
  base_url: "",
  settings: [
    { name: "api_version", label: "API version", default: "2024-10-21", required: true },
    { name: "region", label: "Region", required: true },
  ],
};
const COMPATIBLE: Kind = { ...OPENAI, provider: "compatible", base_url: "", keyless: true };

const values = (changes: Partial<Values>, kind = OPENAI): Values => ({
  ...startValues(kind.provider),
  ...changes,
});
const problems = (kind: Kind, changes: Partial<Values>, further = false): string[] => {
  const checked = schemaFor(kind, further).safeParse(values(changes, kind));
  return checked.success ? [] : checked.error.issues.map(({ path }) => path.join("."));
};

describe("the form of a provider", () => {
  it("asks for the key alone where the vendor has one address", () => {
    expect(problems(OPENAI, {})).toEqual(["api_key"]);
    expect(problems(OPENAI, { api_key: "sk-1" })).toEqual([]);
    expect(toBody(values({ api_key: " sk-1 " }), OPENAI)).toEqual({
      provider: "openai",
      api_key: "sk-1",
    });
  });

  it("asks for an address and a setting where the vendor has none that suits all", () => {
    expect(problems(AZURE, { api_key: "k" })).toEqual(["base_url", "settings.region"]);
    const given = {
      api_key: "k",
      base_url: "https://a.openai.azure.com",
      settings: { region: "eu" },
    };
    expect(problems(AZURE, given)).toEqual([]);
    expect(toBody(values(given, AZURE), AZURE).settings).toEqual({ region: "eu" });
  });

  it("of anything compatible needs a name and an address, and no key", () => {
    expect(problems(COMPATIBLE, {})).toEqual(["mount", "base_url"]);
    expect(problems(COMPATIBLE, { mount: "My vLLM", base_url: "http://h/v1" })).toEqual(["mount"]);
    const given = { mount: "my-vllm", base_url: "http://h/v1", allow_private: true };
    expect(toBody(values(given, COMPATIBLE), COMPATIBLE)).toEqual({
      provider: "compatible",
      mount: "my-vllm",
      base_url: "http://h/v1",
      allow_private: true,
    });
  });

  it("of a further key sends the mount it belongs to", () => {
    const mount = {
      name: "eu",
      provider: "openai",
      base_url: "https://eu.api.openai.com/v1",
      allow_private: false,
      settings: { api_version: "v2" },
    };
    expect(problems(COMPATIBLE, {}, true)).toEqual([]);
    expect(toBody(values({ api_key: "sk-2", weight: "3", name: "second" }), OPENAI, mount)).toEqual(
      {
        provider: "openai",
        mount: "eu",
        base_url: "https://eu.api.openai.com/v1",
        settings: { api_version: "v2" },
        api_key: "sk-2",
        weight: 3,
        name: "second",
      },
    );
  });

  it("shows the API's word at the field it names, where there is one", () => {
    expect(placeOf("base_url", OPENAI)).toBe("base_url");
    expect(placeOf("settings.region", AZURE)).toBe("settings.region");
    expect(placeOf("settings.region", OPENAI)).toBeNull();
    expect(placeOf("provider", OPENAI)).toBeNull();
  });
});

describe("the kinds of providers", () => {
  const kind = (provider: string, label = provider): Kind => ({ ...OPENAI, provider, label });
  const kinds = [
    "zai",
    "anthropic",
    "groq",
    "openai",
    "deepseek",
    "xai",
    "mistral",
    "gemini",
    "azure",
  ]
    .map((each) => kind(each))
    .concat(kind("compatible", "Anything compatible"));
  const names = (view: { all: boolean; text: string; value: string }) =>
    shownKinds(kinds, view).map(({ provider }) => provider);

  it("begin with those that most people want", () => {
    expect(names({ all: false, text: "", value: "openai" })).toEqual([
      "openai",
      "anthropic",
      "gemini",
      "azure",
      "mistral",
      "compatible",
    ]);
  });

  it("hold what is chosen, wherever it stands", () => {
    expect(names({ all: false, text: "", value: "groq" })).toContain("groq");
  });

  it("are all found by their names", () => {
    expect(names({ all: true, text: "SEEK", value: "openai" })).toEqual(["deepseek"]);
    expect(names({ all: true, text: "", value: "openai" })).toHaveLength(kinds.length);
  });
});
