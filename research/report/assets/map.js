"use strict";
// The parameter map: one measure over two parameters; sliders hold the others.
(() => {
  if (!bea || !document.getElementById("map")) return;
  const byId = id => document.getElementById(id), { make } = bea;
  const box = byId("map"), fewest = Number(box.dataset.fewest), answer = byId("map-answer"), rest = byId("map-rest");
  const picks = { x: byId("map-x"), y: byId("map-y"), measure: byId("map-measure") };
  const parameters = bea.parameters.filter(parameter => new Set(parameter.data).size > 1);
  const measures = bea.measures.filter(measure => ["yield", "roi", "pnl_minor", "clv_mean", "max_drawdown_frac", "n_bets"].includes(measure.name));
  const bets = bea.measures.find(measure => measure.name === "n_bets");
  const levels = parameters.map(parameter => [...new Set(parameter.data)].sort((a, b) => a - b));
  let here = bea.rowOf.get(bea.selected[0]) ?? 0;
  let held = parameters.map(parameter => parameter.data[here]);

  const lookup = new Map();
  for (let row = bea.rows - 1; row >= 0; row--) lookup.set(parameters.map(parameter => parameter.data[row]).join(), row);
  const rowAt = place => lookup.get(place.join());

  // how many values of a parameter were run with all other parameters as in the selected configuration
  const reach = parameters.map((_, at) => levels[at].filter(value => rowAt(held.map((old, k) => k === at ? value : old)) !== undefined).length);
  const axes = parameters.map((_, at) => at).sort((a, b) => reach[b] - reach[a] || Boolean(parameters[b].values.length) - Boolean(parameters[a].values.length) || a - b);
  parameters.forEach((parameter, at) => { for (const name of ["x", "y"]) picks[name].append(new Option(parameter.key, String(at))); });
  measures.forEach((measure, at) => picks.measure.append(new Option(measure.head, String(at))));
  picks.x.value = String(axes[0]);
  picks.y.value = String(axes[1]);
  const start = measures.findIndex(measure => measure.name === bea.order);
  picks.measure.value = String(start < 0 ? 0 : start);

  // the nearest configuration that was run with this value: other parameters change only where they must
  const settle = (at, value) => {
    let best = -1, most = -1;
    for (let row = 0; row < bea.rows; row++) {
      if (parameters[at].data[row] !== value) continue;
      const same = parameters.reduce((sum, parameter, k) => sum + (parameter.data[row] === held[k]), 0);
      if (same > most) { most = same; best = row; }
    }
    if (best >= 0) held = parameters.map(parameter => parameter.data[best]);
  };
  const sliders = () => {
    const active = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.at : undefined;
    rest.replaceChildren(...parameters.flatMap((parameter, at) => {
      if (String(at) === picks.x.value || String(at) === picks.y.value) return [];
      const label = document.createElement("label"), words = document.createElement("span");
      const slider = document.createElement("input"), value = document.createElement("output");
      words.append(parameter.head + " ", value);
      words.title = parameter.key;
      slider.type = "range";
      slider.min = "0";
      slider.max = String(levels[at].length - 1);
      slider.step = "1";
      slider.value = String(levels[at].indexOf(held[at]));
      slider.dataset.at = String(at);
      slider.setAttribute("aria-valuetext", parameter.texts[held[at]]);
      value.textContent = parameter.texts[held[at]];
      slider.addEventListener("input", () => { settle(at, levels[at][Number(slider.value)]); update(); });
      label.append(words, slider);
      return [label];
    }));
    const again = active === undefined ? null : rest.querySelector(`[data-at="${active}"]`);
    if (again) again.focus();
  };
  const grid = (x, y, measure) => {
    const at = (i, j) => rowAt(held.map((old, k) => k === x ? i : k === y ? j : old));
    const full = { x: levels[x].filter(i => levels[y].some(j => at(i, j) !== undefined)), y: levels[y].filter(j => levels[x].some(i => at(i, j) !== undefined)) };
    let most = 0;
    for (const i of full.x) for (const j of full.y) { const row = at(i, j); if (row !== undefined && Number.isFinite(measure.data[row])) most = Math.max(most, Math.abs(measure.data[row])); }
    return { at, full, most };
  };
  // neighbours of the selected configuration: the adjacent values along a number, every other value along a text
  const neighbours = (x, y, at, full) => [[x, full.x], [y, full.y]].flatMap(([axis, values]) => {
    const place = values.indexOf(parameters[axis].data[here]), ordered = parameters[axis].values.length > 0;
    return values.filter((_, other) => other !== place && (!ordered || Math.abs(other - place) === 1)).map(value =>
      axis === x ? at(value, parameters[y].data[here]) : at(parameters[x].data[here], value));
  }).filter(row => row !== undefined);
  // a plateau: at least half of the neighbours are within one standard error; a peak: all others are worse
  const shape = (rows, measure, se, target) => {
    const known = rows.filter(row => Number.isFinite(measure.data[row]));
    const near = known.filter(row => Math.abs(measure.data[row] - target) <= se).length;
    const better = known.filter(row => measure.higher_is_better ? measure.data[row] > target + se : measure.data[row] < target - se).length;
    const name = `The selected #${bea.config[here]} (●)`, error = bea.text(measure, se, 1);
    const within = `of its ${known.length} neighbours ${near === 1 ? "is" : "are"} within one standard error (${error})`;
    if (!known.length) return `${name} has no neighbour on this map; its standard error is ${error}.`;
    if (2 * near >= known.length) return `${name} is on a plateau: ${near} ${within}.`;
    if (better) return `${name} is on a slope: ${near} ${within}, and ${better} ${better === 1 ? "is" : "are"} better by more than that.`;
    return `${name} is a peak: ${near ? near : "none"} ${within}, and the others are worse.`;
  };
  const update = () => {
    let x = Number(picks.x.value), y = Number(picks.y.value);
    const measure = measures[Number(picks.measure.value)], signed = ["yield", "roi", "pnl_minor", "clv_mean"].includes(measure.name);
    const { at, full, most } = grid(x, y, measure);
    const se = bea.se[measure.name], target = measure.data[here];
    let plateau = 0, cells = 0, top = -1;
    const table = document.createElement("table"), head = table.createTHead();
    const upper = head.insertRow(), lower = head.insertRow();
    const across = make("th", "axis", parameters[x].key + " →");
    across.colSpan = full.x.length;
    upper.append(make("th", "axis", parameters[y].key + " ↓"), across);
    lower.append(make("th", "", ""), ...full.x.map(i => { const cell = make("th", "", parameters[x].texts[i]); cell.scope = "col"; return cell; }));
    const body = table.createTBody();
    for (const j of full.y) {
      const line = body.insertRow(), name = make("th", "", parameters[y].texts[j]);
      name.scope = "row";
      line.append(name);
      for (const i of full.x) {
        const row = at(i, j), idle = row !== undefined && bets && bets !== measure && !bets.data[row];
        const value = row === undefined || idle ? NaN : measure.data[row];
        if (!Number.isFinite(value)) { line.append(make("td", "none", row === undefined ? "not run" : "no bets")); continue; }
        cells++;
        const step = most ? Math.ceil(Math.abs(value) / most * 5 - 1e-9) : 0;
        const cell = make("td", `k${step} ${signed && value < 0 ? "loss" : "gain"}`, bea.shown(measure, value));
        const near = se !== undefined && Math.abs(value - target) <= se;
        if (near && row !== here) { cell.classList.add("plateau"); plateau++; }
        if (row === here) { cell.classList.add("here"); cell.textContent = "● " + cell.textContent; }
        if (bets && bets.data[row] < fewest) cell.classList.add("few");
        cell.dataset.tip = `#${bea.config[row]}: ${parameters[x].key} ${parameters[x].texts[i]}, ${parameters[y].key} ${parameters[y].texts[j]}: ${measure.label} ${bea.text(measure, value)}` + (bets ? `, ${bea.number(bets.data[row], 0)} bets` : "");
        if (top < 0 || (measure.higher_is_better ? value > measure.data[top] : value < measure.data[top])) top = row;
        line.append(cell);
      }
    }
    box.replaceChildren(table);
    const visible = full.x.includes(parameters[x].data[here]) && full.y.includes(parameters[y].data[here]) && at(parameters[x].data[here], parameters[y].data[here]) === here;
    let words = top < 0 ? "No configuration on this map placed a bet." : `Of ${cells} configurations on this map, #${bea.config[top]} has the ${measure.higher_is_better ? "highest" : "lowest"} ${measure.label}: ${bea.text(measure, measure.data[top])}.`;
    if (se !== undefined && visible) {
      words += ` ${shape(neighbours(x, y, at, full), measure, se, target)}`;
      if (plateau) words += ` Dashed: ${plateau} of the other ${cells - 1} on this map, all within one standard error.`;
    }
    else if (visible) words += ` Selected: #${bea.config[here]} (●).`;
    else words += ` The selected #${bea.config[here]} is not on this map.`;
    answer.textContent = words;
    sliders();
  };
  const swap = (moved, other) => () => {
    if (picks.x.value === picks.y.value) {
      const free = axes.find(at => String(at) !== picks[moved].value);
      picks[other].value = String(free);
    }
    update();
  };
  picks.x.addEventListener("change", swap("x", "y"));
  picks.y.addEventListener("change", swap("y", "x"));
  picks.measure.addEventListener("change", update);
  byId("map-back").addEventListener("click", () => { held = parameters.map(parameter => parameter.data[here]); update(); });
  document.addEventListener("configuration", event => {
    const row = bea.rowOf.get(event.detail);
    if (row !== undefined) { held = parameters.map(parameter => parameter.data[row]); update(); }
    const show = byId("show-command");
    if (show) show.textContent = show.dataset.start + "#" + event.detail;
  });
  update();
})();
