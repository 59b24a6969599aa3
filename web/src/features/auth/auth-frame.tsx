import type { ReactNode } from "react";
import { Mark } from "@/ui/brand";

type Props = { title: string; description?: ReactNode; children: ReactNode };

/** The quiet page around a form that needs no sign-in. */
export function AuthFrame({ title, description, children }: Props) {
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 pt-[max(12vh,32px)] pb-12">
      <div className="w-full max-w-[400px]">
        <p className="mb-6 flex items-center gap-2 font-semibold text-lg">
          <Mark className="size-6" />
          Quotah
        </p>
        <section className="rounded-lg border bg-surface p-6 max-sm:p-5">
          <h1 className="font-semibold text-xl">{title}</h1>
          {description && <div className="mt-1 text-base text-muted">{description}</div>}
          <div className="mt-5">{children}</div>
        </section>
      </div>
    </main>
  );
}
