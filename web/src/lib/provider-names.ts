/** Providers as people write them; others keep their own name. */
const NAMES: Record<string, string> = {
  anthropic: "Anthropic",
  azure: "Azure",
  bedrock: "Amazon Bedrock",
  cerebras: "Cerebras",
  cloudflare: "Cloudflare",
  cohere: "Cohere",
  compatible: "OpenAI-compatible",
  cursor: "Cursor",
  databricks: "Databricks",
  deepseek: "DeepSeek",
  elevenlabs: "ElevenLabs",
  fireworks: "Fireworks",
  gemini: "Google Gemini",
  "github-copilot": "GitHub Copilot",
  groq: "Groq",
  meta: "Meta",
  minimax: "MiniMax",
  mistral: "Mistral",
  moonshotai: "Moonshot AI",
  ollama: "Ollama",
  openai: "OpenAI",
  openrouter: "OpenRouter",
  ovhcloud: "OVHcloud",
  perplexity: "Perplexity",
  together: "Together AI",
  vllm: "vLLM",
  vertex: "Google Vertex AI",
  voyageai: "Voyage AI",
  xai: "xAI",
  zai: "Z.ai",
  zhipuai: "Zhipu AI",
};

export function providerName(provider: string): string {
  return NAMES[provider] ?? provider.replace(/^huggingface_/, "Hugging Face, ");
}
