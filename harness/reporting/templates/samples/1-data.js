// The answers: a task's are unpacked when it is first looked at, and stay as columns.

const index = JSON.parse(document.getElementById("samples-index")?.textContent ?? '{"tasks": []}');
const unpacked = new Map();

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

// The columns of a task; what is asked for twice is unpacked once.
function columnsOf(place) {
  if (!unpacked.has(place)) {
    const base64 = document.getElementById(`samples-${place}`).textContent.trim();
    const plain = new Blob([bytesOf(base64)]).stream()
      .pipeThrough(new DecompressionStream("deflate"));
    unpacked.set(place, new Response(plain).json());
  }
  return unpacked.get(place);
}

const textAt = (columns, at) => (at >= 0 ? columns.strings[at] : null);

// What one model answered to one example; null where it was not asked it.
function answerOf(columns, model, row) {
  const cell = columns.cells[model];
  if (!cell || cell.absent?.[row]) return null;
  const text = (name) => textAt(columns, cell[name]?.[row] ?? -1);
  const set = cell.choice_sets?.[cell.choices[row]] ?? [];
  return {
    answer: text("answer"),
    written: text("written"),
    thought: text("thought"),
    stopped: text("stopped"),
    tokens: cell.tokens?.[row] ?? null,
    ended: cell.ended?.[row] ?? null,
    shares: set.map((place, at) => [columns.strings[place], cell.shares[row][at]]),
    scores: Object.fromEntries(
      Object.entries(cell.scores).map(([name, column]) => [name, column[row] ?? null])),
  };
}

// The exact prompt that a model was sent, and how; null where it was not kept.
function promptOf(columns, model, row) {
  const set = columns.sets[columns.cells[model]?.set];
  const parts = set?.parts[row];
  if (!set || parts === -1) return null;
  const [before, behind] = parts;
  const text = behind === -2
    ? columns.strings[before]
    : columns.strings[before] + textAt(columns, columns.text[row]) + columns.strings[behind];
  return { mode: set.mode, system: set.system, text };
}
