// Which examples a mode lists: the rules that harness/reporting/browser/kinds.py puts into words.

const isFaulty = (cell, row) =>
  cell.scores.empty?.[row] === 1
  || cell.scores.truncated?.[row] === 1
  || (cell.scores.repetition?.[row] ?? 0) >= index.repeats;

const placeIn = (cell, column, row) => cell[column]?.[row] ?? -1;

const sameText = (one, other, row) => ["answer", "written"].every(
  (column) => placeIn(one, column, row) === placeIn(other, column, row));

// How much higher another model's score is than A's; null where either has none.
function gain(first, other, row) {
  const [before, after] = [first.exact[row], other.exact[row]];
  return before === null || after === null ? null : after - before;
}

// By kind of task: what makes an answer good, and by how much another one is better (or worse) than A's.
const KINDS = {
  right: (task) => ({
    good: (cell, row) => cell.scores[task.headline][row] === 1,
    bad: (cell, row) => cell.scores[task.headline][row] !== 1,
  }),
  written: () => ({ good: (cell, row) => !isFaulty(cell, row), bad: isFaulty }),
  score: () => ({ bad: (cell, row) => cell.exact[row] === 0, sign: 1 }),
  distance: () => ({ bad: () => false, sign: -1 }),
};

// For each mode, whether it lists an example; and by how much, for those that put the most first.
function rulesOf(task, columns, models) {
  const [first, ...others] = models.map((model) => columns.cells[model]);
  const all = [first, ...others];
  const kind = KINDS[task.kind](task);
  const there = (row) => all.every((cell) => !cell.absent?.[row]);
  const gains = (row, way) =>
    Math.max(...others.map((other) => way * kind.sign * (gain(first, other, row) ?? 0)), 0);
  const moved = kind.sign
    ? { broke: (row) => gains(row, -1), fixed: (row) => gains(row, 1) }
    : {
      broke: (row) => kind.good(first, row) && others.some((other) => kind.bad(other, row)),
      fixed: (row) => kind.bad(first, row) && others.some((other) => kind.good(other, row)),
    };
  return {
    ordered: Boolean(kind.sign),
    different: (row) => there(row) && others.some((other) => !sameText(first, other, row)),
    broke: (row) => there(row) && moved.broke(row),
    fixed: (row) => there(row) && moved.fixed(row),
    wrong: (row) => there(row) && all.every((cell) => kind.bad(cell, row)),
    unparsed: (row) => all.some((cell) => cell.scores.unparsed?.[row] === 1),
    truncated: (row) => all.some((cell) => cell.scores.truncated?.[row] === 1),
    all: (row) => all.some((cell) => !cell.absent?.[row]),
  };
}

// What is searched in an example: its id, its text, the right answer, and what the models wrote.
function searchable(columns, models, row) {
  const texts = [columns.ids[row], textAt(columns, columns.text[row]),
    textAt(columns, columns.target[row])];
  for (const model of models) {
    const cell = columns.cells[model];
    texts.push(textAt(columns, placeIn(cell, "answer", row)),
      textAt(columns, placeIn(cell, "written", row)));
  }
  return texts.filter(Boolean).join("\n").toLowerCase();
}

const ANY = -2;

// The rows of every mode, filters applied: their counts are the lengths.
function listed(task, columns, state) {
  const rules = rulesOf(task, columns, state.models);
  const wanted = state.q.trim().toLowerCase();
  const [label, answer] = [state.label, state.answer].map((text) =>
    (text === "" ? ANY : columns.strings.indexOf(text)));
  const first = columns.cells[state.models[0]];
  const found = Object.fromEntries(task.modes.map((mode) => [mode.key, []]));
  const lists = Object.entries(found);
  for (let row = 0; row < columns.ids.length; row += 1) {
    if (label !== ANY && (label < 0 || columns.target[row] !== label)) continue;
    if (answer !== ANY && (answer < 0 || first.answer?.[row] !== answer)) continue;
    if (wanted && !searchable(columns, state.models, row).includes(wanted)) continue;
    for (const [mode, rows] of lists) if (rules[mode](row)) rows.push(row);
  }
  if (rules.ordered) {
    for (const mode of ["broke", "fixed"]) {
      const by = new Map(found[mode].map((row) => [row, rules[mode](row)]));
      found[mode].sort((one, other) => by.get(other) - by.get(one) || one - other);
    }
  }
  return found;
}
