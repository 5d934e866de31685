// Times and durations as a person reads them. Instants are UTC milliseconds, zones are IANA names.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Formatters are costly to make and wanted once a row. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...options });
    formatters.set(key, found);
  }
  return found;
}

/** "14:03:08" */
export function clock(at: number, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

/** "14:03" */
export function clockMinutes(at: number, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** "Oct 9" */
export function day(at: number, zone: string): string {
  return formatter(zone, { month: "short", day: "numeric" }).format(at);
}

/** "2026-10-09", the calendar day in the zone; days compare as text. */
export function dayKey(at: number, zone: string): string {
  const parts = formatter(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** "Oct 9, 2026, 14:03:08 (Chicago)": what stands behind a relative time. */
export function exact(at: number, zone: string): string {
  const date = formatter(zone, { month: "short", day: "numeric", year: "numeric" }).format(at);
  return `${date}, ${clock(at, zone)} (${zoneName(zone)})`;
}

/** "14:03:08" today, "Oct 9, 14:03" on another day. */
export function clockOrDay(at: number, now: number, zone: string): string {
  return dayKey(at, zone) === dayKey(now, zone) ? clock(at, zone) : `${day(at, zone)}, ${clockMinutes(at, zone)}`;
}

/** "Chicago" for "America/Chicago". */
export function zoneName(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** "just now", "12 s ago", "3 min ago", "2 h ago", "4 d ago", then the date. */
export function ago(at: number, now: number, zone: string): string {
  const passed = now - at;
  if (passed < SECOND) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  if (passed < 7 * DAY) return `${Math.floor(passed / DAY)} d ago`;
  return day(at, zone);
}

/** "4:18" or "1:02:07": a talk time in a column. */
export function minutesSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** "2.7 s", "20 s", "4 min 18 s", "3 h 5 min", "3 d 19 h": a span in words. */
export function span(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 10 * SECOND) return `${trim(value / SECOND)} s`;
  if (value < MINUTE) return `${Math.round(value / SECOND)} s`;
  if (value < HOUR) return two(value, MINUTE, "min", SECOND, "s");
  if (value < DAY) return two(value, HOUR, "h", MINUTE, "min");
  return two(value, DAY, "d", HOUR, "h");
}

function trim(n: number): string {
  return n.toFixed(1).replace(/\.0$/, "");
}

function two(value: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(value / big);
  const rest = Math.floor((value % big) / small);
  return rest > 0 ? `${whole} ${bigName} ${rest} ${smallName}` : `${whole} ${bigName}`;
}

/** The first instant of the day, in the zone, that lies `back` days before the day of `now`. */
export function startOfDay(now: number, zone: string, back = 0): number {
  const [year = 0, month = 1, date = 1] = dayKey(now, zone).split("-").map(Number);
  const wanted = Date.UTC(year, month - 1, date - back);
  // The zone's offset at midnight itself may differ from now's (daylight saving): settle it twice.
  let at = wanted - offset(now, zone);
  at = wanted - offset(at, zone);
  return wanted - offset(at, zone);
}

/** Milliseconds the zone's clock is ahead of UTC at that instant. */
function offset(at: number, zone: string): number {
  const whole = Math.floor(at / SECOND) * SECOND;
  const [hours = 0, minutes = 0, seconds = 0] = clock(whole, zone).split(":").map(Number);
  const [year = 0, month = 1, date = 1] = dayKey(whole, zone).split("-").map(Number);
  return Date.UTC(year, month - 1, date, hours, minutes, seconds) - whole;
}

/** "2026-10-13T14:03": a minute on the clock of the zone, as a date and time field holds it. */
export function localMinute(at: number, zone: string): string {
  return `${dayKey(at, zone)}T${clockMinutes(at, zone)}`;
}

/** The instant of such a minute, or nothing when it is none. */
export function instantOf(minute: string, zone: string): number | undefined {
  const wall = Date.parse(`${minute}Z`);
  if (Number.isNaN(wall)) return undefined;
  return wall - offset(wall - offset(wall, zone), zone);
}
