// Plots: lines over axes, heat maps, bars. A fragment, to be taken in after _figure.js.
//
// Colours are roles (input, state, output, gradient, plain, quiet), so that light, dark and paper follow by themselves.

/** About `count` round numbers from low to high. */
function roundTicks([low, high], count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  return ticks;
}

/** A round number with a real minus sign. */
const printed = (number) => plain(number).replace("-", "−");

/**
 * Lines, dots and areas over two axes.
 *
 * `draw({ width, x, y, series, marks })`, where x and y are `{ range: [low, high], label, ticks: [values],
 * write: (value) => text, log: true }`, and each of series is `{ points: [[x, y], …], role, name, dashed, dots, thin,
 * area }` (a point whose y is no finite number breaks the line); marks are `{ x, role, name }` (a line from top to
 * bottom) or `{ y, role, name }`.
 * `name` of a series is printed at its last point. `at(event)` gives the values of x and y under a pointer.
 */
function linePlot({ label, height = 200 }) {
  const node = svg("svg", { class: "cw-drawing cw-plot", role: "img", "aria-label": label });
  const edge = { left: 46, right: 12, top: 12, bottom: 38 };
  let scales;

  function scaleOf({ range: [low, high], log }, from, to) {
    const of = log ? Math.log10 : Number;
    const back = log ? (value) => 10 ** value : Number;
    const span = of(high) - of(low) || 1;
    return {
      to: (value) => from + ((of(value) - of(low)) / span) * (to - from),
      from: (place) => back(of(low) + ((place - from) / (to - from)) * span),
    };
  }

  function draw({ width, x, y, series = [], marks = [], right = edge.right, describe }) {
    node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    node.setAttribute("width", width);
    node.setAttribute("height", height);
    if (describe) node.setAttribute("aria-label", describe);
    const [x0, x1, y0, y1] = [edge.left, width - right, height - edge.bottom, edge.top];
    scales = [scaleOf(x, x0, x1), scaleOf(y, y0, y1)];
    const [sx, sy] = scales;
    const parts = [];
    const text = (content, attributes) => parts.push(svg("text", { class: "cw-caption", ...attributes }, ...rich(content)
      .map((part) => (part instanceof Node ? part.textContent : part))));
    const ticksOf = (axis) => axis.ticks ?? roundTicks(axis.range);
    for (const tick of ticksOf(y)) {
      parts.push(svg("line", { class: "cw-gridline", x1: x0, x2: x1, y1: sy.to(tick), y2: sy.to(tick) }));
      text((y.write ?? printed)(tick), { x: x0 - 6, y: sy.to(tick), "text-anchor": "end" });
    }
    for (const tick of ticksOf(x)) {
      parts.push(svg("line", { class: "cw-zero", x1: sx.to(tick), x2: sx.to(tick), y1: y0, y2: y0 + 4 }));
      text((x.write ?? printed)(tick), { x: sx.to(tick), y: y0 + 13, "text-anchor": "middle" });
    }
    parts.push(svg("line", { class: "cw-zero", x1: x0, x2: x1, y1: y0, y2: y0 }));
    if (x.label) text(x.label, { x: (x0 + x1) / 2, y: height - 8, "text-anchor": "middle" });
    if (y.label) text(y.label, { x: 12, y: (y0 + y1) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(y0 + y1) / 2})` });
    for (const mark of marks) {
      const place = mark.x === undefined ? { x1: x0, x2: x1, y1: sy.to(mark.y), y2: sy.to(mark.y) } : { x1: sx.to(mark.x), x2: sx.to(mark.x), y1: y0, y2: y1 };
      parts.push(svg("line", { class: `cw-mark cw-${mark.role ?? "quiet"}`, ...place }));
      if (mark.name) text(mark.name, mark.x === undefined ? { x: x1, y: place.y1 - 8, "text-anchor": "end" } : { x: place.x1 + 4, y: y1 + 5 });
    }
    for (const { points, role = "plain", name, dashed, dots, thin, area } of series) {
      const shown = points.map(([px, py]) => (Number.isFinite(py) ? [sx.to(px), Math.min(y0 + 2, Math.max(y1 - 4, sy.to(py)))] : null));
      const kind = `cw-${role}${dashed ? " is-dashed" : ""}${thin ? " is-thin" : ""}`;
      const path = shown.map((at, k) => (at ? `${k && shown[k - 1] ? "L" : "M"}${at[0].toFixed(1)} ${at[1].toFixed(1)}` : "")).join("");
      if (area) parts.push(svg("path", { class: `cw-area ${kind}`, d: `${path}Z` }));
      else if (!dots) parts.push(svg("path", { class: `cw-curve ${kind}`, d: path }));
      else parts.push(...shown.filter(Boolean).map(([cx, cy]) => svg("circle", { class: `cw-dot ${kind}`, cx, cy, r: dots === true ? 3.5 : dots })));
      const end = shown.filter(Boolean).at(-1);
      if (name && end) parts.push(svg("text", { class: `cw-weight cw-${role}`, x: end[0] + 5, y: end[1] }, name));
    }
    node.replaceChildren(...parts);
  }

  function at(event) {
    const box = node.getBoundingClientRect();
    const scale = node.viewBox.baseVal.width / box.width;
    return { x: scales[0].from((event.clientX - box.left) * scale), y: scales[1].from((event.clientY - box.top) * scale) };
  }

  return { node, draw, at };
}

/**
 * A heat map on a canvas: one column for each step, one row for each unit.
 *
 * `draw({ width, height, rows, columns, value: (row, column) => number, range, role, selected: [row, column] })`: with
 * the range [−1, 1] negative numbers take the colour of inputs and positive ones that of states; with [0, 1] all take
 * that of `role`. `onpick(row, column)` is called when a cell is clicked or touched; give the keyboard another way.
 */
function heatMap({ label, onpick }) {
  const node = element("canvas", { class: "cw-heat", role: "img", "aria-label": label });
  let size = [1, 1];
  node.addEventListener("pointerdown", (event) => {
    const box = node.getBoundingClientRect();
    const place = (at, length, count) => Math.min(count - 1, Math.max(0, Math.floor((at / length) * count)));
    onpick?.(place(event.clientY - box.top, box.height, size[0]), place(event.clientX - box.left, box.width, size[1]));
  });

  function draw({ width, height, rows, columns, value: valueAt, range: [low, high] = [-1, 1], role = "state", selected, describe }) {
    size = [rows, columns];
    if (describe) node.setAttribute("aria-label", describe);
    const dense = window.devicePixelRatio || 1;
    node.width = Math.round(width * dense);
    node.height = Math.round(height * dense);
    node.style.width = `${width}px`;
    node.style.height = `${height}px`;
    const style = getComputedStyle(node);
    const colour = (name) => style.getPropertyValue(`--cw-${name}`);
    const pen = node.getContext("2d");
    // Red, green and blue of a colour: a pen gives every colour back as #rrggbb.
    const channels = (name) => {
      pen.fillStyle = colour(name);
      return [1, 3, 5].map((at) => parseInt(pen.fillStyle.slice(at, at + 2), 16));
    };
    // A pixel a cell, enlarged: thousands of rectangles would take too long.
    const [below, above] = [channels("input"), channels(role)];
    const cells = new ImageData(columns, rows);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at += 4) {
        const number = valueAt(row, column);
        if (!Number.isFinite(number)) continue;
        cells.data.set(number < 0 ? below : above, at);
        cells.data[at + 3] = 255 * Math.min(1, Math.abs(number < 0 ? number / low : number / high));
      }
    }
    const small = new OffscreenCanvas(columns, rows);
    small.getContext("2d").putImageData(cells, 0, 0);
    pen.fillStyle = colour("panel");
    pen.fillRect(0, 0, node.width, node.height);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, node.width, node.height);
    const [wide, high_] = [node.width / columns, node.height / rows];
    if (Math.min(wide, high_) > 6 * dense) {
      for (let row = 1; row <= rows; row++) pen.fillRect(0, Math.round(row * high_) - dense, node.width, dense);
      for (let column = 1; column <= columns; column++) pen.fillRect(Math.round(column * wide) - dense, 0, dense, node.height);
    }
    if (!selected) return;
    pen.strokeStyle = colour("ink");
    pen.lineWidth = 1.5 * dense;
    const [row, column] = selected;
    if (row >= 0) pen.strokeRect(0, row * high_, node.width, high_);
    if (column >= 0) pen.strokeRect(column * wide, 0, wide, node.height);
  }

  return { node, draw };
}

/** Bars with a name and a number: `show([{ name, value: 0…1, text, role }, …])`. */
function barList(label) {
  const node = element("ul", { class: "cw-bars", "aria-label": label });
  return {
    node,
    show(items) {
      node.replaceChildren(
        ...items.map(({ name, value: share, text, role = "output" }) => {
          const bar = element("span", { class: "cw-bar-fill", "aria-hidden": "true" });
          bar.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
          return element(
            "li",
            { class: `cw-${role}` },
            element("span", { class: "cw-bar-name" }, name),
            element("span", { class: "cw-bar-track" }, bar),
            element("span", { class: "cw-bar-text" }, text),
          );
        }),
      );
    },
  };
}

/** Call `draw` when the theme changes: a canvas does not follow by itself. Returns what ends that. */
function onTheme(draw) {
  const observer = new MutationObserver(draw);
  for (const root of [document.documentElement, document.body]) {
    observer.observe(root, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light"] });
  }
  return () => observer.disconnect();
}
