/** Reads CSV or TSV (RFC 4180: quotes, doubled quotes, line ends inside quotes): at most `most` rows. */
export function delimited(text: string, separator: string, most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const end = () => {
    row.push(cell);
    cell = "";
  };
  for (let at = 0; at < text.length && rows.length < most; at++) {
    const character = text[at]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && cell === "") quoted = true;
    else if (character === separator) end();
    else if (character === "\n") {
      end();
      rows.push(row);
      row = [];
    } else if (character !== "\r") cell += character;
  }
  if ((cell !== "" || row.length > 0) && rows.length < most) {
    end();
    rows.push(row);
  }
  return rows;
}
