export type Vendor = "openai" | "anthropic";

export interface Snippet {
  id: string;
  label: string;
  vendor: Vendor;
  /** The code as it is copied. */
  code: string;
  /** Zero-based numbers of the lines that differ from a program without Quotah. */
  changed: number[];
  /** How to run it, and what it needs. */
  howTo: string;
}

const OPENAI_MODEL = "gpt-5-mini";
const ANTHROPIC_MODEL = "claude-haiku-4-5";
const QUESTION = "Name three rivers.";

/** The same call in each language, with this gateway's address and `key` filled in. */
export function snippets(gatewayUrl: string, key: string): Snippet[] {
  const openai = `${gatewayUrl}/openai/v1`;
  const anthropic = `${gatewayUrl}/anthropic`;
  return [
    pythonOpenAI(openai, key),
    pythonAnthropic(anthropic, key),
    typescript(openai, key),
    curl(openai, key),
  ];
}

function pythonOpenAI(baseUrl: string, key: string): Snippet {
  return marked("python-openai", "Python · openai", "openai", "pip install openai", [
    "from openai import OpenAI",
    "",
    "client = OpenAI(",
    `+    base_url="${baseUrl}",`,
    `+    api_key="${key}",`,
    ")",
    "",
    "answer = client.chat.completions.create(",
    `    model="${OPENAI_MODEL}",`,
    `    messages=[{"role": "user", "content": "${QUESTION}"}],`,
    ")",
    "print(answer.choices[0].message.content)",
  ]);
}

function pythonAnthropic(baseUrl: string, key: string): Snippet {
  return marked("python-anthropic", "Python · anthropic", "anthropic", "pip install anthropic", [
    "from anthropic import Anthropic",
    "",
    "client = Anthropic(",
    `+    base_url="${baseUrl}",`,
    `+    api_key="${key}",`,
    ")",
    "",
    "answer = client.messages.create(",
    `    model="${ANTHROPIC_MODEL}",`,
    "    max_tokens=256,",
    `    messages=[{"role": "user", "content": "${QUESTION}"}],`,
    ")",
    "print(answer.content[0].text)",
  ]);
}

function typescript(baseUrl: string, key: string): Snippet {
  return marked("typescript", "TypeScript", "openai", "npm install openai", [
    'import OpenAI from "openai";',
    "",
    "const client = new OpenAI({",
    `+  baseURL: "${baseUrl}",`,
    `+  apiKey: "${key}",`,
    "});",
    "",
    "const answer = await client.chat.completions.create({",
    `  model: "${OPENAI_MODEL}",`,
    `  messages: [{ role: "user", content: "${QUESTION}" }],`,
    "});",
    "console.log(answer.choices[0].message.content);",
  ]);
}

function curl(baseUrl: string, key: string): Snippet {
  const body = `{"model": "${OPENAI_MODEL}", "messages": [{"role": "user", "content": "${QUESTION}"}]}`;
  return marked("curl", "curl", "openai", "Paste into a terminal", [
    `+curl ${baseUrl}/chat/completions \\`,
    `+  -H "Authorization: Bearer ${key}" \\`,
    '  -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ]);
}

/** Lines that start with "+" are the change; the mark itself is not part of the code. */
function marked(
  id: string,
  label: string,
  vendor: Vendor,
  howTo: string,
  lines: string[],
): Snippet {
  const changed = lines.flatMap((line, index) => (line.startsWith("+") ? [index] : []));
  const code = lines.map((line) => line.replace(/^\+/, "")).join("\n");
  return { id, label, vendor, code, changed, howTo };
}
