"use strict";
// Equity and drawdown of a span of days, drawn as in the page's own drawing, which shows all days with one scale.
const curve = (() => {
  if (!bea) return null;
  // a page without a drawing draws nothing
  const SPACE = (document.querySelector("svg") || {}).namespaceURI;
  const LEFT = 64, POINTS = 480, DAY = 864e5, LETTER = 7.8, MONEY = { form: "money", digits: 0 };
  const iso = day => new Date(day * DAY).toISOString().slice(0, 10);
  const percent = share => bea.text({ form: "percent", digits: 1 }, share);
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 5 });
  const label = value => short.format(value).replace("K", "k").replace("-", "\u2212");

  const mark = (name, attributes, text) => {
    const node = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
    if (text) node.textContent = text;
    return node;
  };
  // money and drawdown before the first day and at the end of each day; money in minor units
  const track = ({ config, days }) => {
    const money = new Float64Array(days.count + 1).fill(0), fall = new Float64Array(days.count + 1);
    days.place.forEach((place, at) => { money[place + 1] = days.pnl[at]; });
    let peak = money[0] = days.opening;
    for (let at = 1; at <= days.count; at++) {
      money[at] += money[at - 1];
      peak = Math.max(peak, money[at]);
      fall[at] = peak > 0 ? (peak - money[at]) / peak : 0;
    }
    return { label: "#" + config, first: days.first, last: days.first + days.count, money, fall };
  };
  // the points of a track in a span, at most POINTS: each has the deepest drawdown since the point before it
  const points = (line, first, last) => {
    const from = Math.max(0, first - line.first), to = Math.min(line.money.length - 1, last - line.first);
    const step = Math.max(1, Math.ceil((to - from) / POINTS)), found = [];
    for (let at = from; at <= to; at = at < to ? Math.min(to, at + step) : to + 1) {
      const before = found.length ? found[found.length - 1].at + 1 : at;
      found.push({ at, day: line.first + at, money: line.money[at] / 100, fall: Math.max(...line.fall.subarray(before, at + 1)) });
    }
    return found;
  };
  const ticks = (low, high, about) => {
    const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map(times => times * power).find(size => size >= rough * 0.999), found = [];
    for (let at = Math.ceil(low / step - 1e-9); at <= high / step + 1e-9; at++) found.push(at * step);
    return found;
  };
  const logTicks = (low, high, about) => {
    let found = [];
    for (const steps of [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1]]) {
      found = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) found.push(...steps.map(step => step * 10 ** power));
      found = found.filter(value => value >= low && value <= high);
      if (found.length <= about + 2) break;
    }
    return found.length > 1 ? found : ticks(low, high, about).filter(value => value > 0);
  };
  // years, months or days, as many as fit
  const dates = (first, last, width) => {
    const most = Math.max(2, Math.floor((width - 70) / 74)), found = [], at = new Date(first * DAY);
    const yearly = last - first > 584, monthly = last - first > 62;
    if (!monthly) {
      const step = Math.max(1, Math.ceil((last - first) / most));
      for (let day = first; day <= last; day += step) found.push([day, iso(day).slice(5)]);
      return found;
    }
    for (let k = 1; ; k++) {
      const day = (yearly ? Date.UTC(at.getUTCFullYear() + k, 0, 1) : Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + k, 1)) / DAY;
      if (day > last) break;
      found.push([day, iso(day).slice(0, yearly ? 4 : 7)]);
    }
    const step = Math.ceil(found.length / most) || 1;
    return found.filter((_, place) => place % step === 0);
  };
  const right = (tracks, width) => width - (width > 342 ? Math.max(...tracks.map(line => line.label.length)) * LETTER + 10 : 6);

  // the fan at the ends of a span and at its own points between them: [day, 5 %, 25 %, 75 %, 95 %]
  const fan = (days, first, last) => {
    const n = days.bands[0].length - 1, at = [...Array(n + 1).keys()].map(k => days.first + Math.ceil(k * days.count / n - 1e-9));
    const value = (band, day) => {
      const next = at.findIndex(one => one >= day), before = Math.max(0, next - 1), width = at[next] - at[before];
      return (band[before] + (width ? (day - at[before]) / width : 1) * (band[next] - band[before])) / 100;
    };
    const end = Math.min(last, at[n]), inner = at.filter(day => day > first && day < end);
    return [first, ...inner, end].map(day => [day, ...days.bands.map(band => value(band, day))]);
  };
  const scale = (values, log, floor) => {
    let low = Math.min(...values), high = Math.max(...values);
    if (log) [low, high] = [Math.max(low, floor) / 1.1, Math.max(high, floor) * 1.1];
    else { const margin = (high - low) * 0.04 || 1; [low, high] = [low - margin, high + margin]; }
    const share = value => log ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
    return { low, high, to: (top, bottom) => value => bottom - Math.min(1, Math.max(0, share(value))) * (bottom - top) };
  };

  // a drawing: `span` are its first day and the day after its last one
  const draw = (days, tracks, [first, last], log, width, words) => {
    const wide = width > 342, listed = !wide && tracks.length > 1 ? 18 : 0, top = 20 + listed, upper = (wide ? 300 : 230) + listed, lower = wide ? 100 : 84;
    const end = right(tracks, width), whole = first === tracks[0].first && last >= tracks[0].last;
    const shown = tracks.map(line => points(line, first, last)), bands = fan(days, first, last);
    const money = shown.flatMap(line => line.map(point => point.money));
    const size = scale(whole ? [...money, ...bands.flatMap(band => band.slice(1))] : money, log, days.floor / 100);
    const x = day => LEFT + (day - first) / (last - first) * (end - LEFT), y = size.to(top, upper);
    const out = mark("svg", { class: `chart ${wide ? "wide" : "narrow"}`, role: "img", "aria-label": words, width, height: upper + lower + 56, viewBox: `0 0 ${width} ${upper + lower + 56}` });
    const line = (css, x1, y1, x2, y2) => out.append(mark("line", { class: css, x1, y1, x2, y2 }));
    const text = (at, height, words, css, anchor = "start") => out.append(mark("text", { class: css, x: at, y: height, "text-anchor": anchor }, words));
    const round = pairs => pairs.map(pair => pair.map(value => value.toFixed(1)).join()).join(" ");
    const path = (pairs, css) => out.append(mark("polyline", { class: css, points: round(pairs) }));
    const area = (pairs, css) => out.append(mark("polygon", { class: css, points: round(pairs) }));

    const named = dates(first, last, width);
    for (const [day] of named) { line("grid", x(day), top, x(day), upper); line("grid", x(day), upper + 34, x(day), upper + lower + 30); }
    text(0, 11, "equity, money" + (log ? ", log scale" : ""), "muted");
    for (const value of (log ? logTicks : ticks)(size.low, size.high, 6)) { line("grid", 58, y(value), end, y(value)); text(52, y(value) + 4.5, label(value), "muted", "end"); }
    const opening = days.opening / 100;
    if (opening >= size.low && opening <= size.high) line("zero", 58, y(opening), end, y(opening));
    for (const [low, high, css] of [[1, 4, "fan90"], [2, 3, "fan50"]]) area([...bands.map(band => [x(band[0]), y(band[high])]), ...bands.map(band => [x(band[0]), y(band[low])]).reverse()], css);
    if (listed) tracks.reduce((at, one, place) => { text(at, 29, one.label, `t${place + 1}`); return at + one.label.length * LETTER + 14; }, LEFT);

    const deepest = Math.max(0.01, ...shown.flatMap(found => found.map(point => point.fall)));
    const depth = fall => upper + 34 + fall / deepest * (lower - 8);
    text(0, upper + 22, "drawdown, % of the peak", "muted");
    for (const fall of ticks(0, deepest, 3)) { line(fall ? "grid" : "zero", 58, depth(fall), end, depth(fall)); text(52, depth(fall) + 4.5, label(-Math.round(fall * 1e4) / 100) + "%", "muted", "end"); }
    const main = shown[0];
    area([[x(main[0].day), depth(0)], ...main.map(point => [x(point.day), depth(point.fall)]), [x(main[main.length - 1].day), depth(0)]], "under");
    let free = -Infinity;
    const ends = shown.map((found, place) => [place, found.length ? y(found[found.length - 1].money) : 0]).sort((a, b) => a[1] - b[1]);
    for (const [place, height] of ends) { free = Math.max(height, free + 16); if (wide && shown[place].length) text(end + 6, free + 4.5, tracks[place].label, `t${place + 1} halo`); }
    shown.map((found, place) => [found, place]).reverse().forEach(([found, place]) => {
      path(found.map(point => [x(point.day), y(point.money)]), `series s${place + 1} dashed`);
      path(found.map(point => [x(point.day), depth(point.fall)]), `series s${place + 1} thin dashed`);
    });
    for (const [day, words] of named) text(x(day), upper + lower + 50, words, "muted", x(day) > end - 16 && !wide ? "end" : "middle");
    const step = Math.max(1, Math.floor(main.length / 80));
    for (let at = step; at < main.length; at += step) {
      const from = x(main[at - step].day), point = main[at];
      out.append(mark("rect", { class: "hit", x: from, y: 20, width: x(point.day) - from, height: upper + lower, "data-tip": `${iso(point.day - 1)}: ${bea.text(MONEY, tracks[0].money[point.at])}, drawdown ${percent(point.fall)}` }));
    }
    return out;
  };
  return { LEFT, draw, iso, mark, percent, points, right, track, money: minor => bea.text(MONEY, minor) };
})();
