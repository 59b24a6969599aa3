import { act, fireEvent, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MoneySource } from "@/lib/money-source";
import { ArithmeticProvider, Money } from "@/ui/money";
import { TooltipProvider } from "@/ui/tooltip";

const asked = vi.fn();

function Explain({ source }: { source: MoneySource }) {
  asked(source);
  return <p>3 × $0.25 = $0.75</p>;
}

function show(page: ReactNode) {
  render(
    <TooltipProvider>
      <ArithmeticProvider value={Explain}>{page}</ArithmeticProvider>
    </TooltipProvider>,
  );
}

const RUN: MoneySource = { kind: "run", id: "run_1" };
const card = () => screen.queryByRole("dialog", { name: "How this amount comes about" });
const rest = (ms = 400) => act(() => vi.advanceTimersByTime(ms));

describe("a dollar that explains itself", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    asked.mockClear();
  });
  afterEach(() => vi.useRealTimers());

  it("asks for nothing until a mouse rests on it, and closes when the mouse leaves", () => {
    show(<Money value="0.75" of={RUN} />);
    const word = screen.getByRole("button", { name: "$0.75" });
    expect(asked).not.toHaveBeenCalled();
    fireEvent.pointerEnter(word, { pointerType: "mouse" });
    expect(card()).toBeNull();
    rest();
    expect(card()).not.toBeNull();
    expect(asked).toHaveBeenCalledWith(RUN);
    expect(word.getAttribute("aria-describedby")).toBe(card()?.id);
    fireEvent.pointerLeave(word, { pointerType: "mouse" });
    rest();
    expect(card()).toBeNull();
  });

  it("does not open under a finger that scrolls, but under one that taps", () => {
    show(<Money value="0.75" of={RUN} />);
    const word = screen.getByRole("button", { name: "$0.75" });
    fireEvent.pointerEnter(word, { pointerType: "touch" });
    fireEvent.pointerLeave(word, { pointerType: "touch" });
    rest();
    expect(card()).toBeNull();
    fireEvent.click(word);
    expect(card()).not.toBeNull();
    fireEvent.click(word);
    expect(card()).toBeNull();
  });

  it("stays when it is clicked, wherever the mouse goes, until Escape", () => {
    show(<Money value="0.75" of={RUN} />);
    const word = screen.getByRole("button", { name: "$0.75" });
    fireEvent.pointerEnter(word, { pointerType: "mouse" });
    rest();
    fireEvent.click(word);
    fireEvent.pointerLeave(word, { pointerType: "mouse" });
    rest();
    expect(card()).not.toBeNull();
    fireEvent.keyDown(document.activeElement ?? document.body, { key: "Escape" });
    rest();
    expect(card()).toBeNull();
  });

  it("presses nothing else: the row around it is not opened", () => {
    const open = vi.fn();
    show(
      // biome-ignore lint/a11y/noStaticElementInteractions: stands for a table row
      // biome-ignore lint/a11y/useKeyWithClickEvents: stands for a table row
      <div onClick={open}>
        <Money value="0.75" of={RUN} />
      </div>,
    );
    fireEvent.click(screen.getByRole("button", { name: "$0.75" }));
    fireEvent.click(screen.getByText("3 × $0.25 = $0.75"));
    expect(open).not.toHaveBeenCalled();
  });

  it("inside a link leaves the link as it is", () => {
    show(
      <a href="/runs/1">
        <Money value="0.75" of={RUN} insideLink />
      </a>,
    );
    expect(screen.queryByRole("button")).toBeNull();
    fireEvent.pointerEnter(screen.getByText("$0.75"), { pointerType: "mouse" });
    rest();
    expect(card()).not.toBeNull();
  });

  it("says unpriced where there is no amount", () => {
    show(<Money value={null} of={RUN} />);
    expect(screen.getByRole("button", { name: "unpriced" })).toBeTruthy();
  });
});
