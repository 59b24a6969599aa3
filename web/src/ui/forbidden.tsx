import { Lock } from "lucide-react";
import { EmptyState } from "@/ui/empty-state";

/** What cannot be done here, and who can grant it. */
export function Forbidden({ what }: { what: string }) {
  return (
    <EmptyState icon={Lock} title={`You may not ${what}`}>
      An owner or administrator of this workspace can do it, or change your role.
    </EmptyState>
  );
}
