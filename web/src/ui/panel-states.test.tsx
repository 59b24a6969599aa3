import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { ApiError } from "@/lib/problem";
import { PanelStates } from "@/ui/panel-states";

function Panel({ ask }: { ask: () => Promise<string> }) {
  const query = useQuery({ queryKey: ["panel"], queryFn: ask, retry: false });
  return (
    <PanelStates query={query} what="see the keys" affected="No keys" loading={<p>Loading</p>}>
      {(text) => <p>{text}</p>}
    </PanelStates>
  );
}

function show(ask: () => Promise<string>) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Panel ask={ask} />
    </QueryClientProvider>,
  );
}

function refusal(status: number): ApiError {
  return new ApiError({ title: "Refused", status, code: "x", request_id: "req_7" });
}

describe("a panel of the settings", () => {
  afterEach(cleanup);

  it("shows its skeleton, then what was loaded", async () => {
    show(() => Promise.resolve("four keys"));
    expect(screen.getByText("Loading")).toBeTruthy();
    expect(await screen.findByText("four keys")).toBeTruthy();
  });

  it("says what is forbidden and who can grant it", async () => {
    show(() => Promise.reject(refusal(403)));
    expect(await screen.findByText("You may not see the keys")).toBeTruthy();
    expect(screen.getByText(/owner or administrator/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  });

  it("says what failed, names the request and recovers when tried again", async () => {
    const answers = [Promise.reject(refusal(500)), Promise.resolve("four keys")];
    show(() => answers.shift() ?? Promise.reject(new Error("asked too often")));
    expect(await screen.findByText("No keys")).toBeTruthy();
    expect(screen.getByText("req_7")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("four keys")).toBeTruthy();
  });
});
