/** What the API of prices takes and gives. Money and rates are decimal texts, times RFC 3339. */

export type PriceBook = {
  /** With this workspace's overrides; `list_version` without them. */
  version: string;
  list_version: string;
  sources: Record<string, string>;
  models: number;
  providers: string[];
  units: BookUnit[];
};
export type BookUnit = { unit: string; name: string; per: number; token: boolean };

export type Step = { tokens: number; rate_usd: string };
export type BookRate = {
  unit: string;
  name: string;
  rate_usd: string;
  per: number;
  /** Beyond so many input tokens the whole request has another rate. */
  above: Step[];
  source: string;
};
export type BookModel = {
  provider: string;
  model: string;
  since: string | null;
  source: string;
  overridden: boolean;
  rates: BookRate[];
};
export type ModelPage = { items: BookModel[]; next_cursor: string | null };

export type BookPeriod = {
  from: string | null;
  until: string | null;
  schedule: string | null;
  source: string;
  rates: BookRate[];
};
export type Conditions = Record<string, string | string[]>;
export type BookVariant = {
  when: Conditions;
  from: string | null;
  until: string | null;
  source: string;
  rates: BookRate[];
};
export type BookUplift = {
  name: string;
  when: Conditions;
  factor: string;
  source: string;
  from: string | null;
  until: string | null;
};
export type ModelPrices = {
  provider: string;
  model: string;
  matches: string[];
  periods: BookPeriod[];
  variants: BookVariant[];
  uplifts: BookUplift[];
  minimums: { unit: string; name: string; quantity: number }[];
  overrides: Override[];
};

export type OverrideIn = {
  provider: string;
  model: string;
  deployment?: string | null;
  project_id?: string | null;
  from?: string | null;
  until?: string | null;
  /** Exactly one of these two. */
  rates?: Record<string, string> | null;
  factor?: string | null;
  note?: string;
};
export type Override = Required<OverrideIn> & {
  id: string;
  /** It counts now for the calls it names, unless a narrower one does. */
  effective: boolean;
  created_at: string;
  created_by: string | null;
};
/** `affected_calls_30d` is null when the calls cannot be counted now. */
export type SavedOverride = Override & { matches_now: number; affected_calls_30d: number | null };

export type Transfer = {
  quotah_price_overrides: number;
  overrides: unknown[];
  trust?: Record<string, boolean>;
};
export type Verdict = {
  index: number | null;
  ok: boolean;
  field: string | null;
  message: string | null;
};
export type ImportResult = { applied: boolean; verdicts: Verdict[] };

export type TrustEntry = { provider: string; trusted: boolean; default: boolean };
export type Trust = { providers: TrustEntry[] };

export type Unpriced = {
  provider: string;
  model: string | null;
  calls: number;
  first_seen: string;
  last_seen: string;
  reason: string;
  run_id: string;
};

export type RepriceIn = {
  from: string;
  to: string;
  provider?: string;
  model?: string;
  dry_run: boolean;
};
export type RepriceTotals = {
  events: number;
  changed: number;
  old_usd: string;
  new_usd: string;
  priced_before: number;
  priced_after: number;
};
export type RepriceRow = RepriceTotals & { provider: string; model: string | null };
export type Reprice = {
  reprice_id: string | null;
  applied: boolean;
  rows: RepriceRow[];
  totals: RepriceTotals;
};

export type Disagreement = {
  provider: string;
  model: string;
  unit: string;
  ours_usd: string;
  theirs_usd: string;
  source_ours: string;
  source_theirs: string;
  per: number;
  since: string | null;
  until: string | null;
  /** The way of calling or the time of the week it is limited to. */
  when: string;
};

export type PriceChange = {
  provider: string;
  model: string;
  unit: string;
  old_usd: string | null;
  new_usd: string | null;
  ratio: string | null;
  when: string;
};
export type Update = {
  id: string;
  state: "held" | "applied" | "rejected" | "failed";
  version: string | null;
  found_at: string;
  decided_at: string | null;
  reasons: string[];
  changes: PriceChange[];
  changed: number;
  added: number;
  removed: number;
};
export type Updates = {
  enabled: boolean;
  url: string;
  last_checked_at: string | null;
  last_error: string | null;
  /** Whoever runs this instance decides for all workspaces. */
  may_change: boolean;
  items: Update[];
};

export type PreviewIn = {
  provider: string;
  model: string;
  usage: Record<string, number>;
  at?: string;
  /** A price to try, as if it were saved. */
  override?: OverrideIn;
};
export type Preview = {
  status: string;
  cost_usd: string | null;
  line_items: {
    unit: string;
    quantity: number;
    rate_usd: string;
    per: number;
    amount_usd: string;
    rule: string;
    text: string;
  }[];
  price_version: string;
  reason: string;
};

export type AppliedReprice = {
  reprice_id: string;
  applied_at: string;
  /** unfinished: it was ended in the middle; the same again completes it. */
  state: "running" | "done" | "unfinished";
  from: string;
  to: string;
  provider: string | null;
  model: string | null;
  totals: RepriceTotals;
};
