// Writes conditions in the language of `aether runs` (docs/guide/src/queries.md), so that what is clicked and what is
// typed are one and the same filter.

/** A value as a row or a group has it. */
export type Value = string | number | boolean | null;

const WORD = /^[\p{L}\p{N}_./:@#%+\-*?[\]{},$]+$/u;
const KEYWORD = /^(and|or|not)$/i;

/** The field that a column shows, or nothing where the language has none. */
export function fieldOf(key: string): string {
  if (key.startsWith("param.")) return key.slice("param.".length);
  if (key.startsWith("metric.")) return key.slice("metric.".length);
  return key === "tags" ? "tag" : key;
}

const FIXED = ["id", "name", "state", "project", "kind", "tag", "host", "user", "created", "ended", "duration"];

/** Whether a name is one of what every run has, whatever else is called so. */
export function isField(name: string): boolean {
  return FIXED.includes(name);
}

/** A field's name, between backquotes where it is no plain word. */
export function name(field: string): string {
  return WORD.test(field) && !KEYWORD.test(field) ? field : `\`${field.replace(/[\\`]/g, "\\$&")}\``;
}

/** A value. Numbers must stand bare: between quotes they are texts, which no number equals. */
export function literal(value: Exclude<Value, null>): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    return Number.isNaN(value) ? "nan" : Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
  }
  return `'${value.replace(/[\\']/g, "\\$&")}'`;
}

/** That a column has this value; of none, that the run has no such thing. */
export function equals(key: string, value: Value): string {
  const field = name(fieldOf(key));
  // A field alone holds where it is there and not false.
  return value === null ? `not (${field} or ${field} = false)` : `${field} = ${literal(value)}`;
}

/** That a run is in the group of a column's value. Of tags, it has these and no other of those that are known. */
export function inGroup(key: string, value: unknown, tags: readonly string[]): string {
  if (key === "tags") {
    const own = Array.isArray(value) ? value.map(String) : [];
    if (own.length === 0) return "not tag";
    const others = tags.filter((tag) => !own.includes(tag)).map((tag) => `not tag = ${literal(tag)}`);
    return and(...own.map((tag) => `tag = ${literal(tag)}`), ...others);
  }
  if (value === null || value === undefined) return equals(key, null);
  // A list is compared as its JSON.
  return equals(key, typeof value === "object" ? JSON.stringify(value) : (value as Value));
}

/** All of these; empty ones demand nothing. */
export function and(...parts: string[]): string {
  const said = parts.map((part) => part.trim()).filter((part) => part !== "");
  if (said.length < 2) return said.join("");
  return said.map((part) => (/\bor\b/i.test(part) ? `(${part})` : part)).join(" and ");
}
