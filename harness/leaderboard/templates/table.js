"use strict";
// The table of the first page: it is built anew from the page's data whenever the reader orders,
// filters or searches. Rows are added as the reader comes to them, since a thousand models of twenty
// tasks are twenty thousand fields. All text is put in by textContent: names are a stranger's.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const AT_ONCE = 100;
  const get = (id) => document.getElementById(id);
  const table = document.querySelector("table.board");
  const body = table.tBodies[0];
  const heads = data.heads.map((head, number) => ({ ...head, number }));
  const of = (kind) => heads.filter((head) => head.kind === kind);
  const state = { ranked: "", speed: "", type: "", q: "", sort: "rank", down: false };
  let rows = [];
  let built = 0;

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function shape(name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function bar([point, low, wide]) {
    const drawing = shape("svg", {
      class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true",
    });
    drawing.append(
      shape("rect", { class: "reach", x: low, y: 4, width: wide, height: 2 }),
      shape("rect", { class: "point", x: point, y: 1, width: 3, height: 8 }),
    );
    return drawing;
  }

  // A figure: [text, interval, order, rank, rank's text, place in the bar, doubt]; ["failed"]; or none.
  // Where it stands: in the column that ranks ("chosen"), beside it, or "further" to the right.
  function figure(row, head, where) {
    const [found, chosen] = [row.cells[head.number], where === "chosen"];
    if (!found) return make("td", `number ${where} none`, "–");
    if (found.length === 1) return make("td", `number ${where} bad`, found[0]);
    const field = make("td", `number ${where}`);
    field.append(make("b", "", found[0]));
    if (!chosen && found[4]) {
      const at = make("small", "at", found[4]);
      at.title = "rank";
      field.append(" ", at);
    }
    if (chosen) field.append(bar(found[5]));
    if (found[1]) field.append(make("small", "", found[1]));
    if (found[6]) field.append(make("small", "doubt", found[6]));
    return field;
  }

  function model(row) {
    const field = make("th", "model");
    field.scope = "row";
    const link = make("a", "", row.name);
    link.href = row.page;
    field.append(link);
    if (row.apart) field.append(" ", make("small", "apart", row.apart));
    field.append(make("small", "lineage", row.lineage));
    if (row.doubt) field.append(make("small", "doubt", row.doubt));
    const links = make("div", "links");
    links.append(command(row));
    if (row.report) {
      const report = make("a", "", "report");
      report.href = row.report;
      links.append(report);
    }
    field.append(links);
    return field;
  }

  function command(row) {
    const fold = make("details");
    const code = make("code", "", row.command);
    const copy = make("button", "", "Copy");
    copy.type = "button";
    copy.setAttribute("aria-label", `Copy the command of ${row.name}`);
    copy.addEventListener("click", async () => {
      copy.textContent = (await copied(row.command, code)) ? "Copied" : "Selected: press Ctrl+C";
    });
    fold.append(make("summary", "", "command"), code, copy);
    return fold;
  }

  async function copied(text, code) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return false;
    }
  }

  function columns() {
    const ranked = of("ranked");
    const chosen = ranked.find((head) => head.id === state.ranked);
    const speed = of("speed").find((head) => head.id === state.speed);
    const ofGroup = (head, where) => ({
      key: head.id, label: head.label, detail: head.detail, page: head.page,
      className: `number ${where} ${head.kind}`,
      order: (row) => (row.cells[head.number] || [])[2], cell: (row) => figure(row, head, where),
    });
    const standing = new Map(chosen ? chosen.order.map((place, at) => [place, at]) : []);
    const rank = (row) => (chosen && (row.cells[chosen.number] || [])[4]) || "–";
    return [
      {
        key: "rank", label: "Rank", className: "rank",
        order: (row) => standing.get(row.place), cell: (row) => make("td", "rank", rank(row)),
      },
      { key: "name", label: "Model", className: "model", order: (row) => row.name, cell: model },
      chosen && ofGroup(chosen, "chosen"),
      {
        key: "type", label: "Weights",
        order: (row) => row.type || undefined, cell: (row) => make("td", "", row.type || "–"),
      },
      {
        key: "bits", label: "Bits", detail: "per weight", className: "number",
        order: (row) => row.bits ?? undefined, cell: (row) => make("td", "number", row.bitsText),
      },
      {
        key: "size", label: "Size", className: "number",
        order: (row) => row.size ?? undefined, cell: (row) => make("td", "number", row.sizeText),
      },
      speed && ofGroup(speed, "beside"),
      ...of("change").map((head) => ofGroup(head, "further")),
      ...ranked.filter((head) => head !== chosen).map((head) => ofGroup(head, "further")),
      { key: "date", label: "Newest run", order: (row) => row.date, cell: (row) => make("td", "", row.date) },
    ].filter(Boolean);
  }

  function heading(column) {
    const field = make("th", column.className);
    field.scope = "col";
    const button = make("button", "", column.label);
    button.type = "button";
    button.addEventListener("click", () => {
      state.down = state.sort === column.key ? !state.down : false;
      state.sort = column.key;
      show(column.key);
    });
    field.append(button);
    if (state.sort === column.key) {
      field.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    }
    if (column.detail) {
      const detail = make("small", "", column.page ? undefined : column.detail);
      if (column.page) {
        const link = make("a", "", column.detail);
        link.href = column.page;
        detail.append(link);
      }
      field.append(detail);
    }
    return field;
  }

  // What has no figure stands last, whichever way the table is ordered; equals stay as they were.
  function ordered(found, order) {
    const sign = state.down ? -1 : 1;
    return found
      .map((row) => [order(row), row])
      .sort(([a, one], [b, other]) => {
        if (a === undefined || b === undefined) {
          return (a === undefined) - (b === undefined) || one.place - other.place;
        }
        return a === b ? one.place - other.place : a < b ? -sign : sign;
      })
      .map(([, row]) => row);
  }

  function add(upTo) {
    const shown = columns();
    const part = document.createDocumentFragment();
    for (; built < Math.min(upTo, rows.length); built += 1) {
      const line = make("tr");
      line.append(...shown.map((column) => column.cell(rows[built])));
      part.append(line);
    }
    body.append(part);
    get("more").hidden = built >= rows.length;
  }

  function show(focus) {
    const shown = columns();
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const found = data.rows.filter((row) => {
      const text = `${row.name} ${row.lineage} ${row.type} ${row.apart}`.toLowerCase();
      return (!state.type || row.type === state.type) && words.every((word) => text.includes(word));
    });
    const column = shown.find((one) => one.key === state.sort) || shown[0];
    state.sort = column.key;
    rows = ordered(found, column.order);
    const line = table.tHead.rows[0];
    line.replaceChildren(...shown.map(heading));
    body.replaceChildren();
    built = 0;
    add(AT_ONCE);
    const all = data.rows.length.toLocaleString("en");
    get("count").textContent = rows.length === data.rows.length
      ? `${all} models` : `${rows.length.toLocaleString("en")} of ${all} models; ranks are of all`;
    if (focus) {
      const place = shown.findIndex((one) => one.key === focus);
      line.cells[place]?.querySelector("button")?.focus();
    }
    keep();
  }

  function keep() {
    const kept = new URLSearchParams();
    const usual = { ranked: of("ranked")[0]?.id, speed: of("speed")[0]?.id, type: "", q: "", sort: "rank", down: false };
    for (const [key, value] of Object.entries(state)) if (value !== usual[key] && value) kept.set(key, value);
    const text = kept.toString();
    if (text || location.hash.includes("=")) history.replaceState(null, "", text ? `#${text}` : location.pathname);
  }

  function recall() {
    if (!location.hash.includes("=")) return;
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const key of ["ranked", "speed", "type", "q", "sort"]) if (kept.has(key)) state[key] = kept.get(key);
    state.down = kept.has("down");
  }

  function fill(select, options, key) {
    const known = options.some((head) => head.id === state[key]);
    if (!known) state[key] = options.length ? options[0].id : "";
    for (const head of options) {
      const option = make("option", "", `${head.label} · ${head.detail}`);
      option.value = head.id;
      select.append(option);
    }
    select.value = state[key];
    select.parentElement.hidden = options.length < 2;
    select.addEventListener("change", () => {
      state[key] = select.value;
      if (key === "ranked") [state.sort, state.down] = ["rank", false];
      show();
    });
  }

  recall();
  fill(get("ranked"), of("ranked"), "ranked");
  fill(get("speed"), of("speed"), "speed");
  get("type").value = state.type;
  if (get("type").value !== state.type) state.type = get("type").value = "";
  get("type").addEventListener("change", (event) => { state.type = event.target.value; show(); });
  get("search").value = state.q;
  get("search").addEventListener("input", (event) => { state.q = event.target.value; show(); });
  get("controls").addEventListener("submit", (event) => event.preventDefault());
  get("controls").hidden = false;
  get("more").firstElementChild.addEventListener("click", () => add(built + AT_ONCE));
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) add(built + AT_ONCE);
  }, { rootMargin: "600px" }).observe(get("more"));
  addEventListener("beforeprint", () => add(Infinity));
  show();
})();
