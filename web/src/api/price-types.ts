/** What the API of prices takes and gives. Money and rates are decimal texts, times RFC 3339. */

import type { components } from "@/api/__generated__/schema";

type Schemas = components["schemas"];

export type BookUnit = Schemas["BookUnit"];
export type BookModel = Schemas["BookModel"];
export type ModelPage = Schemas["BookModelPage"];
/** A rate; beyond each step's input tokens the whole request has another one. */
export type BookRate = Schemas["RateOut"];
export type Step = Schemas["Step"];

export type ModelPrices = Schemas["ModelOut"];
export type BookPeriod = Schemas["PeriodOut"];
export type BookUplift = Schemas["UpliftOut"];
/** How a call must be made: of a variant one value each, of a surcharge several. */
export type Conditions = Record<string, string | string[]>;

/** Exactly one of rates and factor is given. */
export type OverrideIn = Schemas["OverrideFields"];
export type Override = Schemas["OverrideOut"];
/** `affected_calls_30d` is null when the calls cannot be counted now. */
export type SavedOverride = Schemas["OverrideSaved"];

export type Verdict = Schemas["Verdict"];
export type ImportResult = Schemas["ImportOut"];

export type TrustEntry = Schemas["TrustOut"];
export type Unpriced = Schemas["UnpricedOut"];

export type Reprice = Schemas["RepriceOut"];
export type RepriceTotals = Schemas["RepriceTotals"];

export type Updates = Schemas["UpdatesOut"];
export type Update = Schemas["UpdateOut"];
export type PriceChange = Schemas["ChangeOut"];

export type PreviewIn = Schemas["PreviewIn"];
export type Preview = Schemas["PreviewOut"];
