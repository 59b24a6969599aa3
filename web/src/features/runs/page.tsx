import { PageHeader } from "@/ui/page-header";

export function RunsPage() {
  return <PageHeader title="Runs" />;
}
