// Sorting and filtering of the tables that say they want it. Without a script they are plain tables.

function made(tag, fields, ...inner) {
  const element = Object.assign(document.createElement(tag), fields);
  element.append(...inner);
  return element;
}

// The figure that a cell is sorted by, or its text; what is missing comes last either way.
function valueOf(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.sort !== undefined) return Number(cell.dataset.sort);
  if (cell.classList.contains("missing")) return null;
  const text = cell.textContent.trim();
  const number = Number(text.split(" ")[0].replace("−", "-").replace(/[,+%]/g, ""));
  return cell.classList.contains("number") && !Number.isNaN(number) ? number : text;
}

function sorted(rows, column, down) {
  const keyed = rows.map((row) => [valueOf(row, column), row]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order =
      typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), undefined, { numeric: true });
    return down ? -order : order;
  });
  return keyed.map(([, row]) => row);
}

function headingOf(head) {
  const term = head.querySelector(".term");
  const first = term ? term.firstChild : head.firstChild;
  return first.textContent.trim();
}

function withTools(figure) {
  const table = figure.querySelector("table");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const first = [...body.rows];
  const caption = figure.querySelector("figcaption").textContent.trim();

  const shown = made("output", { className: "note" });
  const filter = made("input", { type: "search", placeholder: "model, metric, …" });
  const order = made("select", {}, made("option", { value: "", textContent: "as in the suite" }));
  filter.setAttribute("aria-label", "Filter");
  order.setAttribute("aria-label", "Sort by");
  heads.forEach((head, index) => {
    for (const [sign, down] of [["↑", 0], ["↓", 1]]) {
      const said = `${headingOf(head)} ${sign}`;
      order.append(made("option", { value: `${index} ${down}`, textContent: said }));
    }
  });
  const tools = made(
    "div",
    { className: "tools" },
    made("label", {}, "Filter ", filter),
    made("label", {}, "Sort by ", order),
    shown,
  );
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", `Tools of the table: ${caption}`);
  figure.querySelector(".scroll").before(tools);

  function sort() {
    const [column, down] = order.value.split(" ").map(Number);
    body.append(...(order.value ? sorted(first, column, down === 1) : first));
    heads.forEach((head, index) => {
      if (order.value && index === column) {
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    });
  }

  function hide() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of first) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      count += !row.hidden;
    }
    shown.textContent = words.length ? `${count} of ${first.length} rows` : "";
  }

  heads.forEach((head, index) => {
    const button = made("button", { type: "button", className: "sort" });
    button.setAttribute("aria-label", `Sort by ${headingOf(head)}`);
    button.addEventListener("click", () => {
      order.value = order.value === `${index} 1` ? `${index} 0` : `${index} 1`;
      sort();
    });
    head.append(button);
  });
  order.addEventListener("change", sort);
  filter.addEventListener("input", hide);
}

for (const figure of document.querySelectorAll("figure[data-tools]")) withTools(figure);
