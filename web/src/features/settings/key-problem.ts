import type { FieldValues, Path, UseFormReturn } from "react-hook-form";
import { placeOf } from "@/features/settings/key-values";
import { placeProblem } from "@/lib/form-problem";
import { ApiError, explain } from "@/lib/problem";

/** Shows why the API refused a key: at the field that it names, else above the button. */
export function showProblem<Values extends FieldValues>(
  form: UseFormReturn<Values>,
  error: unknown,
): void {
  const place = error instanceof ApiError ? placeOf(error.problem.field) : null;
  if (place) {
    const { title, detail } = explain(error);
    form.setError(place as Path<Values>, { message: detail || title }, { shouldFocus: true });
  } else form.setError("root", { message: placeProblem(error, []).message });
}
