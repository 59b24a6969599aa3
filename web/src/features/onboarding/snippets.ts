/** The same call in each language, by the client of whoever is called. */

import { gatewayAddress } from "@/lib/gateway-address";

/** Whom the code calls: the name at the gateway, the vendor, and how its HTTP is spoken. */
export interface Callee {
  mount: string;
  provider: string;
  dialect: string;
}

export interface Snippet {
  id: "python" | "typescript" | "curl";
  label: string;
  /** The code as it is copied. */
  code: string;
  /** Zero-based numbers of the lines that differ from a program without Quotah. */
  changed: number[];
  /** How to run it, and what it needs. */
  howTo: string;
}

interface Given {
  url: string;
  key: string;
  model: string;
}

const QUESTION = "Name three rivers.";
const MODELS: Record<string, string> = {
  openai: "gpt-5-mini",
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  cohere: "command-a-03-2025",
  mistral: "mistral-small-latest",
  groq: "llama-3.3-70b-versatile",
  deepseek: "deepseek-chat",
  xai: "grok-4",
  openrouter: "openai/gpt-5-mini",
  together: "meta-llama/Llama-3.3-70B-Instruct-Turbo",
  perplexity: "sonar",
  fireworks: "accounts/fireworks/models/llama-v3p3-70b-instruct",
};
/** Where only its owner knows what is served there. */
const UNKNOWN_MODEL: Record<string, string> = { azure: "YOUR_DEPLOYMENT" };

/** Python, TypeScript and curl, with this gateway's address and `key` filled in. */
export function snippets(gatewayUrl: string, key: string, callee: Callee): Snippet[] {
  const { mount, provider, dialect } = callee;
  const model = MODELS[provider] ?? UNKNOWN_MODEL[provider] ?? "YOUR_MODEL";
  const write = WRITERS[dialect] ?? openai;
  return write({ url: gatewayAddress(gatewayUrl, mount, dialect), key, model });
}

const WRITERS: Record<string, (given: Given) => Snippet[]> = {
  anthropic,
  gemini,
  cohere,
};

function openai({ url, key, model }: Given): Snippet[] {
  const message = `{"role": "user", "content": "${QUESTION}"}`;
  return [
    python("openai", [
      "from openai import OpenAI",
      "",
      "client = OpenAI(",
      `+    base_url="${url}",`,
      `+    api_key="${key}",`,
      ")",
      "",
      "answer = client.chat.completions.create(",
      `    model="${model}",`,
      `    messages=[${message}],`,
      ")",
      "print(answer.choices[0].message.content)",
    ]),
    typescript("openai", [
      'import OpenAI from "openai";',
      "",
      "const client = new OpenAI({",
      `+  baseURL: "${url}",`,
      `+  apiKey: "${key}",`,
      "});",
      "",
      "const answer = await client.chat.completions.create({",
      `  model: "${model}",`,
      `  messages: [{ role: "user", content: "${QUESTION}" }],`,
      "});",
      "console.log(answer.choices[0].message.content);",
    ]),
    curl([
      `+curl ${url}/chat/completions \\`,
      `+  -H "Authorization: Bearer ${key}" \\`,
      '  -H "Content-Type: application/json" \\',
      `  -d '{"model": "${model}", "messages": [${message}]}'`,
    ]),
  ];
}

