import { Link, useNavigate } from "@tanstack/react-router";
import {
  ArrowDown,
  ArrowUp,
  ArrowUpToLine,
  Copy,
  Ellipsis,
  GripVertical,
  Pencil,
  Trash2,
} from "lucide-react";
import { type ComponentProps, useState } from "react";
import { deleteRoute, useRoutesChanged } from "@/api/routing";
import type { Route } from "@/api/routing-types";
import { lineOf, type Names } from "@/features/routing/sentence";
import { cn } from "@/lib/cn";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/ui/menu";
import { Switch } from "@/ui/switch";
import { notify, notifyError } from "@/ui/toast";

type Props = {
  route: Route;
  index: number;
  last: number;
  names: Names;
  /** The route before this one that leaves it nothing. */
  shadow: Route | null;
  allowed: boolean;
  mayMove: boolean;
  /** What makes the handle one that can be dragged. */
  handle: Pick<ComponentProps<"span">, "draggable" | "onDragStart" | "onDragEnd">;
  onMove: (to: number) => void;
  onEnable: (enabled: boolean) => void;
};

export function RouteRow(props: Props) {
  const { route, index, names, shadow, allowed, mayMove, handle, onEnable } = props;
  return (
    <div className="flex items-start gap-3 px-4 py-3 hover:bg-hover max-sm:gap-2.5">
      <span className="flex h-5 shrink-0 items-center gap-1">
        {mayMove && (
          <span
            {...handle}
            aria-hidden
            className="-ml-2 cursor-grab text-faint opacity-0 group-hover/row:opacity-100 max-md:hidden"
          >
            <GripVertical className="size-4" />
          </span>
        )}
        <span className="num w-5 text-right text-faint text-sm">{index + 1}</span>
      </span>
      <Switch
        aria-label={`Follow ${route.name}`}
        checked={route.enabled}
        disabled={!allowed}
        onCheckedChange={onEnable}
      />
      <div className="min-w-0 flex-1">
        <Link
          to="/settings/routes/$id"
          params={{ id: route.id }}
          className={cn(
            "rounded-sm font-medium text-base hover:underline",
            !route.enabled && "text-muted",
          )}
        >
          {route.name}
        </Link>
        <Line route={route} names={names} />
        {shadow && (
          <p className="mt-1 text-sm text-warning">
            Never reached: “{shadow.name}” takes all of these calls before it.
          </p>
        )}
      </div>
      {allowed && <Actions {...props} />}
    </div>
  );
}

/** "gpt-4o from project search → openai, then groq/llama-3.3-70b · 2 tries · cached 10 min". */
function Line({ route, names }: { route: Route; names: Names }) {
  const { takes, goes, extras } = lineOf(route, names);
  return (
    <p className={cn("mt-0.5 break-words text-sm", route.enabled ? "text-muted" : "text-faint")}>
      {takes} <span className="text-faint">→</span>{" "}
      <span className={route.enabled ? "text-ink" : undefined}>{goes}</span>
      {extras.map((each) => (
        <span key={each}> · {each}</span>
      ))}
    </p>
  );
}

function Actions({ route, index, last, mayMove, onMove }: Props) {
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  return (
    <span className="-my-1 flex shrink-0 items-center">
      {mayMove && (
        <span className="flex items-center max-sm:hidden">
          <MoveButton
            label={`Move ${route.name} up`}
            off={index === 0}
            to={index - 1}
            {...{ onMove }}
          >
            <ArrowUp aria-hidden />
          </MoveButton>
          <MoveButton
            label={`Move ${route.name} down`}
            off={index === last}
            to={index + 1}
            {...{ onMove }}
          >
            <ArrowDown aria-hidden />
          </MoveButton>
        </span>
      )}
      <Menu>
        <MenuTrigger asChild>
          <Button variant="ghost" size="icon-sm" aria-label={`More for ${route.name}`}>
            <Ellipsis aria-hidden />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem
            onSelect={() => navigate({ to: "/settings/routes/$id", params: { id: route.id } })}
          >
            <Pencil aria-hidden />
            Edit
          </MenuItem>
          <MenuItem
            onSelect={() =>
              navigate({
                to: "/settings/routes/$id",
                params: { id: "new" },
                search: { from: route.id },
              })
            }
          >
            <Copy aria-hidden />
            Duplicate
          </MenuItem>
          {mayMove && (
            <>
              <MenuSeparator />
              <MenuItem disabled={index === 0} onSelect={() => onMove(0)}>
                <ArrowUpToLine aria-hidden />
                Move to the top
              </MenuItem>
              <MenuItem disabled={index === 0} onSelect={() => onMove(index - 1)}>
                <ArrowUp aria-hidden />
                Move up
              </MenuItem>
              <MenuItem disabled={index === last} onSelect={() => onMove(index + 1)}>
                <ArrowDown aria-hidden />
                Move down
              </MenuItem>
            </>
          )}
          <MenuSeparator />
          <MenuItem tone="critical" onSelect={() => setDeleting(true)}>
            <Trash2 aria-hidden />
            Delete
          </MenuItem>
        </MenuContent>
      </Menu>
      <DeleteRoute route={route} open={deleting} onOpenChange={setDeleting} />
    </span>
  );
}

type MoveProps = {
  label: string;
  off: boolean;
  to: number;
  onMove: (to: number) => void;
  children: React.ReactNode;
};

function MoveButton({ label, off, to, onMove, children }: MoveProps) {
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={label}
      // Keeps the focus at an end of the list, where a disabled button would lose it.
      aria-disabled={off || undefined}
      onClick={() => !off && onMove(to)}
    >
      {children}
    </Button>
  );
}

type DeleteProps = { route: Route; open: boolean; onOpenChange: (open: boolean) => void };

function DeleteRoute({ route, open, onOpenChange }: DeleteProps) {
  const changed = useRoutesChanged();
  const remove = async () => {
    try {
      await deleteRoute(route.id);
    } catch (error) {
      notifyError(error, "The route was not deleted");
      throw error;
    }
    await changed();
    notify(`${route.name} was deleted`);
  };
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Delete ${route.name}?`}
      description="Its calls follow the next route that matches, or go as asked, within seconds. Past calls stay as they are."
      action="Delete route"
      onConfirm={remove}
    />
  );
}
