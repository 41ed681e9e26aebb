"use strict";
// Behaviour of the tear sheet: charts in the colours of the theme, sorting, filters, downloads, keys. No library but plotly.js.
(() => {
  const root = document.documentElement;
  const all = (selector, inside = document) => Array.from(inside.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const sheet = JSON.parse(byId("sheet-data").textContent);
  const state = { log: false, zoom: null, printing: false, zooming: false };
  root.classList.add("js");

  // --- charts ---------------------------------------------------------------------------------------------------------------
  function filled(node, style) {
    if (typeof node === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(node);
      return name ? style.getPropertyValue(name[1]).trim() : node;
    }
    if (Array.isArray(node)) return node.map((item) => filled(item, style));
    if (node !== null && typeof node === "object") {
      if (typeof node.column === "string") return sheet.columns[node.column];
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, filled(value, style)]));
    }
    return node;
  }

  // The vertical range of what a zoom shows: plotly.js keeps that of the whole run.
  function visibleRange(data, range, log) {
    let low = Infinity, high = -Infinity;
    for (const trace of data) {
      for (let i = 0; i < trace.x.length; i += 1) {
        const y = trace.y[i];
        if (y === null || trace.x[i] < range[0] || trace.x[i] > range[1]) continue;
        if (y < low) low = y;
        if (y > high) high = y;
      }
    }
    if (low > high) return null;
    if (log) { low = Math.log10(low); high = Math.log10(high); }
    const margin = (high - low) * 0.06 || Math.abs(high) * 0.01 || 1;
    return [low - margin, high + margin];
  }

  function draw(figure) {
    const place = byId("plot-" + figure.name);
    if (place === null) return;
    const style = getComputedStyle(root);
    const narrow = !state.printing && window.innerWidth < 640;
    const ink = style.getPropertyValue("--ink").trim();
    const rule = style.getPropertyValue("--rule").trim();
    const data = filled(figure.data, style);
    const given = filled(figure.layout, style);
    const log = figure.name === "equity" && state.log;
    const axis = { gridcolor: rule, linecolor: rule, zerolinecolor: style.getPropertyValue("--muted").trim(), automargin: true };
    const layout = {
      ...given,
      xaxis: { ...axis, ...given.xaxis, showgrid: false, showspikes: false },
      yaxis: { ...axis, ...given.yaxis, ...(log ? { type: "log", dtick: "D2" } : {}) },
      font: { family: "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif", size: narrow ? 11 : 13, color: ink },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 8, r: 12, t: 8, b: 8 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", traceorder: "normal", font: { color: ink } },
      hoverlabel: { bgcolor: style.getPropertyValue("--panel").trim(), bordercolor: rule, font: { color: ink } },
      showlegend: true, dragmode: narrow ? false : "zoom",
    };
    if (narrow) delete layout.yaxis.title;
    if (figure.over_time && state.zoom !== null) {
      layout.xaxis.range = state.zoom;
      const range = visibleRange(data, state.zoom, log);
      if (range !== null) layout.yaxis.range = range;
    }
    if (state.printing) { layout.width = 680; layout.height = place.clientHeight; }
    Plotly.react(place, data, layout, {
      responsive: !state.printing, displaylogo: false, displayModeBar: false, showTips: false, doubleClick: false,
    });
    if (place.dataset.drawn !== "1") {
      place.dataset.drawn = "1";
      if (figure.over_time) {
        place.on("plotly_relayout", (change) => {
          const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
          if (from !== undefined && to !== undefined) zoom([String(from).slice(0, 10), String(to).slice(0, 10)]);
        });
        place.on("plotly_doubleclick", () => zoom(null));
      }
    }
    place.dataset.theme = style.getPropertyValue("--bg").trim();
  }

  const drawAll = () => sheet.figures.forEach(draw);

  function zoom(range) {
    if (state.zooming) return;
    state.zooming = true;
    state.zoom = range;
    const key = range === null ? "" : range.join("/");
    all("[data-zoom]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.zoom === key)));
    drawAll();
    state.zooming = false;
  }

  // --- theme ----------------------------------------------------------------------------------------------------------------
  const wantsDark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wantsDark.matches);
  const nameTheme = () => { byId("theme").textContent = isDark() ? "Light" : "Dark"; };
  function switchTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
    drawAll();
  }
  wantsDark.addEventListener("change", () => { nameTheme(); drawAll(); });
  byId("theme").addEventListener("click", switchTheme);

  function switchLog() {
    const button = byId("log");
    if (button === null) return;
    state.log = !state.log;
    button.setAttribute("aria-pressed", String(state.log));
    drawAll();
  }
  if (byId("log") !== null) byId("log").addEventListener("click", switchLog);
  all("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    zoom(button.dataset.zoom === "" ? null : button.dataset.zoom.split("/"));
  }));

  // --- charts or tables -----------------------------------------------------------------------------------------------------
  function showTable(section, wanted) {
    section.classList.toggle("as-table", wanted);
    all("[data-toggle-view]", section).forEach((button) => {
      button.textContent = wanted ? "Chart" : "Table";
    });
    if (!wanted) all(".plot", section).forEach((place) => { if (place.dataset.drawn) Plotly.Plots.resize(place); });
  }
  const viewed = all(".viewed").filter((section) => section.querySelector("[data-toggle-view]") !== null);
  viewed.forEach((section) => section.querySelector("[data-toggle-view]").addEventListener("click", () => {
    showTable(section, !section.classList.contains("as-table"));
  }));
  function switchViews() {
    const wanted = !viewed.every((section) => section.classList.contains("as-table"));
    viewed.forEach((section) => showTable(section, wanted));
  }

  function showHeat(name) {
    all("[data-heat]").forEach((heat) => heat.classList.toggle("shown", heat.dataset.heat === name));
    all("[data-show-heat]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.showHeat === name)));
  }
  all("[data-show-heat]").forEach((button) => button.addEventListener("click", () => showHeat(button.dataset.showHeat)));
  const firstHeat = document.querySelector("[data-heat]");
  if (firstHeat !== null) showHeat(firstHeat.dataset.heat);

  // --- tables: sort, filter, download -----------------------------------------------------------------------------------------
  const isText = (kind) => kind === "text" || kind === "code";
  // "−$1,234.50", "+3.2%" and "1.2e−5" as numbers; null where there is none.
  function asNumber(text) {
    const plain = text.replace(/\u2212/g, "-").replace(/[$,%+\s]/g, "");
    return plain === "" || plain === "–" || Number.isNaN(Number(plain)) ? null : Number(plain);
  }

  function sortBy(header) {
    const table = header.closest("table");
    const column = Array.from(header.parentNode.children).indexOf(header);
    const down = header.getAttribute("aria-sort") === "ascending";
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const text = isText(header.dataset.kind);
    const keyed = Array.from(table.tBodies[0].rows, (row, place) => {
      const shown = row.cells[column].textContent;
      return { row, place, key: text ? shown : asNumber(shown) };
    });
    const collator = new Intl.Collator("en", { numeric: true });
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      const order = text ? collator.compare(a.key, b.key) : a.key - b.key;
      return (down ? -order : order) || a.place - b.place;
    });
    table.tBodies[0].append(...keyed.map((item) => item.row));
  }
  all("table.sortable th").forEach((header) => header.querySelector("button").addEventListener("click", () => sortBy(header)));

  all("[data-filter]").forEach((input) => input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const rows = Array.from(byId("table-" + input.dataset.filter).querySelector("tbody").rows);
    let shown = 0;
    for (const row of rows) {
      const text = Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    const count = document.querySelector(`[data-count="${input.dataset.filter}"]`);
    count.textContent = words.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
  }));

  function csvField(text, kind) {
    if (!isText(kind)) {
      const number = asNumber(text);
      if (number !== null) return String(number);
      if (text === "–") return "";
    }
    // A spreadsheet would run a text that starts like a formula.
    const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  }
  const UNITS = { usd: " ($)", pnl: " ($)", percent: " (%)", return: " (%)" };
  function csvOf(table) {
    const headers = all("thead th", table);
    const kinds = headers.map((header) => header.dataset.kind);
    const lines = [headers.map((header) => csvField(header.textContent.trim() + (UNITS[header.dataset.kind] || ""), "text"))];
    for (const row of table.tBodies[0].rows) {
      if (!row.hidden) lines.push(Array.from(row.cells, (cell, i) => csvField(cell.textContent.trim(), kinds[i])));
    }
    return lines.map((line) => line.join(",")).join("\n") + "\n";
  }
  function download(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  all("[data-csv]").forEach((button) => button.addEventListener("click", () => {
    download(button.dataset.csv + ".csv", "text/csv", csvOf(byId("table-" + button.dataset.csv).querySelector("table")));
  }));
  byId("download-json").addEventListener("click", () => {
    download(byId("download-json").dataset.name || "backtest.json", "application/json", JSON.stringify(sheet.document, null, 2) + "\n");
  });

  // --- keys, print ----------------------------------------------------------------------------------------------------------
  const shortcuts = byId("shortcuts");
  byId("help").addEventListener("click", () => shortcuts.showModal());
  const sections = all("main > section");
  function step(by) {
    const top = sections.findLastIndex((section) => section.getBoundingClientRect().top < 90);
    const next = sections[Math.min(sections.length - 1, Math.max(0, top + by))];
    next.scrollIntoView();
  }
  function findRoll() {
    const input = document.querySelector('[data-filter="roll-calendar"]');
    if (input === null) return;
    byId("rolls").scrollIntoView();
    input.focus({ preventScroll: true });
  }
  const KEYS = {
    "?": () => shortcuts.showModal(), t: switchTheme, l: switchLog, c: switchViews, j: () => step(1), k: () => step(-1),
    "/": findRoll, 0: () => zoom(null), p: () => window.print(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || shortcuts.open) return;
    if (event.target instanceof HTMLElement && event.target.closest("input, textarea, select") !== null) return;
    if (!Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  let before = null;
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme || "";
    root.dataset.theme = "light";
    state.printing = true;
    all("details:not([open])").forEach((details) => { details.open = true; details.dataset.wasClosed = "1"; });
    drawAll();
  });
  window.addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    state.printing = false;
    all("details[data-was-closed]").forEach((details) => { details.open = false; delete details.dataset.wasClosed; });
    drawAll();
  });

  nameTheme();
  drawAll();
})();
