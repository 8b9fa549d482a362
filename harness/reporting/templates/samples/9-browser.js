// The browser as a whole: the address says what is shown; keys and controls change it.

const section = document.getElementById("samples");
const how = { words: true, prompt: false };
let current = null;
let shownRows = [];
let columnsNow = null;
let asking = 0;
let inView = false;
let later = 0;

const taskNow = () => index.tasks[placeOf(current.task)];
const position = () => Math.max(0, shownRows.indexOf(columnsNow.ids.indexOf(current.id)));

// Shows what is asked for; what a link names is shown whatever else it says.
async function show(asked, named = false) {
  const mine = (asking += 1);
  const state = settled(asked);
  const columns = await columnsOf(placeOf(state.task));
  if (mine !== asking) return;
  const task = index.tasks[placeOf(state.task)];
  const lists = listed(task, columns, state);
  const row = columns.ids.indexOf(asked.id);
  if (named && row >= 0 && asked.mode !== "" && !lists[state.mode].includes(row)) {
    return show({ ...asked, mode: "all", label: "", answer: "", q: "" });
  }
  if (asked.mode === "") {
    const fits = (mode) => (row >= 0 ? lists[mode].includes(row) : lists[mode].length > 0);
    state.mode = [state.mode, ...Object.keys(lists)].find(fits) ?? "all";
  }
  shownRows = lists[state.mode];
  if (!shownRows.includes(row)) state.id = shownRows.length ? columns.ids[shownRows[0]] : "";
  current = state;
  columnsNow = columns;
  fillControls(task, columns, state, lists);
  fillList(shownRows, position(), (at) => rowOf(task, columns, state, at));
  showDetail();
}

function rowOf(task, columns, state, row) {
  const target = task.kind === "right" ? textAt(columns, columns.target[row]) : null;
  const answers = state.models.map((model, place) => el("span", { className: "samples-brief" },
    el("b", {}, letterOf(place)), " ", ...brief(task, columns, answerOf(columns, model, row))));
  const text = textAt(columns, columns.text[row]) ?? promptOf(columns, state.models[0], row)?.text ?? "";
  return [
    el("div", {}, el("code", {}, visible(columns.ids[row])),
      target === null ? "" : ` gold ${visible(target)}`),
    el("div", {}, ...answers),
    el("div", { className: "samples-snippet" }, visible(text.slice(0, 200))),
  ];
}

function showDetail() {
  const empty = shownRows.length === 0;
  byId("at").textContent = empty ? "no example fits" : `${count(position() + 1)} of ${count(shownRows.length)}`;
  for (const name of ["previous", "next", "words", "prompt", "copy"]) byId(name).disabled = empty;
  byId("words").setAttribute("aria-pressed", String(how.words));
  byId("prompt").setAttribute("aria-pressed", String(how.prompt));
  byId("words").hidden = current.models.length < 2
    || (taskNow().kind === "right" && !columnsNow.cells[current.models[0]].written);
  if (empty) detail.replaceChildren();
  else fillDetail(taskNow(), columnsNow, current, shownRows[position()], how);
}

// The section's data-address is the address that is drawn; "" while something is being drawn.
// A change of what is listed: a new step of the history, unless it is one of many (typing).
async function change(changes, step = true) {
  section.dataset.address = "";
  await show({ ...current, id: "", ...changes });
  writeAddress(step);
}

function select(at) {
  if (!shownRows.length) return;
  const place = Math.min(Math.max(0, at), shownRows.length - 1);
  current = { ...current, id: columnsNow.ids[shownRows[place]] };
  moveTo(place);
  showDetail();
  section.dataset.address = "";
  clearTimeout(later);  // a key that is held down writes the address once
  later = setTimeout(() => writeAddress(false), 150);
}

function writeAddress(step) {
  clearTimeout(later);
  const address = toHash(current);
  if (step && address !== location.hash) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  section.dataset.address = location.hash;
}

function toggle(name) {
  how[name] = !how[name];
  showDetail();
}

async function copyLink() {
  writeAddress(false);
  try {
    await navigator.clipboard.writeText(location.href);
    byId("status").textContent = "Link copied.";
  } catch {
    byId("status").textContent = `The link: ${location.href}`;
  }
}

const KEYS = {
  j: () => select(position() + 1),
  k: () => select(position() - 1),
  d: () => toggle("words"),
  p: () => toggle("prompt"),
  c: copyLink,
  "/": () => byId("search").focus(),
};
const IN_LIST = {
  ArrowDown: KEYS.j,
  ArrowUp: KEYS.k,
  PageDown: () => select(position() + 10),
  PageUp: () => select(position() - 10),
  Home: () => select(0),
  End: () => select(shownRows.length - 1),
};

function pressed(event) {
  if (!inView || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") list.focus({ preventScroll: true });
    return;
  }
  const act = KEYS[event.key] ?? (event.target === list ? IN_LIST[event.key] : undefined);
  if (!act || current === null) return;
  event.preventDefault();
  act();
}

async function followAddress() {
  const asked = fromHash(location.hash);
  if (asked === null) return;
  await show(asked, true);
  section.scrollIntoView({ behavior: "instant" });
  list.focus({ preventScroll: true });
  section.dataset.address = location.hash;
}

function start() {
  byId("app").hidden = false;
  section.classList.add("samples-on");
  listen();
  byId("previous").addEventListener("click", KEYS.k);
  byId("next").addEventListener("click", KEYS.j);
  byId("words").addEventListener("click", KEYS.d);
  byId("prompt").addEventListener("click", KEYS.p);
  byId("copy").addEventListener("click", copyLink);
  list.addEventListener("scroll", () => requestAnimationFrame(drawList));
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-at]");
    if (row) select(Number(row.dataset.at));
  });
  addEventListener("keydown", pressed);
  addEventListener("hashchange", followAddress);
  addEventListener("resize", () => current && drawList());
  const asked = fromHash(location.hash);
  new IntersectionObserver((entries) => {
    inView = entries.some((entry) => entry.isIntersecting);
    if (inView && current === null && asking === 0) {
      show({ task: index.tasks[0].name, id: "", models: [], mode: "", label: "", answer: "", q: "" });
    }
  }).observe(section);
  if (asked !== null) followAddress();
}

if (index.tasks.length && section) start();
