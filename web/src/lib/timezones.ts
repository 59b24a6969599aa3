/** IANA name of the browser's time zone. */
export function browserTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** All zones that the browser knows, UTC first; `current` is among them even if it is unknown. */
export function timezones(current: string): string[] {
  const known = new Set(Intl.supportedValuesOf("timeZone"));
  known.delete("UTC");
  return [...new Set(["UTC", current, ...known])].filter(Boolean);
}

/** `UTC+02:00` for a zone at an instant; null for a name that the browser does not know. */
export function offsetOf(zone: string, at: Date): string | null {
  try {
    const parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      timeZoneName: "longOffset",
    }).formatToParts(at);
    const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
    return name.replace(/^GMT$/, "GMT+00:00").replace("GMT", "UTC");
  } catch {
    return null;
  }
}
