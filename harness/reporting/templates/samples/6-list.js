// The list of examples: only the rows in view are elements, so that 200,000 are as quick as ten.

const list = document.getElementById("samples-list");
const sheet = el("div", { role: "presentation", className: "samples-sheet" });
let rowHeight = 0;
let listedNow = { rows: [], position: 0, make: () => [] };

// Shows other rows; `make` gives the children of one.
function fillList(rows, position, make) {
  listedNow = { rows, position, make };
  if (!sheet.isConnected) list.replaceChildren(sheet);
  if (!rowHeight) {
    const probe = el("div", { className: "samples-row" }, "x");
    sheet.replaceChildren(probe);
    rowHeight = probe.offsetHeight || 1;
  }
  sheet.style.height = `${rows.length * rowHeight}px`;
  keepInView();
  drawList();
}

function moveTo(position) {
  listedNow.position = position;
  keepInView();
  drawList();
}

function keepInView() {
  const top = listedNow.position * rowHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  const lowest = top + rowHeight - list.clientHeight;
  if (lowest > list.scrollTop) list.scrollTop = lowest;
}

function drawList() {
  const { rows, position, make } = listedNow;
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 2);
  const last = Math.min(rows.length, first + Math.ceil(list.clientHeight / rowHeight) + 4);
  const made = [];
  for (let at = first; at < last; at += 1) {
    const row = el("div", {
      className: "samples-row",
      role: "option",
      id: `samples-row-${at}`,
      "aria-selected": String(at === position),
      "aria-setsize": rows.length,
      "aria-posinset": at + 1,
    }, ...make(rows[at]));
    row.dataset.at = at;
    row.style.top = `${at * rowHeight}px`;
    made.push(row);
  }
  sheet.replaceChildren(...made);
  if (position >= first && position < last) {
    list.setAttribute("aria-activedescendant", `samples-row-${position}`);
  } else list.removeAttribute("aria-activedescendant");
}
