/** Names of what runs hold by id: routes and provider keys. */

import { useQuery } from "@tanstack/react-query";
import { providersQuery } from "@/api/providers";
import { routesQuery } from "@/api/routing";

/** Name of a route by its id; the id itself where there is no such route any more. */
export function useRouteNames(enabled = true): (id: string) => string {
  const { data } = useQuery({ ...routesQuery(), enabled });
  const names = new Map(data?.items.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

/** Name of a provider key by its id, with the provider it belongs to. */
export function useCredentialNames(enabled = true): (id: string) => string {
  const { data } = useQuery({ ...providersQuery(), enabled });
  const names = new Map(data?.items.map(({ id, name, mount }) => [id, `${name} (${mount})`]));
  return (id) => names.get(id) ?? id;
}
