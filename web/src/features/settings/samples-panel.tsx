import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Database } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useWorkspace } from "@/api/member";
import { meQuery } from "@/api/queries";
import { mayChange } from "@/api/roles";
import { loadSamples, removeSamples, type Samples, samplesQuery } from "@/api/samples";
import { currentWorkspace } from "@/api/workspace";
import { count, percent } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { PanelStates } from "@/ui/panel-states";
import { Skeleton } from "@/ui/skeleton";
import { notify, notifyError } from "@/ui/toast";

export function SamplesPanel() {
  const samples = useQuery(samplesQuery());
  useFreshMembership(samples.data?.state);
  return (
    <Card>
      <CardHeader
        title="Sample data"
        description="Ninety days of invented calls in a workspace of their own, to look around in."
      />
      <PanelStates
        query={samples}
        what="load sample data"
        affected="The state of the sample data could not be loaded"
        loading={<Skeleton className="mx-4 mb-4 h-40 rounded-lg" />}
      >
        {(data) => <State samples={data} />}
      </PanelStates>
    </Card>
  );
}

/** The workspace list grows when loading ends: ask for it anew at that moment. */
function useFreshMembership(state: Samples["state"] | undefined): void {
  const client = useQueryClient();
  const before = useRef(state);
  useEffect(() => {
    const ended = before.current === "loading" && state === "ready";
    before.current = state;
    if (ended) void client.invalidateQueries({ queryKey: meQuery().queryKey });
  }, [state, client]);
}

function State({ samples }: { samples: Samples }) {
  if (samples.state === "loading") return <Loading progress={samples.progress} />;
  if (samples.state === "ready") return <Ready samples={samples} />;
  return <None />;
}

function None() {
  const client = useQueryClient();
  const { role } = useWorkspace();
  const [busy, setBusy] = useState(false);
  const load = async () => {
    setBusy(true);
    try {
      await loadSamples();
      await client.invalidateQueries({ queryKey: samplesQuery().queryKey });
    } catch (error) {
      notifyError(error, "Sample data was not loaded");
    } finally {
      setBusy(false);
    }
  };
  return (
    <EmptyState
      className="border-t"
      icon={Database}
      title="No sample data"
      actions={
        mayChange(role) && (
          <Button variant="primary" onClick={load} loading={busy}>
            Load sample data
          </Button>
        )
      }
    >
      {mayChange(role)
        ? "About 100,000 calls with models, teams, prompts, errors and one cost spike. They never mix with your own numbers."
        : "An owner or administrator of this workspace can load it."}
    </EmptyState>
  );
}

function Loading({ progress }: { progress: number }) {
  const share = Math.max(0, Math.min(1, progress));
  return (
    <div className="border-t px-4 py-10">
      <div className="mx-auto max-w-sm">
        <p className="mb-2 flex justify-between text-sm">
          <span>Loading sample data…</span>
          <span className="num text-muted">{percent(share)}</span>
        </p>
        <div
          role="progressbar"
          aria-label="Loading sample data"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
          className="h-1.5 overflow-hidden rounded-full bg-selected"
        >
          <div
            className="h-full origin-left rounded-full bg-accent transition-transform duration-300"
            style={{ transform: `scaleX(${share})` }}
          />
        </div>
      </div>
    </div>
  );
}

function Ready({ samples }: { samples: Samples }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const [busy, setBusy] = useState(false);
  const open = async () => {
    await client.invalidateQueries({ queryKey: meQuery().queryKey });
    currentWorkspace.set(samples.workspace_id ?? "");
    await navigate({ to: "/" });
  };
  const remove = async () => {
    setBusy(true);
    try {
      await removeSamples();
      if (currentWorkspace.get() === samples.workspace_id) currentWorkspace.set("");
      await client.invalidateQueries({ queryKey: meQuery().queryKey });
      await client.invalidateQueries({ queryKey: samplesQuery().queryKey });
      notify("Sample data was removed");
    } catch (error) {
      notifyError(error, "Sample data was not removed");
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 border-t px-4 py-4">
      <div>
        <p className="flex items-center gap-2 font-medium text-base">
          Sample data is loaded
          {workspace.is_sample && <Badge tone="accent">You are in it</Badge>}
        </p>
        <p className="num text-muted text-sm">{count(samples.events)} calls over 90 days</p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button variant="danger" onClick={remove} loading={busy}>
          Remove sample data
        </Button>
        {!workspace.is_sample && (
          <Button variant="primary" onClick={open}>
            Open the sample workspace
          </Button>
        )}
      </div>
    </div>
  );
}
