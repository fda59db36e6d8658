/** Writes a block of the API's binary series, for tests. */
export function encodeBlock(kind: "points" | "stretches", name: string, columns: readonly (readonly number[])[], unit = 0): Uint8Array {
  const text = new TextEncoder().encode(name);
  const count = columns[0]?.length ?? 0;
  const body = (16 + text.length + 7) & ~7;
  const bytes = new Uint8Array(body + columns.length * count * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x31535041, true);
  view.setUint8(4, kind === "points" ? 0 : 1);
  view.setUint8(5, unit);
  view.setUint32(8, text.length, true);
  view.setUint32(12, count, true);
  bytes.set(text, 16);
  columns.forEach((column, at) => column.forEach((value, row) => view.setFloat64(body + (at * count + row) * 8, value, true)));
  return bytes;
}
