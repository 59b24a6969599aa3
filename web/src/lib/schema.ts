/** Parts of which forms describe what they take. */

import * as z from "zod/mini";

// The compiled parsers need `new Function`, which the content security policy forbids.
z.config({ jitless: true });

/** Text without its outer blanks, one character at least. */
export function requiredText(missing: string, max = 80) {
  return z
    .string()
    .check(z.trim(), z.minLength(1, missing), z.maxLength(max, `At most ${max} characters.`));
}

/** What is wrong with a form as a whole, and at which field it is shown. */
export type Found = { path: (string | number)[]; message: string };

/** A check of what no field can see by itself. */
export function checkedWhole<Values>(problemsOf: (values: Values) => Found[]) {
  return z.superRefine<Values>((values, context) => {
    for (const { path, message } of problemsOf(values)) {
      context.addIssue({ code: "custom", path, message });
    }
  });
}

/** Text that `problemOf` finds nothing wrong with; its answer is shown to the person. */
export function checkedText(problemOf: (text: string) => string | null) {
  return z.string().check(
    z.superRefine((text, context) => {
      const message = problemOf(text);
      if (message) context.addIssue({ code: "custom", message });
    }),
  );
}
