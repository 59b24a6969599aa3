import { describe, expect, it } from "vitest";
import type { Query, QueryCell } from "@/api/contract";
import type { Answer } from "@/api/table";
import { sparkValues } from "@/features/overview/cards";
import { costChart } from "@/features/overview/cost-points";
import { sortRows } from "@/features/overview/models-card";
import { costByModel, totals } from "@/features/overview/questions";
import type { Unit } from "@/lib/format";

const frame = { period: { last: "7d" }, zone: "UTC", grain: "day" } as const;

function answer(asked: Query, columns: [string, Unit][], rows: QueryCell[][]): Answer {
  return {
    asked,
    rows,
    columns: columns.map(([name, unit]) => ({ name, unit, kind: "metric" })),
    period: { from: "2026-11-14T00:00:00Z", to: "2026-11-17T00:00:00Z" },
  };
}

describe("the cost chart", () => {
  const columns: [string, Unit][] = [
    ["time", "time"],
    ["provider", "text"],
    ["model", "text"],
    ["cost", "usd"],
  ];
  const chart = costChart(
    answer(costByModel(frame), columns, [
      ["2026-11-14T00:00:00Z", "openai", "small", "1"],
      ["2026-11-14T00:00:00Z", "openai", "big", "5.5"],
      ["2026-11-14T00:00:00Z", "__other__", "__other__", "9"],
      ["2026-11-15T00:00:00Z", "openai", "small", "0"],
      ["2026-11-15T00:00:00Z", "openai", "never", null],
      ["2026-11-16T00:00:00Z", "openai", "small", "2"],
    ]),
  );

  it("stacks from the largest sum to the smallest, the rest last", () => {
    expect(chart.series.map(({ label }) => label)).toEqual(["big", "small", "Other models"]);
  });

  it("leaves out models that cost nothing", () => {
    expect(chart.series.some(({ label }) => label === "never")).toBe(false);
  });

  it("has every bucket, also one without cost", () => {
    expect(chart.points.map(({ values }) => values)).toEqual([
      { "openai/small": 1, "openai/big": 5.5, __other__: 9 },
      {},
      { "openai/small": 2 },
    ]);
    expect(chart.points.at(-1)?.end).toBe(new Date("2026-11-17T00:00:00Z").getTime());
  });
});

describe("the sparklines", () => {
  const trend = answer(
    { ...totals(frame), grain: "day" },
    [
      ["time", "time"],
      ["cost", "usd"],
      ["latency_p50", "ms"],
    ],
    [
      ["2026-11-14T00:00:00Z", "0.25", 800],
      ["2026-11-15T00:00:00Z", "0", null],
    ],
  );

  it("show a bucket without calls as zero cost and as unknown latency", () => {
    const { values } = sparkValues(trend, 0);
    expect(values.cost).toEqual([0.25, 0]);
    expect(values.latency_p50).toEqual([800, null]);
  });

  it("know whether the last bucket still runs", () => {
    expect(sparkValues(trend, new Date("2026-11-15T12:00:00Z").getTime()).running).toBe(true);
    expect(sparkValues(trend, new Date("2026-11-16T00:00:00Z").getTime()).running).toBe(false);
  });
});

describe("the models", () => {
  const rows = [{ cost: "2" }, { cost: null }, { cost: "10" }];
  it("are sorted by amount, not by text, with the unpriced last either way", () => {
    const by = (desc: boolean) => sortRows(rows, { metric: "cost", desc }).map(({ cost }) => cost);
    expect(by(true)).toEqual(["10", "2", null]);
    expect(by(false)).toEqual(["2", "10", null]);
  });
});
