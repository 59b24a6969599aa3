import { describe, expect, it } from "vitest";
import { placeProblem } from "@/lib/form-problem";
import { ApiError } from "@/lib/problem";

function refusal(changes: { status?: number; field?: string }): ApiError {
  return new ApiError({
    title: "Not accepted.",
    status: 422,
    code: "invalid_input",
    detail: "The name is taken.",
    request_id: "req_7",
    ...changes,
  });
}

describe("where a refused form says why", () => {
  it("is the field that the API names", () => {
    expect(placeProblem(refusal({ field: "name" }), ["name", "kind"])).toEqual({
      field: "name",
      message: "The name is taken.",
    });
  });

  it("is the form as a whole for a field that it does not have", () => {
    const placed = placeProblem(refusal({ field: "colour" }), ["name"]);
    expect(placed).toEqual({ field: "root", message: "Not accepted. The name is taken." });
  });

  it("carries the request id only where the server is at fault", () => {
    expect(placeProblem(refusal({ status: 503 }), []).message).toContain("(request req_7)");
    expect(placeProblem(refusal({}), []).message).not.toContain("req_7");
  });
});