function anthropic({ url, key, model }: Given): Snippet[] {
  const message = `{"role": "user", "content": "${QUESTION}"}`;
  return [
    python("anthropic", [
      "from anthropic import Anthropic",
      "",
      "client = Anthropic(",
      `+    base_url="${url}",`,
      `+    api_key="${key}",`,
      ")",
      "",
      "answer = client.messages.create(",
      `    model="${model}",`,
      "    max_tokens=256,",
      `    messages=[${message}],`,
      ")",
      "print(answer.content[0].text)",
    ]),
    typescript("@anthropic-ai/sdk", [
      'import Anthropic from "@anthropic-ai/sdk";',
      "",
      "const client = new Anthropic({",
      `+  baseURL: "${url}",`,
      `+  apiKey: "${key}",`,
      "});",
      "",
      "const answer = await client.messages.create({",
      `  model: "${model}",`,
      "  max_tokens: 256,",
      `  messages: [{ role: "user", content: "${QUESTION}" }],`,
      "});",
      "console.log(answer.content);",
    ]),
    curl([
      `+curl ${url}/v1/messages \\`,
      `+  -H "x-api-key: ${key}" \\`,
      '  -H "anthropic-version: 2023-06-01" \\',
      '  -H "Content-Type: application/json" \\',
      `  -d '{"model": "${model}", "max_tokens": 256, "messages": [${message}]}'`,
    ]),
  ];
}

function gemini({ url, key, model }: Given): Snippet[] {
  return [
    python("google-genai", [
      "from google import genai",
      "",
      "client = genai.Client(",
      `+    http_options={"base_url": "${url}"},`,
      `+    api_key="${key}",`,
      ")",
      "",
      "answer = client.models.generate_content(",
      `    model="${model}",`,
      `    contents="${QUESTION}",`,
      ")",
      "print(answer.text)",
    ]),
    typescript("@google/genai", [
      'import { GoogleGenAI } from "@google/genai";',
      "",
      "const client = new GoogleGenAI({",
      `+  httpOptions: { baseUrl: "${url}" },`,
      `+  apiKey: "${key}",`,
      "});",
      "",
      "const answer = await client.models.generateContent({",
      `  model: "${model}",`,
      `  contents: "${QUESTION}",`,
      "});",
      "console.log(answer.text);",
    ]),
    curl([
      `+curl ${url}/v1beta/models/${model}:generateContent \\`,
      `+  -H "x-goog-api-key: ${key}" \\`,
      '  -H "Content-Type: application/json" \\',
      `  -d '{"contents": [{"parts": [{"text": "${QUESTION}"}]}]}'`,
    ]),
  ];
}

function cohere({ url, key, model }: Given): Snippet[] {
  const message = `{"role": "user", "content": "${QUESTION}"}`;
  return [
    python("cohere", [
      "import cohere",
      "",
      "client = cohere.ClientV2(",
      `+    base_url="${url}",`,
      `+    api_key="${key}",`,
      ")",
      "",
      "answer = client.chat(",
      `    model="${model}",`,
      `    messages=[${message}],`,
      ")",
      "print(answer.message.content[0].text)",
    ]),
    typescript("cohere-ai", [
      'import { CohereClientV2 } from "cohere-ai";',
      "",
      "const client = new CohereClientV2({",
      `+  environment: "${url}",`,
      `+  token: "${key}",`,
      "});",
      "",
      "const answer = await client.chat({",
      `  model: "${model}",`,
      `  messages: [{ role: "user", content: "${QUESTION}" }],`,
      "});",
      "console.log(answer.message.content);",
    ]),
    curl([
      `+curl ${url}/v2/chat \\`,
      `+  -H "Authorization: Bearer ${key}" \\`,
      '  -H "Content-Type: application/json" \\',
      `  -d '{"model": "${model}", "messages": [${message}]}'`,
    ]),
  ];
}

function python(library: string, lines: string[]): Snippet {
  return marked("python", "Python", `pip install ${library}`, lines);
}

function typescript(library: string, lines: string[]): Snippet {
  return marked("typescript", "TypeScript", `npm install ${library}`, lines);
}

function curl(lines: string[]): Snippet {
  return marked("curl", "curl", "Paste into a terminal", lines);
}

/** Lines that start with "+" are the change; the mark itself is not part of the code. */
function marked(id: Snippet["id"], label: string, howTo: string, lines: string[]): Snippet {
  const changed = lines.flatMap((line, index) => (line.startsWith("+") ? [index] : []));
  const code = lines.map((line) => line.replace(/^\+/, "")).join("\n");
  return { id, label, code, changed, howTo };
}
