/** The API's binary series (`application/vnd.aether.series`): blocks of columns of f64, little-endian. */

const MAGIC = 0x31535041;
const KINDS = ["points", "stretches"] as const;
/** What values count in, by its number; most metrics have no unit. */
const UNITS = [undefined, "B", "B/s", "%", "W", "°C", "MHz"] as const;
const COLUMNS = {
  points: ["step", "time", "value"],
  stretches: ["first_step", "first_time", "last_step", "last_time", "first", "last", "min", "max", "mean", "count", "nan", "infinite"],
} as const;

export type Unit = (typeof UNITS)[number];

export interface Points {
  kind: "points";
  name: string;
  unit: Unit;
  count: number;
  columns: Record<(typeof COLUMNS.points)[number], Float64Array>;
}

/** Neighbouring points taken together; min, max and mean are of the finite ones, NaN where there is none. */
export interface Stretches {
  kind: "stretches";
  name: string;
  unit: Unit;
  count: number;
  columns: Record<(typeof COLUMNS.stretches)[number], Float64Array>;
}

export type Block = Points | Stretches;

const aligned = (at: number) => (at + 7) & ~7;

/** Reads blocks up to the end of `buffer`, beginning at `offset`. A block that is cut short is an error. */
export function decodeBlocks(buffer: ArrayBuffer, offset = 0): Block[] {
  const view = new DataView(buffer);
  const blocks: Block[] = [];
  let at = aligned(offset);
  while (at < buffer.byteLength) {
    if (buffer.byteLength - at < 16 || view.getUint32(at, true) !== MAGIC) throw new Error(`series: no block at byte ${at}`);
    const kind = KINDS[view.getUint8(at + 4)];
    if (kind === undefined) throw new Error(`series: unknown kind of block at byte ${at}`);
    const unit = UNITS[view.getUint8(at + 5)];
    const nameLength = view.getUint32(at + 8, true);
    const count = view.getUint32(at + 12, true);
    const body = aligned(at + 16 + nameLength);
    const names = COLUMNS[kind];
    const end = body + names.length * count * 8;
    if (end > buffer.byteLength) throw new Error(`series: the block at byte ${at} is cut short`);
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 16, nameLength));
    const columns: Record<string, Float64Array> = {};
    names.forEach((column, index) => (columns[column] = new Float64Array(buffer, body + index * count * 8, count)));
    blocks.push({ kind, name, unit, count, columns });
    at = end;
  }
  return blocks;
}

/** A binary message of `/live`: whose subscription it is for, and its blocks. */
export function decodeMessage(buffer: ArrayBuffer): { key: string; blocks: Block[] } {
  const length = new DataView(buffer).getUint8(0);
  const key = new TextDecoder().decode(new Uint8Array(buffer, 1, length));
  return { key, blocks: decodeBlocks(buffer, 1 + length) };
}
