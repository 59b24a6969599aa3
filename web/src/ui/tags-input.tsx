import { X } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { cn } from "@/lib/cn";

export type Suggestion = { value: string; label?: string; detail?: string };

type Props = {
  values: readonly string[];
  onChange: (values: string[]) => void;
  /** What can be chosen; anything else may be typed as well, unless `only`. */
  suggestions?: readonly Suggestion[];
  /** Nothing but the suggestions. */
  only?: boolean;
  placeholder?: string;
  disabled?: boolean;
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
};

const MOST_SHOWN = 50;

/** Several short texts as chips: typed and closed with Enter or a comma, or chosen from a list. */
export function TagsInput(props: Props) {
  const { values, onChange, suggestions = [], only, placeholder, disabled, ...control } = props;
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const listId = useId();
  const found = open ? matching(suggestions, values, text) : [];
  const labels = new Map(suggestions.map(({ value, label }) => [value, label ?? value]));

  const add = (value: string) => {
    const parts = value.split(",").map((part) => part.trim());
    const known = parts.map((part) => (only ? valueBehind(suggestions, part) : part));
    const fresh = known.filter((part): part is string => !!part && !values.includes(part));
    if (fresh.length > 0) onChange([...values, ...new Set(fresh)]);
    setText("");
    setAt(-1);
  };
  const remove = (value: string) => {
    onChange(values.filter((each) => each !== value));
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = found[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt(Math.max(-1, Math.min(found.length - 1, at + step)));
    } else if (event.key === "Enter" && (chosen || text.trim())) {
      // Enter with nothing typed sends the form.
      event.preventDefault();
      add(chosen?.value ?? text);
    } else if (event.key === "Escape" && open && found.length > 0) {
      event.stopPropagation();
      event.preventDefault();
      setOpen(false);
    } else if (event.key === "Backspace" && text === "") {
      const last = values.at(-1);
      if (last !== undefined) remove(last);
    }
  };
  return (
    <div className="relative">
      <div
        className={cn(
          "flex min-h-9 w-full flex-wrap items-center gap-1 rounded-md border border-line-strong bg-surface py-1 pr-2.5 pl-1 transition-colors duration-100 focus-within:outline-2 focus-within:outline-focus focus-within:outline-offset-2 hover:border-faint",
          disabled && "bg-sunken",
          control["aria-invalid"] && "border-critical",
        )}
      >
        {values.map((value) => (
          <Chip
            key={value}
            label={labels.get(value) ?? value}
            onRemove={disabled ? null : () => remove(value)}
          />
        ))}
        <input
          {...control}
          ref={input}
          role="combobox"
          aria-expanded={found.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={at >= 0 ? `${listId}-${at}` : undefined}
          autoComplete="off"
          spellCheck={false}
          disabled={disabled}
          className="h-6.5 min-w-16 flex-1 bg-transparent pl-1.5 text-base outline-none placeholder:text-faint disabled:text-muted max-sm:text-lg"
          placeholder={values.length === 0 ? placeholder : undefined}
          value={text}
          onChange={(event) => {
            const typed = event.target.value;
            setAt(-1);
            setOpen(true);
            if (typed.endsWith(",")) add(typed);
            else setText(typed);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => {
            setOpen(false);
            if (text.trim()) add(text);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <Suggested id={listId} items={found} at={at} onChoose={add} />
    </div>
  );
}

function Chip({ label, onRemove }: { label: string; onRemove: (() => void) | null }) {
  return (
    <span className="inline-flex h-6.5 min-w-0 max-w-full items-center gap-1 rounded-sm bg-selected pl-2 text-sm last:pr-2">
      <span className={cn("truncate", !onRemove && "pr-2")} title={label}>
        {label}
      </span>
      {onRemove && (
        <button
          type="button"
          aria-label={`Remove ${label}`}
          className="flex h-full w-6 shrink-0 items-center justify-center rounded-sm text-muted hover:text-ink"
          onClick={onRemove}
        >
          <X className="size-3" aria-hidden />
        </button>
      )}
    </span>
  );
}

type ListProps = {
  id: string;
  items: readonly Suggestion[];
  at: number;
  onChoose: (value: string) => void;
};

function Suggested({ id, items, at, onChoose }: ListProps) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Suggestions"
      className={cn(
        "absolute inset-x-0 top-full z-30 mt-1 max-h-56 animate-pop overflow-y-auto rounded-lg bg-surface p-1 shadow-pop",
        items.length === 0 && "hidden",
      )}
    >
      {items.map(({ value, label, detail }, index) => (
        <div
          key={value}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === at}
          tabIndex={-1}
          className={cn(
            "flex cursor-pointer items-center justify-between gap-3 rounded-md px-2 py-1.5 text-base hover:bg-hover",
            index === at && "bg-hover",
          )}
          // Before the field loses the focus: the list is then still there.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(value);
          }}
        >
          <span className="truncate">{label ?? value}</span>
          {detail && <span className="shrink-0 text-faint text-xs">{detail}</span>}
        </div>
      ))}
    </div>
  );
}

function matching(
  suggestions: readonly Suggestion[],
  taken: readonly string[],
  text: string,
): Suggestion[] {
  const wanted = text.trim().toLowerCase();
  return suggestions
    .filter(({ value, label }) => {
      if (taken.includes(value)) return false;
      return `${value} ${label ?? ""}`.toLowerCase().includes(wanted);
    })
    .slice(0, MOST_SHOWN);
}

/** The value behind what was typed: itself, or its label. */
function valueBehind(suggestions: readonly Suggestion[], text: string): string | undefined {
  const wanted = text.toLowerCase();
  return suggestions.find(
    ({ value, label }) => value.toLowerCase() === wanted || label?.toLowerCase() === wanted,
  )?.value;
}
