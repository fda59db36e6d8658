// What is done with many runs at once: tags, and deletion, which asks before.

import { api, type Changed } from "../core/api";
import { bdi, h } from "../core/dom";
import { dialog } from "../widgets/dialog";
import { toast } from "../widgets/toast";

/** Runs named in a question, at most. */
const NAMED = 8;
/** From so many on, the number must be typed before they are deleted. */
const MANY = 10;
/** Ids in one request. */
const AT_ONCE = 500;

const runs = (count: number) => `${count.toLocaleString("en")} ${count === 1 ? "run" : "runs"}`;

/** Asks for tags to add and to remove; whether anything was done. */
export async function askTags(ids: readonly string[], known: readonly string[]): Promise<boolean> {
  const options = h("datalist", { id: "known-tags" }, known.map((tag) => h("option", { value: tag })));
  const add = h("input", { class: "field", list: "known-tags", autocomplete: "off", placeholder: "baseline, best" });
  const remove = h("input", { class: "field", list: "known-tags", autocomplete: "off" });
  const form = h(
    "div", { class: "form" },
    h("label", {}, "Add", add), h("label", {}, "Remove", remove),
    h("p", { class: "hint" }, "Several tags with commas between them."), options,
  );
  if ((await dialog(`Tags of ${runs(ids.length)}`, form, [["", "Cancel"], ["yes", "Change"]])) !== "yes") return false;
  const tags = (field: HTMLInputElement) => field.value.split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
  if (tags(add).length + tags(remove).length === 0) return false;
  report(await all(ids, (part) => api.tag(part, tags(add), tags(remove))), "changed");
  return true;
}

/** Asks, and deletes; those that are gone. `names` are as many as are known. */
export async function askDelete(ids: readonly string[], names: readonly string[]): Promise<string[]> {
  const listed = names.slice(0, NAMED);
  const typed = h("input", { class: "field", required: true, pattern: String(ids.length), autocomplete: "off", inputmode: "numeric", title: String(ids.length) });
  const question = h(
    "div", { class: "form" },
    h("ul", { class: "named" }, listed.map((name) => h("li", {}, bdi(name))), ids.length > listed.length && h("li", { class: "hint" }, `and ${(ids.length - listed.length).toLocaleString("en")} more`)),
    h("p", {}, "Their metrics, logs and files go with them. This cannot be undone."),
    ids.length >= MANY && h("label", {}, `Type ${ids.length} to go on`, typed),
  );
  if ((await dialog(`Delete ${runs(ids.length)}?`, question, [["", "Cancel"], ["yes", `Delete ${runs(ids.length)}`]], true)) !== "yes") return [];
  const changed = await all(ids, (part) => api.remove(part));
  report(changed, "deleted");
  return changed.changed;
}

/** Asks the server part by part. */
async function all(ids: readonly string[], ask: (part: string[]) => Promise<Changed>): Promise<Changed> {
  const done: Changed = { changed: [], refused: [] };
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const part = await ask(ids.slice(at, at + AT_ONCE));
    done.changed.push(...part.changed);
    done.refused.push(...part.refused);
  }
  return done;
}

function report({ changed, refused }: Changed, done: string): void {
  if (changed.length > 0) toast(`${runs(changed.length)} ${done}`);
  const [first] = refused;
  if (first) toast(`${runs(refused.length)} not ${done}: ${first.error}`, "failed");
}
