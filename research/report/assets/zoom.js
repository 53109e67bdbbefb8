"use strict";
// Zoom and scale of equity: a span of days, picked by dragging or by two dates, for the drawing and for the table of bets.
(() => {
  if (!curve) return;
  const DAY = 864e5, { iso, make } = { ...curve, ...bea };
  const LOG = " Logarithmic scale: equal distances are equal factors.", DRAG = 6;

  const prepare = sheet => {
    const holder = document.querySelector(`.sheet[data-config="${sheet.config}"]`);
    const figure = holder && holder.querySelector('[data-figure=equity]') || bea.sheets.length === 1 && document.querySelector('#headline [data-figure=equity]');
    if (!holder || !figure || !sheet.days) return;
    const drawn = figure.querySelector(".drawn"), note = figure.querySelector(".note"), originals = [...drawn.querySelectorAll("svg")], words = note.textContent;
    const others = sheet.others.map(label => bea.sheets.find(one => "#" + one.config === label)).filter(one => one && one.days);
    const tracks = [sheet, ...others].map(curve.track), main = tracks[0];
    const all = [main.first, Math.max(...tracks.map(line => line.last))];
    // a logarithmic scale ends at half of the least money of the lines, and has no place for next to nothing
    const least = Math.min(...tracks.map(line => line.money.reduce((low, money) => Math.min(low, money))));
    const days = { ...sheet.days, floor: Math.max(sheet.days.floor, least / 2) };
    const below = Math.min(least, ...days.bands[0]) < days.floor ? ` What is below ${curve.money(days.floor)} stands at the lower edge.` : "";
    let span = all, log = days.log;

    const bar = make("div", "controls", ""), said = make("span", "count", "");
    const field = name => {
      const label = make("label", "", name), input = document.createElement("input");
      input.type = "date";
      [input.min, input.max] = [iso(main.first), iso(main.last - 1)];
      input.addEventListener("change", pick);
      label.append(input);
      bar.append(label);
      return input;
    };
    const button = pressed => {
      const press = make("button", "", "");
      press.type = "button";
      press.addEventListener("click", pressed);
      bar.append(press);
      return press;
    };
    const sentence = () => {
      const found = curve.points(main, ...span), [before, after] = [found[0], found[found.length - 1]];
      const deepest = Math.max(...found.map(point => point.fall));
      return `${iso(span[0])} to ${iso(span[1] - 1)}: from ${curve.money(main.money[before.at])} to ${curve.money(main.money[after.at])}, drawdown up to ${curve.percent(deepest)}.`;
    };
    const update = () => {
      const zoomed = span !== all, plain = !zoomed && log === days.log;
      const title = zoomed ? sentence() : originals[0].getAttribute("aria-label");
      for (const svg of drawn.querySelectorAll("svg")) svg.remove();
      drawn.append(...plain ? originals : [1088, 342].map(width => curve.draw(days, tracks, span, log, width, title)));
      if (log === days.log) note.textContent = words;
      else note.textContent = log ? words.replace(" Days roll", LOG + below + " Days roll") : words.replace(/ Logarithmic scale:.*?(?= Days roll)/, "");
      const [from, to] = [iso(span[0]), iso(Math.min(span[1], main.last) - 1)];
      if (first.value !== from) first.value = from;
      if (last.value !== to) last.value = to;
      whole.hidden = !zoomed;
      scale.textContent = log ? "Linear scale" : "Log scale";
      said.textContent = zoomed ? title : "Drag over the drawing, or pick two dates, to zoom in.";
    };
    const zoom = wanted => {
      span = wanted;
      update();
      holder.dispatchEvent(new CustomEvent("span", { detail: span === all ? null : [span[0], span[1] - 1] }));
    };
    const pick = () => {
      const [from, to] = [first, last].map(input => Date.parse(input.value) / DAY);
      if (!first.validity.valid || !last.validity.valid || Number.isNaN(from + to)) return;
      if (from > to) said.textContent = "The first date is after the last one.";
      else zoom(from === main.first && to === main.last - 1 ? all : [from, to + 1]);
    };
    const first = field("From"), last = field("To");
    const whole = button(() => { zoom(all); scale.focus(); }), scale = button(() => { log = !log; update(); });
    whole.textContent = "Show all days";
    said.setAttribute("role", "status");
    bar.append(said);
    drawn.prepend(bar);
    figure.classList.add("zoomed");

    // a drag: the drawing, the day and the place where it began, and the mark over the days so far
    let drag = null;
    const dayAt = (svg, event) => {
      const box = svg.getBoundingClientRect(), width = svg.viewBox.baseVal.width, end = curve.right(tracks, width);
      const share = ((event.clientX - box.left) / box.width * width - curve.LEFT) / (end - curve.LEFT);
      return Math.min(main.last, span[0] + Math.min(1, Math.max(0, share)) * (span[1] - span[0]));
    };
    const stop = () => {
      if (drag) drag.box.remove();
      drag = null;
    };
    drawn.addEventListener("pointerdown", event => {
      const svg = event.target.closest("svg.chart");
      if (!svg || event.button || !event.isPrimary) return;
      stop();
      drag = { svg, day: dayAt(svg, event), at: event.clientX, box: curve.mark("rect", { class: "span", y: 20, height: svg.viewBox.baseVal.height - 46 }) };
      svg.setPointerCapture(event.pointerId);
    });
    drawn.addEventListener("pointermove", event => {
      if (!drag) return;
      const width = curve.right(tracks, drag.svg.viewBox.baseVal.width) - curve.LEFT;
      const [from, to] = [drag.day, dayAt(drag.svg, event)].sort((a, b) => a - b).map(day => curve.LEFT + (day - span[0]) / (span[1] - span[0]) * width);
      drag.box.setAttribute("x", String(from));
      drag.box.setAttribute("width", String(to - from));
      drag.svg.append(drag.box);
    });
    drawn.addEventListener("pointerup", event => {
      if (!drag) return;
      const far = Math.abs(event.clientX - drag.at) >= DRAG, [from, to] = [drag.day, dayAt(drag.svg, event)].sort((a, b) => a - b);
      stop();
      const start = Math.min(Math.floor(from), main.last - 1);
      if (far) zoom([start, Math.max(start + 1, Math.ceil(to))]);
    });
    drawn.addEventListener("pointercancel", stop);
    document.addEventListener("keydown", event => {
      if (event.key !== "Escape" || event.target.type === "search") return;
      if (drag) stop();
      else if (span !== all) zoom(all);
    });
    update();
  };
  bea.sheets.forEach(prepare);
})();
