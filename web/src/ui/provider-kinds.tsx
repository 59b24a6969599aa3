import { RadioGroup } from "radix-ui";
import { useState } from "react";
import { Button } from "@/ui/button";
import { SearchInput } from "@/ui/search-input";

export type KindChoice = { provider: string; label: string; base_url: string };

type Props = {
  kinds: readonly KindChoice[];
  value: string;
  onChange: (provider: string) => void;
};

/** Shown without a search, in this order. */
const FEATURED = ["openai", "anthropic", "gemini", "azure", "mistral", "compatible"];

/** Which vendor: the few that most people want, and all of them by a search. */
export function ProviderKinds({ kinds, value, onChange }: Props) {
  const [all, setAll] = useState(false);
  const [text, setText] = useState("");
  const shown = shownKinds(kinds, { all, text, value });
  const hidden = kinds.length - shown.length;
  return (
    <div className="flex flex-col gap-2">
      {all && (
        <SearchInput
          aria-label="Search providers"
          placeholder="Search providers"
          autoFocus
          value={text}
          onChange={setText}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            const [first] = shown;
            if (first) onChange(first.provider);
          }}
        />
      )}
      <RadioGroup.Root
        aria-label="Provider"
        value={value}
        onValueChange={onChange}
        className={
          all
            ? "-mx-0.5 grid max-h-52 grid-cols-2 gap-1.5 overflow-y-auto p-0.5"
            : "grid grid-cols-2 gap-1.5"
        }
      >
        {shown.map(({ provider, label, base_url }) => (
          <RadioGroup.Item
            key={provider}
            value={provider}
            title={base_url || undefined}
            className="group flex min-h-9 items-center gap-2 rounded-md border border-line-strong bg-surface px-2.5 py-1.5 text-left text-base transition-colors duration-100 hover:bg-hover data-[state=checked]:border-accent data-[state=checked]:bg-accent-soft"
          >
            <span
              aria-hidden
              className="flex size-3.5 shrink-0 items-center justify-center rounded-full border border-faint group-data-[state=checked]:border-accent"
            >
              <RadioGroup.Indicator className="size-2 rounded-full bg-accent" />
            </span>
            <span className="min-w-0 truncate font-medium">{label}</span>
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
      {shown.length === 0 && (
        <p role="status" className="text-muted text-sm">
          None is called that. Whoever speaks OpenAI's API can be added as OpenAI-compatible.
        </p>
      )}
      {!all && hidden > 0 && (
        <Button size="sm" variant="ghost" className="-ml-1 w-fit" onClick={() => setAll(true)}>
          Show {hidden} more
        </Button>
      )}
    </div>
  );
}

type View = { all: boolean; text: string; value: string };

/** The featured ones first; what is chosen is always among them. */
export function shownKinds<K extends KindChoice>(kinds: readonly K[], view: View): K[] {
  const place = ({ provider }: K) => {
    const index = FEATURED.indexOf(provider);
    return index < 0 ? FEATURED.length : index;
  };
  const wanted = view.text.trim().toLowerCase();
  return kinds
    .filter((kind) => {
      if (kind.provider === view.value && !wanted) return true;
      if (!view.all) return FEATURED.includes(kind.provider) || kinds.length <= FEATURED.length + 2;
      return `${kind.provider} ${kind.label}`.toLowerCase().includes(wanted);
    })
    .sort((a, b) => place(a) - place(b) || a.label.localeCompare(b.label));
}
