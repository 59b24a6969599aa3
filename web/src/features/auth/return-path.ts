const HOME = "/";
const NEVER_BACK_TO = ["/login", "/setup"];

/**
 * Where to go after signing in: `wanted` when it is a page of this dashboard, else the overview.
 * Anything that could lead to another origin is refused, however it is spelt.
 */
export function safeReturnPath(wanted: unknown, origin: string): string {
  if (typeof wanted !== "string" || !wanted.startsWith("/")) return HOME;
  let url: URL;
  try {
    url = new URL(wanted, origin);
  } catch {
    return HOME;
  }
  // Dot segments can leave a path that starts with two slashes, which names a host when followed.
  if (url.origin !== origin || url.pathname.startsWith("//")) return HOME;
  if (NEVER_BACK_TO.includes(url.pathname)) return HOME;
  return url.pathname + url.search + url.hash;
}
