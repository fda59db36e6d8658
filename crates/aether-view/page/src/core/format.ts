/** Numbers, sizes and times as people read them. Shapes are fixed, so that columns line up and tests can compare. */

/** Up to five significant digits: `0.1234`, `12345`, `1.234e-7`, `NaN`. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return String(value).replace("-", "−");
  const text = size >= 1e-4 && size < 1e6 ? String(Number(value.toPrecision(5))) : value.toExponential(3).replace("e+", "e");
  return text.replaceAll("-", "−");
}

/** A count with thin groups: `12 345`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** Bytes in the largest unit of which there is one: an amount and the unit. */
export function scaled(value: number): [number, string] {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  let left = value;
  while (left >= 1024 && at < units.length - 1) {
    left /= 1024;
    at += 1;
  }
  return [left, units[at] ?? ""];
}

/** Bytes: `1.5 MiB`. */
export function bytes(value: number): string {
  const [amount, unit] = scaled(value);
  return `${unit === "B" || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${unit}`;
}

/** A metric's value with the unit that the API tells: `1.2 GiB`, `4.0 MiB/s`, `87.5 %`. */
export function measured(value: number, unit: string | undefined): string {
  if (unit === undefined || !Number.isFinite(value)) return number(value);
  if (!unit.startsWith("B")) return `${number(value)} ${unit}`;
  return value < 0 ? number(value) : `${bytes(value)}${unit.slice(1)}`;
}

/** Seconds: `12 ms`, `4.2 s`, `3 min 20 s`, `5 h 3 min`, `2 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  // Times since 1970 in milliseconds are good for a quarter of a microsecond.
  if (s < 1e-6) return "0 s";
  if (s < 1) return `${sign}${Math.max(1, Math.round(s * 1000))} ms`;
  if (s < 60) return `${sign}${s < 10 ? s.toFixed(1) : String(Math.round(s))} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return `${sign}${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  const hours = Math.round(minutes / 60);
  return `${sign}${Math.floor(hours / 24)} d${hours % 24 ? ` ${hours % 24} h` : ""}`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** A time of day and, unless it is today, its date, where the reader is: `14:03:22`, `21 Nov 14:03`. */
export function moment(time: string | number | Date, now = new Date()): string {
  const t = new Date(time);
  if (Number.isNaN(t.getTime())) return "";
  const clock = `${two(t.getHours())}:${two(t.getMinutes())}`;
  if (t.toDateString() === now.toDateString()) return `${clock}:${two(t.getSeconds())}`;
  const month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][t.getMonth()] ?? "";
  return t.getFullYear() === now.getFullYear() ? `${t.getDate()} ${month} ${clock}` : `${t.getDate()} ${month} ${t.getFullYear()}`;
}

/** How long ago: `just now`, `3 min ago`. */
export function ago(time: string | number | Date, now = Date.now()): string {
  const seconds = (now - new Date(time).getTime()) / 1000;
  if (Number.isNaN(seconds)) return "";
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** A number of the API, which says NaN and infinities as text. */
export function numeric(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return NaN;
}

/** Any value of the API in one line: numbers short, text as it is, lists and objects as JSON. */
export function anything(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return value;
  return typeof value === "boolean" ? String(value) : JSON.stringify(value);
}
