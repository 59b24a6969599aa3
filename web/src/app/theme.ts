import { useEffect } from "react";
import { useMedia } from "@/lib/hooks";
import { readOne } from "@/lib/search";
import { stored, useStored } from "@/lib/store";

export const THEMES = ["system", "light", "dark"] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** `public/theme.js` reads the same key before the first paint. */
export const themeChoice = stored<ThemeChoice>(
  "quotah.theme",
  (text) => readOne(text, THEMES) ?? "system",
);

/** Applies the chosen theme to the page and says which one shows. */
export function useTheme(): "light" | "dark" {
  const choice = useStored(themeChoice);
  const systemDark = useMedia("(prefers-color-scheme: dark)");
  const dark = choice === "dark" || (choice === "system" && systemDark);
  useEffect(() => {
    document.documentElement.classList.toggle("dark", dark);
  }, [dark]);
  return dark ? "dark" : "light";
}
