import { PageHeader } from "@/ui/page-header";

export function RunPage() {
  return <PageHeader title="Run" />;
}
