import { number, scaled } from "../core/format";

/**
 * A value beside the y axis, with its unit. Bytes are in the unit of which `step`, from one value of the axis to the next,
 * is a quarter at least: `3320 MiB`, not `3.2422 GiB`.
 */
export function label(value: number, unit: string | undefined, step?: number): string {
  if (unit === undefined) return short(value);
  if (!unit.startsWith("B")) return `${short(value)} ${unit}`;
  const size = Math.abs(value);
  const whole = step === undefined ? size : 4 * step;
  const [part, name] = scaled(whole);
  const amount = step === undefined ? Number(part.toPrecision(5)) : Number(((size / whole) * part).toPrecision(12));
  return `${value < 0 ? "−" : ""}${amount} ${name}${unit.slice(1)}`;
}

/** A number for an axis: `12k`, `1.5M`, `1e−7`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15) return number(value);
  for (const [unit, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (size >= unit && (unit > 1e3 || size >= 1e4)) return `${String(Number((value / unit).toPrecision(6))).replace("-", "−")}${letter}`;
  }
  if (size > 0 && size < 1e-4) return value.toExponential().replace(/(\.\d{3})\d+/, "$1").replaceAll("-", "−");
  return String(Number(value.toPrecision(8))).replace("-", "−");
}
