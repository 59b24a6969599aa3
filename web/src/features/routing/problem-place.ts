/** Which field of the form the API means. */

const RENAMED: Record<string, string> = {
  "retry.tries": "tries",
  "retry.statuses": "statuses",
  "retry.connection": "connection",
  "retry.lost": "lost",
  "retry.backoff_ms": "backoff_s",
  "retry.max_backoff_ms": "max_backoff_s",
  "retry.max_wait_ms": "max_wait_s",
  "timeouts.connect_ms": "connect_s",
  "timeouts.first_byte_ms": "first_byte_s",
  "timeouts.idle_ms": "idle_s",
  "cache.ttl_s": "ttl",
  "cache.max_bytes": "max_mb",
};
const OWN =
  /^(name|strategy|disconnect|refuse_when_open|match\.[a-z]+|targets\.\d+\.(mount|model|weight))$/;

/** Where the form shows what the API says of one of its fields (`targets[0].model`); else null. */
export function placeOf(field: string | null | undefined): string | null {
  if (!field) return null;
  const dotted = field.replace(/\[(\d+)\]/g, ".$1").replace(/^body\./, "");
  // A member of a list (`match.models.2`) is shown at the list.
  const known = dotted.replace(/^(match\.[a-z]+|retry\.statuses)\.\d+$/, "$1");
  if (RENAMED[known]) return RENAMED[known];
  if (/^targets\.\d+$/.test(known)) return `${known}.mount`;
  return OWN.test(known) ? known : null;
}
