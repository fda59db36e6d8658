import { h } from "../core/dom";
import { dialog } from "../widgets/dialog";
import { KINDS, type Kind, type Panel } from "./types";

type Field = { key: keyof Panel; label: string; hint?: string } & ({ type: "text" | "words" | "number" | "flag" | "list" } | { type: "choice"; choices: readonly string[] });

const RUNS: readonly Field[] = [
  { key: "runs", label: "Runs", type: "text", hint: "a query, such as tag = baseline; empty for all" },
  { key: "most", label: "At most", type: "number", hint: "10" },
];
const METRICS: Field = { key: "metrics", label: "Metrics", type: "list", hint: "train/loss, val/loss" };

/** What each kind of panel asks for. */
const FIELDS: Record<Kind, readonly Field[]> = {
  line: [METRICS, ...RUNS, { key: "x", label: "Over", type: "choice", choices: ["step", "relative", "time"] }, { key: "smoothing", label: "Smoothing", type: "number", hint: "0 to below 1" }, { key: "log", label: "Logarithmic", type: "flag" }],
  bar: [METRICS, { key: "value", label: "Value", type: "choice", choices: ["last", "first", "min", "max", "mean", "count"] }, ...RUNS],
  scatter: [{ key: "x", label: "x", type: "text", hint: "param.lr" }, { key: "y", label: "y", type: "text", hint: "metric.val/loss.min" }, { key: "log_x", label: "Logarithmic x", type: "flag" }, { key: "log_y", label: "Logarithmic y", type: "flag" }, ...RUNS],
  histogram: [{ key: "name", label: "Name", type: "text", hint: "as in log_histogram(name, …)" }, ...RUNS],
  table: [{ key: "columns", label: "Columns", type: "list", hint: "name, state, param.lr, metric.val/loss.min" }, { key: "sort", label: "Sorted by", type: "text", hint: "metric.val/loss.min" }, { key: "descending", label: "The greatest first", type: "flag" }, ...RUNS],
  text: [{ key: "text", label: "Text", type: "words" }],
  gauge: [{ key: "value", label: "Value", type: "text", hint: "metric.val/accuracy.max" }, { key: "min", label: "From", type: "number", hint: "0" }, { key: "max", label: "To", type: "number", hint: "1" }, ...RUNS],
  log: [{ key: "stream", label: "Stream", type: "choice", choices: ["all", "stdout", "stderr"] }, ...RUNS],
  image: [{ key: "name", label: "Name", type: "text", hint: "as in log_image(name, …)" }, ...RUNS],
  query: [{ key: "group", label: "For each", type: "text", hint: "state, project, param.lr; empty for one number" }, ...RUNS],
};

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const words = (text: string) => text.split(",").map((word) => word.trim()).filter((word) => word !== "");

function control(field: Field, panel: Panel): Control {
  const value = panel[field.key];
  const hint = { placeholder: field.hint };
  if (field.type === "choice") {
    const select = h("select", { class: "select" }, ...field.choices.map((choice) => h("option", { value: choice }, choice)));
    select.value = typeof value === "string" && field.choices.includes(value) ? value : (field.choices[0] ?? "");
    return select;
  }
  if (field.type === "flag") {
    const box = h("input", { type: "checkbox" });
    box.checked = value === true;
    return box;
  }
  const text = Array.isArray(value) ? value.join(", ") : typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (field.type === "words") return h("textarea", { class: "field", rows: "6", value: text });
  return h("input", { class: "field", type: field.type === "number" ? "number" : "text", step: "any", value: text, ...hint });
}

/** What the form says for a field; undefined where it says nothing. */
function read(field: Field, from: Control, before: Panel): unknown {
  if (field.type === "flag") return (from as HTMLInputElement).checked || undefined;
  const text = from.value.trim();
  if (text === "") return undefined;
  if (field.type === "number") return Number(text);
  if (field.type === "list") return words(text);
  // A list of runs stays one.
  if (field.key === "runs" && Array.isArray(before.runs)) return words(text);
  return field.type === "choice" && text === field.choices[0] ? undefined : text;
}

/** Edits a panel; undefined when the reader thinks better of it. */
export async function editPanel(panel: Panel, fresh: boolean): Promise<Panel | undefined> {
  const kind = h("select", { class: "select" }, ...KINDS.map((name) => h("option", { value: name }, name)));
  kind.value = panel.kind;
  const title = h("input", { class: "field", value: panel.title ?? "", placeholder: "made of its content" });
  const fields = h("div", { class: "form" });
  let controls: [Field, Control][] = [];
  const row = (label: string, element: Control) => h("label", { class: "form-row" }, h("span", {}, label), element);
  const lay = () => {
    controls = FIELDS[kind.value as Kind].map((field) => [field, control(field, panel)]);
    fields.replaceChildren(...controls.map(([field, element]) => row(field.label, element)));
  };
  kind.addEventListener("change", lay);
  lay();
  const answer = await dialog(fresh ? "New panel" : "Panel", h("div", { class: "form" }, row("Kind", kind), row("Title", title), fields), [["", "Cancel"], ["ok", fresh ? "Add" : "Apply"]]);
  if (answer !== "ok") return undefined;
  const said = controls.map(([field, element]) => [field.key, read(field, element, panel)] as const).filter(([, value]) => value !== undefined);
  return { kind: kind.value as Kind, at: panel.at, ...(title.value.trim() !== "" && { title: title.value.trim() }), ...Object.fromEntries(said) };
}
