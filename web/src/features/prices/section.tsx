import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { Card, CardHeader } from "@/ui/card";

type Props = {
  title: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
};

/** A card around a table that reaches its edges. */
export function Section({ title, description, actions, children, className }: Props) {
  return (
    <Card className={cn("overflow-hidden", className)}>
      <CardHeader title={title} description={description} actions={actions} className="pb-2" />
      {children}
    </Card>
  );
}
