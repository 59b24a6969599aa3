import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, renderHook, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Me, Role } from "@/api/contract";
import { meQuery } from "@/api/queries";
import { SetPriceButton } from "@/features/prices/set-price-button";
import { endPriceRequest, usePriceRequest } from "@/lib/price-request";

function show(role: Role) {
  const client = new QueryClient();
  const workspace = { id: "ws_1", name: "Harbour", timezone: "UTC", role };
  client.setQueryData(meQuery().queryKey, { workspaces: [workspace] } as unknown as Me);
  render(
    <QueryClientProvider client={client}>
      <SetPriceButton provider="openai" model="gpt-5" since="2026-11-01T00:00:00Z" />
    </QueryClientProvider>,
  );
}

describe("the button that sets a price", () => {
  it.each(["member", "viewer"] as const)("is not there for a %s", (role) => {
    show(role);
    expect(screen.queryByRole("button")).toBeNull();
  });

  it.each(["owner", "admin"] as const)("asks for a price on behalf of an %s", (role) => {
    const { result } = renderHook(() => usePriceRequest());
    show(role);
    act(() => screen.getByRole("button", { name: "Set a price" }).click());
    expect(result.current).toEqual({
      provider: "openai",
      model: "gpt-5",
      since: "2026-11-01T00:00:00Z",
    });
    act(endPriceRequest);
    expect(result.current).toBeNull();
  });
});
