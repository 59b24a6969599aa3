import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { makeKey } from "@/api/keys";
import { providersQuery, vendorName } from "@/api/providers";
import { scoped } from "@/api/queries";
import { FirstCall } from "@/features/onboarding/first-call";
import { type Snippet, snippets } from "@/features/onboarding/snippets";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code-block";
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
  const providers = useQuery(providersQuery());
  const connected = new Set(providers.data?.items.map((each) => each.provider));
  const all = snippets(gatewayUrl, gatewayKey ?? PLACEHOLDER);
  const first = all.find((each) => connected.has(each.vendor)) ?? all[0];
  const [tab, setTab] = useState<string | null>(null);

  return (
    <>
      <h1 className="font-semibold text-xl">Change two lines</h1>
      <p className="mt-1 text-base text-muted">
        Point your client at the gateway and give it your Quotah key. Everything else stays.
      </p>
      {!gatewayKey && <KeyNotice hadKey={hadKey} onKey={onKey} />}
      <Tabs className="mt-5" value={tab ?? first?.id ?? ""} onValueChange={setTab}>
        <TabsList aria-label="Language" className="max-sm:gap-3">
          {all.map((each) => (
            <TabsTrigger key={each.id} value={each.id} className="max-sm:text-sm">
              {each.label}
            </TabsTrigger>
          ))}
        </TabsList>
        {all.map((each) => (
          <TabsContent key={each.id} value={each.id} className="pt-3">
            <SnippetPanel
              snippet={each}
              missing={providers.isSuccess && !connected.has(each.vendor)}
            />
          </TabsContent>
        ))}
      </Tabs>
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

function SnippetPanel({ snippet, missing }: { snippet: Snippet; missing: boolean }) {
  return (
    <>
      {missing && (
        <Banner tone="warning" className="mb-3">
          This code calls {vendorName(snippet.vendor)}, which is not connected yet: the gateway
          would refuse it.
        </Banner>
      )}
      <CodeBlock
        title={snippet.howTo}
        code={snippet.code}
        highlight={snippet.changed.map((line) => line + 1)}
        copyLabel="Copy code"
      />
    </>
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
