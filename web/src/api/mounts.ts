/** The provider keys of a workspace, by the path under which the gateway serves them. */

import { useQuery } from "@tanstack/react-query";
import { type Provider, providersQuery } from "@/api/providers";

import { sharesOf } from "@/lib/share";

export type Mount = {
  /** First path segment at the gateway. */
  name: string;
  provider: string;
  keys: Provider[];
};

/**
 * The mounts of the workspace; undefined until they are known. Where they cannot be asked for there
 * are none: what needs them does without.
 */
export function useMounts(): Mount[] | undefined {
  const { data, errorUpdateCount } = useQuery(providersQuery());
  if (data) return mountsOf(data.items);
  // A query that failed is pending again whenever somebody asks anew.
  return errorUpdateCount > 0 ? [] : undefined;
}

/** Mounts in the order of their names, each with its keys in the order in which they were added. */
export function mountsOf(items: readonly Provider[]): Mount[] {
  const found = new Map<string, Mount>();
  for (const key of [...items].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
    const mount = found.get(key.mount);
    if (mount) mount.keys.push(key);
    else found.set(key.mount, { name: key.mount, provider: key.provider, keys: [key] });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Each key's share of its mount's calls, 0 to 1, by the weights of those that take part. */
export function sharesOfKeys(
  keys: readonly Pick<Provider, "id" | "weight" | "enabled">[],
): ReadonlyMap<string, number> {
  const shares = sharesOf(keys.map(({ weight, enabled }) => (enabled ? weight : 0)));
  return new Map(keys.map(({ id }, index) => [id, shares[index] ?? 0]));
}
