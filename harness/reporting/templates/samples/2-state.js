// What is shown, as it stands in the address: #s=TASK/ID&a=…&b=…&mode=…&label=…&answer=…&q=…
// Names are encoded, so that "/" and "," only ever part them.

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The state that an address asks for; null where it is not one of the browser's.
function fromHash(hash) {
  if (!hash.startsWith("#s=")) return null;
  const found = Object.fromEntries(
    hash.slice(1).split("&").map((part) => {
      const [name, ...value] = part.split("=");
      return [name, value.join("=")];
    }));
  const [task, id] = found.s.split("/");
  return {
    task: decoded(task),
    id: decoded(id ?? ""),
    models: [found.a, ...(found.b ?? "").split(",")].filter(Boolean).map(decoded),
    mode: found.mode ?? "",
    label: decoded(found.label ?? ""),
    answer: decoded(found.answer ?? ""),
    q: decoded(found.q ?? ""),
  };
}

function toHash(state) {
  const [a, ...others] = state.models.map(encodeURIComponent);
  const where = encodeURIComponent(state.task) + (state.id ? `/${encodeURIComponent(state.id)}` : "");
  const parts = [`s=${where}`, `a=${a}`];
  if (others.length) parts.push(`b=${others.join(",")}`);
  if (state.mode) parts.push(`mode=${encodeURIComponent(state.mode)}`);
  for (const name of ["label", "answer", "q"]) {
    if (state[name]) parts.push(`${name}=${encodeURIComponent(state[name])}`);
  }
  return `#${parts.join("&")}`;
}

const placeOf = (name) => Math.max(0, index.tasks.findIndex((task) => task.name === name));

const PAIRED = ["different", "broke", "fixed"];

// The modes of a task that say something of so many models.
const offered = (task, models) =>
  task.modes.filter((mode) => models.length > 1 || !PAIRED.includes(mode.key));

// The same with what is there in the place of what is not, and defaults for what was not said.
function settled(asked) {
  const task = index.tasks[placeOf(asked.task)];
  let models = [...new Set(asked.models)].filter((model) => task.models.includes(model));
  if (!models.length) models = task.pairs[0] ?? task.models.slice(0, 1);
  const modes = offered(task, models).map((mode) => mode.key);
  const usual = models.length > 1 ? modes[0] : "all";
  const mode = modes.includes(asked.mode) ? asked.mode : usual;
  return { ...asked, task: task.name, models, mode };
}
