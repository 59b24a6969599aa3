/** Where a vendor's client finds a provider at the gateway: what is written into its base URL. */

/** Dialects whose clients take the version segment as a part of the base URL. */
const VERSIONED = ["openai", "azure"];

export function gatewayAddress(gatewayUrl: string, mount: string, dialect: string): string {
  const address = `${gatewayUrl.replace(/\/+$/, "")}/${mount}`;
  return VERSIONED.includes(dialect) ? `${address}/v1` : address;
}
