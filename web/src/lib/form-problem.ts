import { ApiError, explain } from "@/lib/problem";

/**
 * Where a refused form says why: at the field that the API names, when the form has it, else above
 * the button.
 */
export function placeProblem<Name extends string>(
  error: unknown,
  fields: readonly Name[],
): { field: Name | "root"; message: string } {
  const { title, detail, requestId } = explain(error);
  const named = error instanceof ApiError ? error.problem.field : null;
  const field = fields.find((each) => each === named);
  if (field) return { field, message: detail || title };
  const sentence = detail ? `${title.replace(/\.$/, "")}. ${detail}` : title;
  const serverFault = error instanceof ApiError && error.status >= 500;
  const message = serverFault && requestId ? `${sentence} (request ${requestId})` : sentence;
  return { field: "root", message };
}
