/** What the API would tell of a large workspace; for pictures only. */

const MINUTE = 60_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const ahead = (ms: number) => ago(-ms);

const MOUNTS = [
  ["openai", "openai", "https://api.openai.com/v1"],
  ["anthropic", "anthropic", "https://api.anthropic.com"],
  ["groq", "groq", "https://api.groq.com/openai/v1"],
  ["eu-gpus", "compatible", "https://gpus.internal.example.com/v1"],
] as const;

export function manyProviders() {
  return Array.from({ length: 30 }, (_, number) => {
    const [mount, provider, base_url] = MOUNTS[number % MOUNTS.length] ?? MOUNTS[0];
    const wrong = number % 7 === 3;
    return {
      id: `cred_${number}`,
      provider,
      mount,
      base_url,
      name:
        number === 9 ? "A billing account with a very long name of its own" : `account ${number}`,
      hint: String(1000 + number),
      fingerprint: `f${number}`,
      status: wrong ? "failing" : number % 9 === 5 ? "rate_limited" : "healthy",
      is_mock: false,
      created_at: ago(number * MINUTE),
      last_used_at: number % 5 === 4 ? null : ago(number * 20_000),
      last_error: wrong ? "503 The server is overloaded or not ready yet." : null,
      last_error_at: wrong ? ago(number * 10_000) : null,
      weight: number % 6 === 2 ? 0 : 1 + (number % 3),
      enabled: number % 8 !== 6,
      allow_private: false,
      settings: {},
      breaker: wrong ? "open" : "closed",
      open_until: wrong ? ahead(3 * MINUTE) : null,
    };
  });
}

export function manyLimits() {
  return manyProviders().flatMap(({ id, name, mount, provider }, number) =>
    (["requests", "input_tokens", "output_tokens"] as const).map((dimension, index) => ({
      credential_id: id,
      credential_name: name,
      mount,
      provider,
      model_group: index === 0 ? "" : "gpt-5-mini",
      dimension,
      limit: [500, 200_000, 80_000][index],
      remaining: Math.round(
        ([500, 200_000, 80_000][index] ?? 0) * (((number * 37 + index * 29) % 100) / 100),
      ),
      utilization: null,
      window_s: 60,
      resets_at: number % 4 === 1 && index === 2 ? ago(MINUTE) : ahead((number + 3) * 1_000),
      status: null,
      source: "header",
      observed_at: ago(number * 4_000),
    })),
  );
}

export function manyGateways() {
  return [1, 2, 3].map((number) => ({
    gateway_id: `gateway-${number}.eu-central`,
    seen_at: ago(number === 3 ? 40_000 : 2_000),
    started_at: ago(number * 90 * MINUTE),
    up: number !== 3,
    snapshot_version: 41,
    in_flight: number * 37,
    journal_depth: number * 2,
    journal_failing: false,
    events_waiting: number,
    losses: { events: 0 },
  }));
}

export function losing() {
  return {
    gateway_id: "gateway-4.eu-west",
    seen_at: ago(1_000),
    started_at: ago(60 * MINUTE),
    up: true,
    snapshot_version: 41,
    in_flight: 12,
    journal_depth: 1_024,
    journal_failing: true,
    events_waiting: 4_096,
    losses: { events: 317, intents: 2 },
  };
}

/** The body of one of many routes. */
export function routeBodies(number: number) {
  return {
    name: `Route of team ${String(number).padStart(2, "0")}`,
    enabled: number % 9 !== 0,
    match: {
      mounts: ["openai"],
      features: [`team-${number}`],
      models: number % 2 ? ["gpt-4o*"] : [],
    },
    targets: number % 3 ? [] : [{ mount: "openai" }, { mount: "openai", model: "gpt-4o-mini" }],
    retry: { tries: 1 + (number % 3) },
  };
}
