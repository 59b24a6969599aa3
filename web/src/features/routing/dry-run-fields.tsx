import { useQuery } from "@tanstack/react-query";
import { keysQuery } from "@/api/keys";
import type { Mount } from "@/api/mounts";
import type { DryRequest } from "@/features/routing/dry-run-request";
import { OPERATIONS } from "@/features/routing/seen";
import { Checkbox } from "@/ui/checkbox";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";

type Props = {
  request: DryRequest;
  mounts: readonly Mount[];
  onChange: (change: Partial<DryRequest>) => void;
  /** Goes back to a request made from the conditions; null while it is one. */
  onFollow: (() => void) | null;
};

const ANY_KEY = "*";

/** The request that is tried. */
export function RequestFields({ request, mounts, onChange, onFollow }: Props) {
  const names = new Set([...mounts.map(({ name }) => name), request.mount]);
  const operations = new Set([...OPERATIONS.map(({ value }) => value), request.operation]);
  return (
    <div className="flex flex-col gap-3">
      <div className="grid grid-cols-2 gap-2">
        <Field label="Provider">
          {(control) => (
            <Select
              {...control}
              value={request.mount}
              onChange={(mount) => onChange({ mount })}
              options={[...names].map((value) => ({ value, label: value }))}
            />
          )}
        </Field>
        <Field label="Operation">
          {(control) => (
            <Select
              {...control}
              value={request.operation}
              onChange={(operation) => onChange({ operation })}
              options={[...operations].map((value) => ({
                value,
                label: value.replaceAll("_", " "),
              }))}
            />
          )}
        </Field>
      </div>
      <Field label="Model">
        {(control) => (
          <Input
            {...control}
            autoComplete="off"
            spellCheck={false}
            value={request.model}
            onChange={(event) => onChange({ model: event.target.value })}
          />
        )}
      </Field>
      <details>
        <summary className="w-fit text-muted text-sm hover:text-ink">Who asks</summary>
        <div className="mt-3 grid grid-cols-2 gap-2">
          <Keys value={request.key_id} onChange={(key_id) => onChange({ key_id })} />
          <Text label="Feature" name="feature" {...{ request, onChange }} />
          <Text label="Environment" name="environment" {...{ request, onChange }} />
          <Text label="Project" name="project_id" {...{ request, onChange }} />
          <Checkbox
            label="Streamed"
            className="col-span-2"
            checked={request.streaming}
            onChange={(event) => onChange({ streaming: event.target.checked })}
          />
        </div>
      </details>
      {onFollow && (
        <button
          type="button"
          className="w-fit rounded-sm text-accent-text text-sm hover:underline"
          onClick={onFollow}
        >
          Use a request that fits the conditions
        </button>
      )}
    </div>
  );
}

type TextProps = {
  label: string;
  name: "feature" | "environment" | "project_id";
  request: DryRequest;
  onChange: (change: Partial<DryRequest>) => void;
};

function Text({ label, name, request, onChange }: TextProps) {
  return (
    <Field label={label}>
      {(control) => (
        <Input
          {...control}
          autoComplete="off"
          placeholder="none"
          value={request[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
}

function Keys({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const keys = useQuery(keysQuery());
  const usable = (keys.data?.items ?? []).filter(
    ({ kind, revoked_at }) => kind === "gateway" && !revoked_at,
  );
  const options = usable.map(({ id, name, hint }) => ({
    value: id,
    label: name,
    description: `…${hint}`,
  }));
  const gone = value && !usable.some(({ id }) => id === value);
  return (
    <Field label="Key">
      {(control) => (
        <Select
          {...control}
          value={value || ANY_KEY}
          onChange={(next) => onChange(next === ANY_KEY ? "" : next)}
          options={[
            { value: ANY_KEY, label: "Any" },
            ...options,
            ...(gone ? [{ value, label: value }] : []),
          ]}
        />
      )}
    </Field>
  );
}
