// One example: its text, the right answer, and every shown model's answer beside the others.

const detail = document.getElementById("samples-detail");
const MODES_OF_PROMPTS = {
  chat: "through the chat template",
  plain: "as plain text to go on with",
  text: "as a window of a text, read and not continued",
};

function fillDetail(task, columns, state, row, how) {
  const answers = state.models.map((model) => answerOf(columns, model, row));
  const [text, target] = [columns.text[row], columns.target[row]].map((at) => textAt(columns, at));
  const parts = [el("h3", {}, visible(columns.ids[row]))];
  if (how.prompt) parts.push(...prompts(columns, state.models, row));
  else if (text !== null) parts.push(el("h4", {}, "Example"), passage(text, null));
  else parts.push(el("p", { className: "note" }, "The example's text was not kept; p shows the prompt."));
  if (target !== null) parts.push(el("h4", {}, task.kind === "right" ? "Gold label" : "Reference answer"), passage(target, null));
  const cards = state.models.map((model, place) => {
    const other = place === 0 ? answers.slice(1).find(Boolean) : answers[0];
    return card(task, columns, model, place, answers[place], how.words ? other ?? null : null);
  });
  detail.replaceChildren(...parts, el("div", { className: "answers" }, ...cards));
}

// The exact prompts: models of one lineage share theirs.
function prompts(columns, models, row) {
  const sent = new Map();
  for (const model of models) {
    const prompt = promptOf(columns, model, row);
    const key = prompt && JSON.stringify(prompt);
    sent.set(key, [prompt, [...(sent.get(key)?.[1] ?? []), model]]);
  }
  return [...sent.values()].flatMap(([prompt, of]) => {
    const whose = sent.size > 1 ? ` of ${of.join(", ")}` : "";
    if (prompt === null) {
      const command = `harness show results/${index.suite} ${of[0]} ${index.tasks[placeOf(current.task)].name} ${columns.ids[row]}`;
      return [el("h4", {}, `Exact prompt${whose}`), el("p", { className: "note" },
        "It was not kept by the version of harness that made these results. Where the models are "
        + "still at hand, this shows it: ", el("code", {}, visible(command)))];
    }
    const way = MODES_OF_PROMPTS[prompt.mode] ?? prompt.mode;
    return [el("h4", {}, `Exact prompt${whose}, sent ${way}`),
      el("pre", { className: "samples-prompt", tabIndex: 0 }, el("code", {}, visible(prompt.text)))];
  });
}

function card(task, columns, model, place, answer, other) {
  const heading = el("h4", {}, `${letterOf(place)} `, el("code", {}, visible(model)));
  if (answer === null) {
    return el("div", { className: "answer" }, heading, el("p", { className: "note" }, "not asked"));
  }
  const marks = marksOf(task, answer).flatMap(([tone, words]) =>
    [el("span", { className: tone }, words), " · "]).slice(0, -1);
  const parts = [heading, marks.length ? el("p", { className: "note samples-marks" }, ...marks) : null];
  const kind = place === 0 ? "del" : "ins";
  if (task.kind === "right") {
    parts.push(el("p", { className: "samples-label" }, visible(answer.answer ?? "no label found")));
    if (answer.written !== null) {
      parts.push(el("h5", {}, "What it wrote"), passage(answer.written, other?.written ?? null, kind));
    }
  } else if (answer.answer !== null) {
    parts.push(passage(answer.answer, other?.answer ?? null, kind));
  }
  if (answer.shares.length) parts.push(shares(answer));
  if (answer.thought !== null) {
    parts.push(el("details", {}, el("summary", {}, `Its thought: ${count(answer.thought.length)} characters`),
      el("p", { className: "text", dir: "auto" }, visible(answer.thought))));
  }
  return el("div", { className: "answer" }, ...parts, figures(task, columns, answer));
}

// Each choice's share of the probability of all choices.
function shares(answer) {
  const rows = answer.shares.map(([choice, share]) => {
    const bar = el("span", { className: "samples-bar" }, el("span", {}));
    bar.firstChild.style.width = `${100 * share}%`;
    return el("tr", choice === answer.answer ? { className: "samples-chosen" } : {},
      el("th", { scope: "row" }, visible(choice)), el("td", { className: "number" }, share.toFixed(3)),
      el("td", { "aria-hidden": "true" }, bar));
  });
  return el("table", { className: "samples-shares" },
    el("caption", {}, "probability among the choices"), el("tbody", {}, ...rows));
}

const IN_MARKS = ["unparsed", "truncated", "empty"];

function figures(task, columns, answer) {
  const inMarks = task.kind === "right" ? [...IN_MARKS, task.headline] : IN_MARKS;
  const said = Object.keys(columns.metrics)
    .filter((name) => !inMarks.includes(name) && (answer.scores[name] ?? null) !== null)
    .map((name) => {
      const { label, unit } = task.metrics[name] ?? { label: name, unit: "" };
      return `${label} ${shown(columns, name, answer.scores[name])}${unit && ` ${unit}`}`;
    });
  if (answer.tokens !== null) said.push(`${count(answer.tokens)} tokens`);
  if (answer.stopped !== null) said.push(`stopped at ${JSON.stringify(answer.stopped)}`);
  return said.length ? el("p", { className: "note samples-figures" }, visible(said.join(" · "))) : null;
}
