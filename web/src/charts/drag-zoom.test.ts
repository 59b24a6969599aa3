import { act, renderHook } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { useDragZoom } from "@/charts/drag-zoom";

const points = [0, 10, 20, 30].map((at) => ({ at, end: at + 10, values: {} }));
const over = (activeTooltipIndex: unknown) => ({ activeTooltipIndex });
const release = () => act(() => void window.dispatchEvent(new MouseEvent("mouseup")));

function setUp(onZoom?: (from: number, to: number) => void) {
  const { result } = renderHook(() => useDragZoom(points, onZoom));
  return {
    area: () => result.current.area,
    press: (index: unknown) => act(() => result.current.onMouseDown(over(index))),
    move: (index: unknown) => act(() => result.current.onMouseMove(over(index))),
  };
}

describe("dragging over a chart", () => {
  it("marks the buckets and zooms on release, in whichever direction", () => {
    const zoom = vi.fn();
    const chart = setUp(zoom);
    chart.press("2");
    chart.move("1");
    chart.move("0");
    expect(chart.area()).toEqual({ first: 0, last: 2 });
    release();
    expect(zoom).toHaveBeenCalledExactlyOnceWith(0, 30);
    expect(chart.area()).toBeNull();
  });

  it("does nothing on a plain click", () => {
    const zoom = vi.fn();
    const chart = setUp(zoom);
    chart.press(1);
    chart.move(1);
    release();
    chart.move(3);
    release();
    expect(zoom).not.toHaveBeenCalled();
    expect(chart.area()).toBeNull();
  });

  it("ignores places without a bucket, and charts that cannot zoom", () => {
    const zoom = vi.fn();
    const chart = setUp(zoom);
    chart.press(undefined);
    chart.move(2);
    chart.press(1);
    chart.move("x");
    release();
    expect(zoom).not.toHaveBeenCalled();
    const still = setUp();
    still.press(0);
    still.move(2);
    expect(still.area()).toBeNull();
  });
});
