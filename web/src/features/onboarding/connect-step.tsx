import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { makeKey } from "@/api/keys";
import { mountsOf } from "@/api/mounts";
import { kindsQuery, providersQuery } from "@/api/providers";
import { scoped } from "@/api/queries";
import { FirstCall } from "@/features/onboarding/first-call";
import { type Callee, type Snippet, snippets } from "@/features/onboarding/snippets";
import { providerName } from "@/lib/provider-names";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code-block";
import { Select } from "@/ui/select";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/ui/tabs";
import { notifyError } from "@/ui/toast";

const PLACEHOLDER = "YOUR_GATEWAY_KEY";

type Props = {
  gatewayUrl: string;
  /** Known only on the visit that made it. */
  gatewayKey: string | null;
  hadKey: boolean;
  hadCall: boolean;
  onKey: (key: string) => void;
  onBack: () => void;
};

export function ConnectStep(props: Props) {
  const { gatewayUrl, gatewayKey, hadKey, hadCall, onKey, onBack } = props;
  const { callees, connected } = useCallees();
  const [mount, setMount] = useState<string | null>(null);
  const [tab, setTab] = useState("python");
  const callee = callees.find((each) => each.mount === mount) ?? callees[0];

  return (
    <>
      <h1 className="font-semibold text-xl">Change two lines</h1>
      <p className="mt-1 text-base text-muted">
        Point your client at the gateway and give it your Quotah key. Everything else stays.
      </p>
      {!gatewayKey && <KeyNotice hadKey={hadKey} onKey={onKey} />}
      {callee && (
        <>
          {callees.length > 1 && (
            <CalleeChoice callees={callees} value={callee.mount} onChange={setMount} />
          )}
          <Code
            all={snippets(gatewayUrl, gatewayKey ?? PLACEHOLDER, callee)}
            tab={tab}
            onTab={setTab}
            missing={connected ? null : nameOf(callee)}
          />
        </>
      )}
      {gatewayKey && (
        <p className="mt-2 text-muted text-sm">
          The key in this code is shown only now. Keep it with your other secrets; you can make
          another in Settings.
        </p>
      )}
      <FirstCall hadCall={hadCall} />
      <Button variant="ghost" className="mt-4 -ml-2" onClick={onBack}>
        <ArrowLeft aria-hidden />
        Back to the provider
      </Button>
    </>
  );
}

/** Whom the code may call: what is connected, OpenAI first; OpenAI alone where nothing is. */
function useCallees(): { callees: Callee[]; connected: boolean } {
  const providers = useQuery(providersQuery());
  const kinds = useQuery(kindsQuery());
  const dialects = new Map<string, string>(
    kinds.data?.items.map(({ provider, dialect }) => [provider, dialect]),
  );
  const callees = mountsOf(providers.data?.items ?? [])
    .map(({ name, provider }) => ({
      mount: name,
      provider,
      dialect: dialects.get(provider) ?? (provider === "anthropic" ? provider : FALLBACK.dialect),
    }))
    .sort((a, b) => Number(b.mount === FALLBACK.mount) - Number(a.mount === FALLBACK.mount));
  const waiting = providers.isPending || kinds.isPending;
  if (waiting) return { callees: [], connected: true };
  const connected = callees.length > 0 || !providers.isSuccess;
  return { callees: callees.length > 0 ? callees : [FALLBACK], connected };
}

const FALLBACK: Callee = { mount: "openai", provider: "openai", dialect: "openai" };

function nameOf({ mount, provider }: Callee): string {
  return mount === provider ? providerName(provider) : mount;
}

type ChoiceProps = {
  callees: readonly Callee[];
  value: string;
  onChange: (mount: string) => void;
};

function CalleeChoice({ callees, value, onChange }: ChoiceProps) {
  return (
    <div className="mt-5 flex items-center gap-2 text-sm">
      <span className="text-muted">Code that calls</span>
      <Select
        aria-label="Whom the code calls"
        className="w-48"
        value={value}
        onChange={onChange}
        options={callees.map((each) => ({ value: each.mount, label: nameOf(each) }))}
      />
    </div>
  );
}

type CodeProps = {
  all: readonly Snippet[];
  tab: string;
  onTab: (tab: string) => void;
  /** Whom it calls, where that is not connected. */
  missing: string | null;
};

function Code({ all, tab, onTab, missing }: CodeProps) {
  return (
    <Tabs className="mt-4" value={tab} onValueChange={onTab}>
      <TabsList aria-label="Language">
        {all.map(({ id, label }) => (
          <TabsTrigger key={id} value={id}>
            {label}
          </TabsTrigger>
        ))}
      </TabsList>
      {all.map((each) => (
        <TabsContent key={each.id} value={each.id} className="pt-3">
          {missing !== null && (
            <Banner tone="warning" className="mb-3">
              This code calls {missing}, which is not connected yet: the gateway would refuse it.
            </Banner>
          )}
          <CodeBlock
            title={each.howTo}
            code={each.code}
            highlight={each.changed.map((line) => line + 1)}
            copyLabel="Copy code"
          />
        </TabsContent>
      ))}
    </Tabs>
  );
}

type NoticeProps = { hadKey: boolean; onKey: (key: string) => void };

/** The key of an earlier visit cannot be shown again; a new one can always be made. */
function KeyNotice({ hadKey, onKey }: NoticeProps) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      const made = await makeKey({ name: hadKey ? "Another key" : "First key", kind: "gateway" });
      onKey(made.key);
      void client.invalidateQueries({ queryKey: scoped("keys") });
    } catch (error) {
      notifyError(error, "No key was made");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Banner
      tone="info"
      className="mt-4 flex-wrap"
      actions={
        <Button size="sm" onClick={make} loading={busy}>
          Make a new key
        </Button>
      }
    >
      {hadKey
        ? `Your key was shown once. Put it where the code says ${PLACEHOLDER}, or make a new one.`
        : "The code below needs a gateway key."}
    </Banner>
  );
}
