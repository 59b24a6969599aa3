import { expect, it } from "vitest";
import { gatewayAddress } from "@/lib/gateway-address";

it.each([
  ["openai", "openai", "http://gw:8401/openai/v1"],
  ["my-vllm", "openai", "http://gw:8401/my-vllm/v1"],
  ["azure", "azure", "http://gw:8401/azure/v1"],
  ["anthropic", "anthropic", "http://gw:8401/anthropic"],
  ["gemini", "gemini", "http://gw:8401/gemini"],
  ["cohere", "cohere", "http://gw:8401/cohere"],
])("clients of %s, which speaks as %s, are given %s", (mount, dialect, address) => {
  expect(gatewayAddress("http://gw:8401/", mount, dialect)).toBe(address);
});
