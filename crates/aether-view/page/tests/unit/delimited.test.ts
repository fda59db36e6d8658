import assert from "node:assert/strict";
import { test } from "node:test";
import { delimited } from "../../src/widgets/delimited";

test("quotes, doubled quotes, line ends in quotes, and a bound", () => {
  assert.deepEqual(delimited('a,b\r\n"x, ""y""\nz",2\n', ",", 10), [["a", "b"], ['x, "y"\nz', "2"]]);
  assert.deepEqual(delimited("1\t2\n3\t4", "\t", 1), [["1", "2"]]);
  assert.deepEqual(delimited("", ",", 5), []);
});
