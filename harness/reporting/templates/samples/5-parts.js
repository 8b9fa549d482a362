// Pieces of the screen. Texts of strangers only ever become text nodes.

function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const letterOf = (place) => LETTERS[place] ?? `${place + 1}`;
const count = (number) => number.toLocaleString("en");

// A score with the digits that its metric has on the whole page.
const shown = (columns, name, value) => value.toFixed(columns.metrics[name]);

// Whether an answer is right, or what is wrong with it: sign and words, never a colour alone.
function marksOf(task, answer) {
  const { scores } = answer;
  const marks = [];
  if (scores.unparsed === 1) marks.push(["bad", "✗ unparsed"]);
  else if (task.kind === "right") {
    marks.push(scores[task.headline] === 1 ? ["good", "✓ right"] : ["bad", "✗ wrong"]);
  }
  if (scores.empty === 1) marks.push(["bad", "∅ wrote nothing"]);
  if (scores.truncated === 1) marks.push(["unsure", "✂ cut off by the limit"]);
  if (scores.repetition >= index.repeats) marks.push(["bad", "↻ repeats itself"]);
  if (answer.ended === false) marks.push(["unsure", "its thought did not end"]);
  return marks;
}

const signOf = ([tone, words]) => el("span", { className: tone, title: words }, words.split(" ")[0]);

// An answer in a few words, for the list: "positive ✓ 0.910", "0.250 ✂".
function brief(task, columns, answer) {
  if (answer === null) return ["not asked"];
  const value = answer.scores[task.headline] ?? null;
  const parts = [];
  if (task.kind === "right") parts.push(visible(answer.answer ?? "–"));
  else if (task.kind === "written") parts.push(`${answer.tokens} tokens`);
  else if (value !== null) parts.push(shown(columns, task.headline, value));
  for (const mark of marksOf(task, answer)) parts.push(" ", signOf(mark));
  const share = answer.shares.find(([choice]) => choice === answer.answer);
  if (share) parts.push(` ${share[1].toFixed(3)}`);
  return parts;
}

// A text, perhaps with the words marked that another text lacks.
function passage(text, other, kind) {
  const pieces = other === null ? null : differing(visible(text), visible(other));
  if (pieces === null) return el("p", { className: "text", dir: "auto" }, visible(text));
  const marked = pieces.map(([piece, lacks]) => (lacks ? el(kind, {}, piece) : piece));
  return el("p", { className: "text", dir: "auto" }, ...marked);
}
