import type { KeyboardEvent } from "react";

/** For the body of a table: arrow keys walk the elements marked `data-row-link`. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row-link]")];
  const index = links.indexOf(document.activeElement as HTMLElement);
  const next = links[index + step];
  if (index < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
