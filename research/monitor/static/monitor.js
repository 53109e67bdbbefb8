"use strict";
(() => {
  const root = document.documentElement;
  const kept = localStorage.getItem("theme");
  if (kept) root.dataset.theme = kept;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  if (!window.htmx) return;

  // how old the page is: the stream sends a beat every five seconds
  const stale = document.getElementById("stale");
  let beat = Date.now(), over = false;
  const told = () => {
    const age = Math.round((Date.now() - beat) / 1000);
    const old = over || age > Number(stale.dataset.after);
    stale.hidden = !old;
    if (old) stale.textContent = over
      ? "The session has ended: log in again. The numbers below are old."
      : `No word from the monitor for ${age} s. The numbers below are old; it is asked again and again.`;
  };
  setInterval(told, 1000);
  document.body.addEventListener("htmx:sseOpen", (event) => {
    const source = event.detail.source;
    if (source.heard) return;
    source.heard = true;
    for (const name of ["beat", "state"]) source.addEventListener(name, () => { beat = Date.now(); told(); });
    source.addEventListener("over", () => { over = true; told(); });
  });

  // a stream that is refused: the session ended while nothing was heard, or the monitor was started again
  document.body.addEventListener("htmx:sseError", () => {
    fetch("/api/ledgers").then((answer) => { if (answer.status === 401) { over = true; told(); } }, () => {});
  });

  // an opened list stays open when its part is replaced
  let opened = [];
  document.body.addEventListener("htmx:sseBeforeMessage", (event) => {
    opened = [...event.target.querySelectorAll("details")].map((one) => one.open);
    event.target.dataset.focus = event.target.contains(document.activeElement) ? document.activeElement.getAttribute("href") || "" : "";
  });
  document.body.addEventListener("htmx:sseMessage", (event) => {
    const part = event.target;
    part.querySelectorAll("details").forEach((one, n) => { one.open = Boolean(opened[n]); });
    const href = part.dataset.focus;
    if (href) for (const link of part.querySelectorAll("a")) if (link.getAttribute("href") === href) link.focus();
    if (part.id === "equity") draw();
  });

  // links of a part are relative to the page of its ledger
  const base = location.pathname.replace(/\/$/, "");
  document.body.addEventListener("click", (event) => {
    const link = event.target.closest("#content a[href]");
    const href = link && link.getAttribute("href");
    if (href && !href.startsWith("/") && !href.startsWith("#")) { event.preventDefault(); location.href = `${base}/${href}`; }
  });

  const colour = (name) => {
    const probe = document.createElement("span");
    probe.className = `probe probe-${name}`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  function draw() {
    const place = document.querySelector("[data-chart]");
    if (!place || !window.uPlot) return;
    const data = JSON.parse(place.dataset.chart);
    const line = colour("line"), fall = colour("fall"), grid = colour("grid"), text = colour("text"), limit = colour("limit");
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: "12px system-ui" };
    const days = data.at[data.at.length - 1] - data.at[0] > 3 * 86400;
    const time = { ...axis, space: 90, size: 30, values: (_, values) => values.map((value) => {
      const at = new Date(value * 1e3).toISOString();
      return days ? at.slice(0, 10) : `${at.slice(5, 10)} ${at.slice(11, 16)}`;
    }) };
    const common = { width: place.clientWidth, cursor: { sync: { key: "equity" } }, tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "UTC") };
    const clock = { label: "UTC", value: (_, value) => value === null ? "" : new Date(value * 1e3).toISOString().slice(0, 16).replace("T", " ") };
    const money = (_, values) => values.map((value) => value.toLocaleString("en"));
    place.replaceChildren();
    new uPlot({
      ...common, height: 170, axes: [time, { ...axis, size: 64, values: money }],
      series: [clock, { label: `equity, ${data.currency}`, stroke: line, width: 2 }],
    }, [data.at, data.equity], place);
    const series = [clock, { label: "drawdown, %", stroke: fall, fill: fall.replace("rgb(", "rgba(").replace(")", ", .15)"), width: 1.5 }];
    const columns = [data.at, data.drawdown];
    if (data.limit !== null) {
      series.push({ label: "allowed, %", stroke: limit, dash: [6, 4], width: 1 });
      columns.push(data.limit);
    }
    new uPlot({ ...common, height: 120, axes: [time, { ...axis, size: 64 }], series }, columns, place);
  }
  let width = 0;
  new ResizeObserver(() => { if (innerWidth !== width) { width = innerWidth; draw(); } }).observe(root);
  draw();
})();
