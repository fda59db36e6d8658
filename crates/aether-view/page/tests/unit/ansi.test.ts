import assert from "node:assert/strict";
import { test } from "node:test";
import { pieces } from "../../src/widgets/ansi";

const text = (line: string) => pieces(line).map((piece) => piece.text).join("");

test("colours are kept, other escapes dropped, control characters visible", () => {
  assert.deepEqual(pieces("\u001b[1;31mred\u001b[0m plain").map(({ text, bold, foreground }) => [text, bold, foreground]), [["red", true, 1], [" plain", false, undefined]]);
  assert.deepEqual(pieces("\u001b[38;5;196mx\u001b[48;2;1;2;300my").map((piece) => [piece.foreground, piece.background]), [["rgb(255 0 0)", undefined], ["rgb(255 0 0)", "rgb(1 2 255)"]]);
  assert.equal(text("a\u001b]0;title\u0007b\u001b[2Jc\u001b(Bd\u001b]8;;http://x\u001b\\e"), "abcde");
  assert.equal(text("bell\u0007 \u202eevil"), "bell␇ ⟨U+202E⟩evil");
  assert.equal(text("<script>alert(1)</script>"), "<script>alert(1)</script>");
});

test("colours as parts of a code", () => {
  const look = (codes: string) => {
    const [{ foreground, background, bold, italic, underline } = {}] = pieces(`\u001b[${codes}mx`);
    return { foreground, background, bold, italic, underline };
  };
  const plain = { foreground: undefined, background: undefined, bold: false, italic: false, underline: false };
  assert.deepEqual(look("38:2::1:2:3"), { ...plain, foreground: "rgb(1 2 3)" });
  assert.deepEqual(look("1;48:2:1:2:3"), { ...plain, background: "rgb(1 2 3)", bold: true });
  assert.deepEqual(look("38:5:196;3"), { ...plain, foreground: "rgb(255 0 0)", italic: true });
  assert.deepEqual(look("4:3"), { ...plain, underline: true });
  assert.deepEqual(look("31;4;4:0"), { ...plain, foreground: 1 });
});

test("a carriage return overwrites, a tab stays", () => {
  assert.equal(text("10 %\r50 %\r100 %\r\n"), "100 %");
  assert.equal(text("a\tb"), "a\tb");
});

test("an escape that never ends hides no more than its line", () => {
  assert.equal(text("before \u001b]0;no end"), "before ");
  assert.equal(text("before \u001b["), "before ");
});
