// The controls above the list; each change is a step that "back" takes back.

const byId = (name) => document.getElementById(`samples-${name}`);
const MOST_LABELS = 200;

// "Both wrong" of two models, "All wrong" of more, "Wrong" of one.
function titleOf(mode, models) {
  if (models > 1) return mode.title.replace("Both", models > 2 ? "All" : "Both");
  const alone = mode.title.replace("Both ", "");
  return alone[0].toUpperCase() + alone.slice(1);
}

function options(select, values, chosen, words = (value) => value) {
  select.replaceChildren(...values.map((value) =>
    el("option", { value, selected: value === chosen }, visible(words(value)))));
  select.value = chosen;
}

function fillControls(task, columns, state, lists) {
  options(byId("task"), index.tasks.map((one) => one.name), state.task);
  byId("models").replaceChildren(...state.models.map((model, place) => {
    const letter = letterOf(place);
    const select = el("select", { id: `samples-model-${place}` });
    options(select, task.models, model);
    select.addEventListener("change", () => change({
      models: state.models.map((one, at) => (at === place ? select.value : one)), id: current.id,
    }));
    const parts = [el("label", { htmlFor: select.id }, letter), select];
    if (place > 0) {
      const remove = el("button", { type: "button", title: `Without ${letter}` }, "×");
      remove.setAttribute("aria-label", `Show without ${letter}`);
      remove.addEventListener("click", () =>
        change({ models: state.models.filter((_, at) => at !== place), id: current.id }));
      parts.push(remove);
    }
    return el("span", { className: "samples-control" }, ...parts);
  }));
  byId("more").hidden = state.models.length >= task.models.length;
  fillFilters(task, columns, state);
  byId("modes").replaceChildren(...offered(task, state.models).map((mode) => {
    const several = titleOf(mode, state.models.length);
    const input = el("input", {
      type: "radio", name: "samples-mode", value: mode.key, id: `samples-mode-${mode.key}`,
      checked: mode.key === state.mode,
    });
    input.addEventListener("change", () => change({ mode: mode.key }));
    return el("label", { htmlFor: input.id, title: mode.rule }, input, ` ${several} `,
      el("b", {}, count(lists[mode.key].length)));
  }));
  byId("rule").textContent = ruleOf(task, state);
}

function fillFilters(task, columns, state) {
  const targets = task.kind === "right" ? [...new Set(columns.target)].filter((at) => at >= 0) : [];
  const few = targets.length <= MOST_LABELS ? targets.map((at) => columns.strings[at]) : [];
  const labels = [...task.labels.filter((label) => few.includes(label)),
    ...few.filter((label) => !task.labels.includes(label)).sort()];
  byId("labels").hidden = labels.length < 2 && !state.label && !state.answer;
  const any = (value) => value || "any";
  const with_ = (chosen) => ["", ...new Set([...labels, ...(chosen ? [chosen] : [])])];
  options(byId("label"), with_(state.label), state.label, any);
  options(byId("answer"), with_(state.answer), state.answer, any);
  if (byId("search") !== document.activeElement) byId("search").value = state.q;
}

function ruleOf(task, state) {
  const mode = task.modes.find((one) => one.key === state.mode);
  const failed = Object.keys(task.failed);
  const said = [mode.rule];
  if (task.here < task.of) said.push(`Of ${count(task.of)} examples ${count(task.here)} are in this page.`);
  if (failed.length) said.push(`Failed, so without answers: ${failed.join(", ")}.`);
  return visible(said.join(" "));
}

// Calls `then` on every change of a control that is always there.
function listen() {
  byId("task").addEventListener("change", (event) => change({
    task: event.target.value, id: "", mode: "", label: "", answer: "", models: current.models,
  }));
  byId("label").addEventListener("change", (event) => change({ label: event.target.value }));
  byId("answer").addEventListener("change", (event) => change({ answer: event.target.value }));
  byId("search").addEventListener("input", (event) => change({ q: event.target.value }, false));
  byId("more").addEventListener("click", () => {
    const task = index.tasks[placeOf(current.task)];
    const next = task.models.find((model) => !current.models.includes(model));
    change({ models: [...current.models, next], id: current.id });
  });
}
