//#include _figure.js

// A network of one unit, unrolled: h_t = tanh(w_x x_t + w_h h_{t−1} + b), and L = ½ (h_T − target)² at the end.
// The figure has a position: 0 before the first step, T after the last one, 2T when the gradient is back at step 1.

const PACE = 1000; // milliseconds a step, while it runs by itself

/** One run, forward and back. Index t is step t; index 0 is what was before the first step. */
function compute({ inputs, w_x, w_h, b, h_0, target }) {
  const last = inputs.length;
  const x = [NaN, ...inputs];
  const h = [h_0];
  const sums = [NaN];
  for (let t = 1; t <= last; t++) {
    sums[t] = w_x * x[t] + w_h * h[t - 1] + b;
    h[t] = Math.tanh(sums[t]);
  }
  const d_h = [];
  const parts = []; // what each step adds to dL/dw_h
  let d = h[last] - target;
  for (let t = last; t >= 1; t--) {
    d_h[t] = d;
    const d_sum = d * (1 - h[t] ** 2);
    parts[t] = d_sum * h[t - 1];
    d = d_sum * w_h;
  }
  return { last, x, h, sums, d_h, parts, sum: parts.reduce((a, c) => a + c, 0), loss: 0.5 * d_h[last] ** 2 };
}

/** Where the figure stands: the step it has just gone, forward (`reads`) or back (`returns`); 0 for none. */
function placeOf(position, last) {
  const at = Math.min(position, 2 * last);
  const back = Math.max(0, at - last);
  return {
    at,
    forward: Math.min(at, last), // states known up to here
    returned: last - back + 1, // gradients known from here
    reads: at <= last ? at : 0,
    returns: back ? last - back + 1 : 0,
    isOver: at === 2 * last,
  };
}

const SAME = 1e-9;

/** What to ask before the next step, and the answer; after the last one there is nothing to choose. */
function questionAt(run, place) {
  const { last, h, d_h } = run;
  const pick = (difference, more, less) => (Math.abs(difference) < SAME ? "the same" : difference > 0 ? more : less);
  if (place.isOver) return { text: "That was the last step. Move w_h and watch the loss L.", options: [] };
  if (place.at < last) {
    const t = place.at + 1;
    return {
      text: `Before you step: will h_${t} be larger or smaller than h_${t - 1}?`,
      options: ["larger", "smaller"],
      answer: pick(h[t] - h[t - 1], "larger", "smaller"),
    };
  }
  if (place.at === last) {
    return {
      text: `Now back. Before you step: will dL/dh_${last} be positive or negative?`,
      options: ["positive", "negative"],
      answer: pick(d_h[last], "positive", "negative"),
    };
  }
  const s = place.returns - 1;
  return {
    text: `Before you step: in size, will dL/dh_${s} be larger or smaller than dL/dh_${s + 1}?`,
    options: ["larger", "smaller"],
    answer: pick(Math.abs(d_h[s]) - Math.abs(d_h[s + 1]), "larger", "smaller"),
  };
}

/** What the step to this place did, in one sentence or two. */
function sentenceAt(run, place) {
  const { last, x, h, d_h, parts, sum, loss } = run;
  if (place.at === 0) return `Nothing has been read yet. The state starts at h_0 = ${fixed(h[0])}.`;
  if (place.reads) {
    const t = place.reads;
    const told = `Step ${t} read x_${t} = ${fixed(x[t])}: the state went from ${fixed(h[t - 1])} to h_${t} = ${fixed(h[t])}.`;
    return t < last ? told : `${told} That is the answer; its loss is L = ${fixed(loss, 3)}.`;
  }
  const s = place.returns;
  const slope = d_h[s];
  const wanted = (number) => (number < 0 ? "larger" : "smaller");
  let told;
  if (s === last) {
    const meaning = slope === 0 ? `h_${s} is where it should be` : `a ${wanted(slope)} h_${s} would lower the loss`;
    told = `dL/dh_${s} = ${tiny(slope)}: ${meaning}.`;
  } else {
    const share = d_h[s + 1] === 0 ? "" : `, ${fixed(Math.abs(slope / d_h[s + 1]))} times the size of dL/dh_${s + 1}`;
    told = `One step back: dL/dh_${s} = ${tiny(slope)}${share}.`;
  }
  told += ` Step ${s} adds ${tiny(parts[s])} to dL/dw_h.`;
  if (s > 1) return told;
  const advice = sum === 0 ? "w_h makes no difference here" : `a ${wanted(sum)} w_h lowers the loss`;
  return `${told} All steps together: dL/dw_h = ${tiny(sum)}, so ${advice}.`;
}

// The formula of the step, in symbols and then in numbers.

const inBrackets = (number, digits) => (Number(number.toFixed(digits)) < 0 ? `(${fixed(number, digits)})` : fixed(number, digits));

/** One line of the formula; what stands in an array of its own is never broken. */
function line(left, ...rows) {
  const node = element("div", { class: "cw-line" }, element("span", { class: "cw-left" }, ...left));
  const right = element("span", { class: "cw-right" });
  for (const row of rows) {
    const shown = element("span", { class: "cw-equal" }, "= ");
    for (const piece of row) {
      if (Array.isArray(piece)) shown.append(element("span", { class: "cw-piece" }, ...piece), element("wbr"));
      else shown.append(piece);
    }
    right.append(shown);
  }
  node.append(right);
  return node;
}

/** A line for the whole width, where others may stand side by side. */
function wideLine(...content) {
  const node = line(...content);
  node.classList.add("is-wide");
  return node;
}

function formulaAt(run, state, place) {
  const { last, x, h, sums, d_h, parts, sum, loss } = run;
  const { w_x, w_h, b, target } = state;
  if (place.at === 0) {
    return [
      line(
        [symbol("h_t")],
        ["tanh(", [symbol("w_x"), " ", symbol("x_t"), " + "], [symbol("w_h"), " ", symbol("h_t−1"), " + "], [element("i", {}, "b"), ")"]],
      ),
      element("p", { class: "cw-note" }, "The same formula with the same three weights, at every step."),
    ];
  }
  if (place.reads) {
    const t = place.reads;
    const lines = [
      wideLine(
        [symbol(`h_${t}`)],
        ["tanh(", [symbol("w_x"), " ", symbol(`x_${t}`), " + "], [symbol("w_h"), " ", symbol(`h_${t - 1}`), " + "], [element("i", {}, "b"), ")"]],
        [
          "tanh(",
          [value("input", fixed(w_x)), " · ", value("input", inBrackets(x[t], 2)), " + "],
          [value("state", inBrackets(w_h, 2)), " · ", value("state", inBrackets(h[t - 1], 2)), " + "],
          [value("plain", inBrackets(b, 2)), ") "],
          [`= tanh(${fixed(sums[t])}) `],
          ["= ", value("state", fixed(h[t]))],
        ],
      ),
    ];
    if (t === last) {
      lines.push(
        wideLine(
          [symbol("L")],
          [
            ["½ (", symbol(`h_${t}`), " − ", symbol("target"), ")² "],
            ["= ½ (", value("state", fixed(h[t])), " − ", value("output", inBrackets(target, 2)), ")² "],
            ["= ", value("output", fixed(loss, 3))],
          ],
        ),
      );
    }
    return lines;
  }
  const s = place.returns;
  const lines = [];
  if (s === last) {
    lines.push(
      line(
        [symbol(`dL/dh_${s}`)],
        [[symbol(`h_${s}`), " − ", symbol("target")]],
        [[value("state", fixed(h[s])), " − ", value("output", inBrackets(target, 2)), " "], ["= ", value("gradient", tiny(d_h[s]))]],
      ),
    );
  } else {
    lines.push(
      line(
        [symbol(`dL/dh_${s}`)],
        [[symbol(`dL/dh_${s + 1}`), " · "], ["(1 − ", symbol(`h_${s + 1}`), "²) · "], symbol("w_h")],
        [
          [value("gradient", tiny(d_h[s + 1])), " · "],
          [value("state", fixed(1 - h[s + 1] ** 2)), " · "],
          [value("state", inBrackets(w_h, 2)), " "],
          ["= ", value("gradient", tiny(d_h[s]))],
        ],
      ),
    );
  }
  lines.push(
    line(
      ["adds"],
      [[symbol(`dL/dh_${s}`), " · "], ["(1 − ", symbol(`h_${s}`), "²) · "], symbol(`h_${s - 1}`)],
      [
        [value("gradient", tiny(d_h[s])), " · "],
        [value("state", fixed(1 - h[s] ** 2)), " · "],
        [value("state", inBrackets(h[s - 1], 2)), " "],
        ["= ", value("gradient", tiny(parts[s]))],
      ],
    ),
  );
  if (s === 1) {
    const terms = parts.slice(1).map((part, index) => {
      const text = tiny(part);
      if (index === 0) return [value("gradient", text), " "];
      return [text.startsWith("−") ? "− " : "+ ", value("gradient", text.replace("−", "")), " "];
    });
    lines.push(wideLine([symbol("dL/dw_h")], [...terms, ["= ", value("gradient", tiny(sum))]]));
  }
  return lines;
}

// The drawing. Time runs to the right where there is room, and down the page where there is not.

const LEAST_COLUMN = 64; // less, and time runs down the page
const ROOMY_COLUMN = 96; // less, and an arrow has room for its weight's name only

/** Text of a symbol inside the drawing. */
function drawnSymbol(name) {
  const [letter, index] = name.split("_");
  const parts = [svg("tspan", { "font-style": "italic" }, letter)];
  if (index) parts.push(svg("tspan", { dy: "0.3em", "font-size": "75%" }, index));
  return parts;
}

function createDrawing(onGlow) {
  const node = svg("svg", { class: "cw-drawing", role: "img" });
  let laidOut = "";
  let roomy = true;
  let parts;

  /** Make all shapes for this many steps in this width; `show` then only changes their texts and classes. */
  function layOut(width, last) {
    const column = (width - 8) / (last + 2);
    const across = column >= LEAST_COLUMN;
    roomy = !across || column >= ROOMY_COLUMN;
    node.classList.toggle("is-narrow", !roomy);
    const size = across ? [roomy ? Math.min(74, column - 44) : column - 22, 44] : [58, 40]; // of a box
    const half = size.map((length) => length / 2);
    const along = (index) => (across ? 4 + column * (index + 0.5) : 28 + 78 * index);
    const lanes = across
      ? { state: 94, input: 182, part: 246 }
      : { state: Math.max(148, 0.4 * width), input: 36, part: width - 36 };
    const height = across ? 274 : along(last + 1) + 40;
    const at = (index, lane) => (across ? [along(index), lanes[lane]] : [lanes[lane], along(index)]);
    // The gradient's arrows leave the row of states upwards, or to the right.
    const outwards = across ? [0, -1] : [1, 0];

    const layers = { edges: svg("g"), boxes: svg("g"), gradients: svg("g") };
    node.replaceChildren(layers.edges, layers.gradients, layers.boxes);
    node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    node.setAttribute("width", width);
    node.setAttribute("height", height);

    function head([x, y], [dx, dy], long) {
      const wide = long * 0.42;
      const points = [
        [x, y],
        [x - dx * long - dy * wide, y - dy * long + dx * wide],
        [x - dx * long + dy * wide, y - dy * long - dx * wide],
      ];
      return svg("polygon", { class: "cw-head", points: points.map((point) => point.join(",")).join(" ") });
    }

    function edge(from, to, role, weight) {
      const direction = [Math.sign(to[0] - from[0]), Math.sign(to[1] - from[1])];
      const [dx, dy] = direction;
      const start = [from[0] + dx * half[0], from[1] + dy * half[1]];
      const end = [to[0] - dx * (half[0] + 2), to[1] - dy * (half[1] + 2)];
      const shape = { x1: start[0], y1: start[1], x2: end[0] - dx * 8, y2: end[1] - dy * 8 };
      const group = svg(
        "g",
        { class: `cw-edge cw-${role}`, "data-weight": weight },
        svg("line", { class: "cw-halo", ...shape }),
        svg("line", { class: "cw-wire", ...shape }),
        head(end, direction, 9),
      );
      const label = svg("text", { class: "cw-weight" });
      const [x, y] = start.map((from, axis) => (from + end[axis]) / 2);
      if (dx) fill(label, { x: x - 3, y: y - 9, "text-anchor": "middle" }, []);
      else if (across) fill(label, { x: x + 8, y }, []);
      else fill(label, { x: x - 8, y, "text-anchor": "end" }, []);
      if (weight) {
        group.append(label);
        group.addEventListener("pointerenter", () => onGlow(weight));
        group.addEventListener("pointerleave", () => onGlow(""));
      }
      layers.edges.append(group);
      return { group, label };
    }

    function box([x, y], name, role, weight) {
      const shape = { x: x - half[0], y: y - half[1], width: size[0], height: size[1], rx: 8 };
      const tint = svg("rect", { class: "cw-tint", ...shape });
      const text = svg("text", { class: "cw-number", x, y: y + 9, "text-anchor": "middle" });
      const group = svg(
        "g",
        { class: `cw-box cw-${role}`, "data-weight": weight },
        svg("rect", { class: "cw-halo", ...shape }),
        svg("rect", { class: "cw-paper", ...shape }),
        tint,
        svg("text", { class: "cw-name", x, y: y - 10, "text-anchor": "middle" }, ...drawnSymbol(name)),
        text,
      );
      layers.boxes.append(group);
      return {
        group,
        show(number, { known = true, current = false, digits = 2, tinted = false } = {}) {
          text.textContent = known ? fixed(number, digits) : "?";
          group.classList.toggle("is-unknown", !known);
          group.classList.toggle("is-current", current);
          tint.setAttribute("class", `cw-tint ${number < 0 ? "is-negative" : ""}`);
          tint.style.opacity = known && tinted ? 0.32 * Math.min(1, Math.abs(number)) : 0;
        },
      };
    }

    /** The gradient that arrives at the state of this step, from the next one. */
    function gradient(index) {
      const [ox, oy] = outwards;
      const place = (step, shift, out) => {
        const [x, y] = at(step, "state");
        return across ? [x + shift, y + oy * (half[1] + out)] : [x + ox * (half[0] + out), y + shift];
      };
      const [startShift, endShift, bulge] = [-9, 9, across ? 36 : 34];
      const path = svg("path", { class: "cw-arc" });
      const tip = svg("g");
      const label = svg("text", { class: "cw-flow", "text-anchor": across ? "middle" : "start" });
      const group = svg("g", { class: "cw-gradient" }, path, tip, label);
      layers.gradients.append(group);
      return {
        group,
        show(number, share) {
          const thick = 1.5 + 5.5 * share;
          const long = 8 + 1.3 * thick;
          const middle = (startShift + endShift) / 2;
          const from = place(index + 1, startShift + middle, 3);
          const to = place(index, endShift + middle, 2 + 0.8 * long);
          const controls = [place(index + 1, startShift, bulge + 6), place(index, endShift, bulge + 10)];
          path.setAttribute("d", `M${from} C${controls[0]} ${controls[1]} ${to}`);
          path.style.strokeWidth = thick;
          tip.replaceChildren(head(place(index, endShift + middle, 2), [-ox, -oy], long));
          const above = across ? 7 : 3;
          const [x, y] = place(index + 0.5, 0, bulge + thick / 2 + above);
          label.setAttribute("x", x);
          label.setAttribute("y", y);
          label.textContent = tiny(number);
        },
      };
    }

    /** What a step adds to dL/dw_h: a number, and a bar to the left or to the right. */
    function part(index) {
      const [x, y] = at(index, "part");
      const text = svg("text", { class: "cw-flow", x, y, "text-anchor": "middle" });
      const bar = svg("rect", { class: "cw-bar", y: y + 10, height: 6, rx: 1 });
      const zero = svg("line", { class: "cw-zero", x1: x, x2: x, y1: y + 7, y2: y + 19 });
      const group = svg("g", { class: "cw-gradient" }, zero, bar, text);
      layers.gradients.append(group);
      return {
        group,
        show(number, share) {
          const long = 0.46 * size[0] * share;
          bar.setAttribute("x", number < 0 ? x - long : x);
          bar.setAttribute("width", long);
          text.textContent = signed(number);
        },
      };
    }

    function caption(index, lane, ...lines) {
      const [x, y] = at(index, lane);
      const first = y - 8 * (lines.length - 1);
      const texts = lines.map((content, row) =>
        svg("text", { class: "cw-caption", x, y: first + 16 * row, "text-anchor": "middle" }, ...[content].flat()),
      );
      layers.boxes.append(...texts);
    }

    const steps = Array.from({ length: last }, (_, index) => index + 1);
    const byStep = (make) => [undefined, ...steps.map(make)];
    parts = {
      w_h: byStep((t) => edge(at(t - 1, "state"), at(t, "state"), "state", "w_h")),
      w_x: byStep((t) => edge(at(t, "input"), at(t, "state"), "input", "w_x")),
      toLoss: edge(at(last, "state"), at(last + 1, "state"), "quiet"),
      fromTarget: edge(at(last + 1, "input"), at(last + 1, "state"), "quiet"),
      h: [0, ...steps].map((t) => box(at(t, "state"), `h_${t}`, "state", t ? "b" : undefined)),
      x: byStep((t) => box(at(t, "input"), `x_${t}`, "input")),
      loss: box(at(last + 1, "state"), "L", "output"),
      target: box(at(last + 1, "input"), "target", "output"),
      d_h: byStep(gradient),
      part: byStep(part),
      sum: part(last + 1),
    };
    caption(0, "input", "reads");
    caption(0, "part", "adds to", drawnSymbol("dL/dw_h"));
    const [sumX, sumY] = at(last + 1, "part");
    parts.sum.group.append(svg("text", { class: "cw-flow", x: sumX, y: sumY - 16, "text-anchor": "middle" }, "sum"));
  }

  function show(run, state, place, width) {
    const { last, x, h, d_h, loss } = run;
    const wanted = `${Math.round(width)} ${last}`;
    if (wanted !== laidOut) layOut(Math.round(width), last);
    laidOut = wanted;

    const largest = Math.max(...d_h.slice(1).map(Math.abs), SAME);
    const largestPart = Math.max(...run.parts.slice(1).map(Math.abs), Math.abs(run.sum), SAME);
    parts.h[0].show(h[0], { tinted: true, current: place.at === 0 });
    for (let t = 1; t <= last; t++) {
      const known = t <= place.forward;
      const isBack = t >= place.returned;
      parts.h[t].show(h[t], { known, current: t === place.reads || t === place.returns, tinted: true });
      parts.x[t].show(x[t], { current: t === place.reads });
      for (const weight of ["w_x", "w_h"]) {
        const { group, label } = parts[weight][t];
        if (roomy) label.textContent = `×${fixed(state[weight])}`.replace(/0$/, "");
        else if (!label.firstChild) label.append(...drawnSymbol(weight));
        // Back to step s the gradient passes the arrow that leads from s to s + 1.
        const passes = weight === "w_h" && place.returns > 0 && t === place.returns + 1;
        group.classList.toggle("is-glowing", t === place.reads || passes);
        group.classList.toggle("is-waiting", !known);
      }
      parts.d_h[t].group.classList.toggle("is-hidden", !isBack);
      parts.d_h[t].group.classList.toggle("is-current", t === place.returns);
      parts.d_h[t].show(d_h[t], Math.abs(d_h[t]) / largest);
      parts.part[t].group.classList.toggle("is-hidden", !isBack);
      parts.part[t].show(run.parts[t], Math.abs(run.parts[t]) / largestPart);
    }
    parts.loss.show(loss, { known: place.forward === last, current: place.at === last, digits: 3 });
    parts.target.show(state.target);
    parts.sum.group.classList.toggle("is-hidden", !place.isOver);
    parts.sum.show(run.sum, Math.abs(run.sum) / largestPart);
    const known = h.slice(0, place.forward + 1).map((each, t) => `h${t} is ${fixed(each)}`);
    const back = place.returns ? `; the gradient is back at step ${place.returns}, where it is ${tiny(d_h[place.returns])}` : "";
    node.setAttribute("aria-label", `The network drawn once for each of ${last} steps: ${known.join(", ")}${back}.`);
  }

  return { node, show, glow: (weight) => node.setAttribute("data-glow", weight) };
}

/** All numbers, row by row, what is not known yet in words. */
function tableRows(run, place) {
  const known = (is, number, digits) => (is ? [number, digits] : "not yet");
  const rows = run.x.slice(1).map((x, index) => {
    const t = index + 1;
    const isBack = t >= place.returned;
    return [
      String(t),
      [x, 2],
      known(t <= place.forward, run.h[t]),
      known(isBack, run.d_h[t]),
      known(isBack, run.parts[t]),
    ];
  });
  return [...rows, ["sum", "", "", "", known(place.isOver, run.sum)]];
}

function render({ model, el }) {
  const ranges = model.get("ranges");
  const figure = openFigure({ model, el, title: "A network of one unit, unrolled", draw, onlink: onLink });
  const { root, status, state, set } = figure;

  const now = () => {
    const current = state();
    const run = compute(current);
    return { current, run, place: placeOf(current.position, run.last) };
  };

  // The sentence follows the state, also where Python or another view has changed it.
  let toldOf = "";
  const stateKey = () => JSON.stringify(state());
  const sentence = (before) => {
    const { run, place } = now();
    return rich(before + sentenceAt(run, place));
  };
  function tell(before = "") {
    toldOf = stateKey();
    status.say(...sentence(before));
  }
  function tellLater(before = "") {
    toldOf = stateKey();
    status.sayLater(() => sentence(before));
  }

  // Stepping, and the question before it.
  const asking = question();
  const stepButton = element("button", { type: "submit", class: "cw-main" }, "Step");
  const backButton = button("Back", stepBack);
  const runButton = button("Run", toggleRun);
  const resetButton = button("Start over", startOver);
  const form = element(
    "form",
    { class: "cw-stepping", onsubmit: onStep },
    asking.node,
    element("div", { class: "cw-buttons" }, stepButton, backButton, runButton, resetButton),
  );

  function onStep(event) {
    event.preventDefault();
    pause();
    stepForward();
  }

  function stepForward() {
    const { run, place } = now();
    if (place.isOver) {
      status.say("That was the last step: the gradient is complete.");
      return;
    }
    const asked = questionAt(run, place);
    const guess = asking.guess();
    set({ position: place.at + 1 });
    tell(guess ? verdict(guess, asked.answer) : "");
  }

  function stepBack() {
    pause();
    const { place } = now();
    if (place.at === 0) {
      status.say("This is the beginning.");
      return;
    }
    set({ position: place.at - 1 });
    tell();
  }

  function startOver() {
    pause();
    set({ position: 0 });
    tell();
  }

  // Running by itself, to the last step or from there back to the first.
  let timer = 0;
  function pause() {
    clearTimeout(timer);
    timer = 0;
    runButton.textContent = "Run";
  }

  function toggleRun() {
    if (timer) {
      pause();
      return;
    }
    const { run, place } = now();
    const end = place.at < run.last ? run.last : 2 * run.last;
    if (prefersStillness() && !place.isOver) {
      set({ position: end });
      tell();
      return;
    }
    runTo(end);
  }

  function runTo(end) {
    stepForward();
    if (now().place.at >= end) {
      pause();
      return;
    }
    runButton.textContent = "Pause";
    timer = setTimeout(() => runTo(end), PACE);
  }

  // The weights and the numbers that are read.
  const drawing = createDrawing((weight) => drawing.glow(weight));
  const table = numbersTable(["step", "x_t", "h_t", "dL/dh_t", "adds to dL/dw_h"], () => {
    const { run, place } = now();
    return tableRows(run, place);
  });
  function change(changes, told) {
    pause();
    set(changes);
    tellLater(told ? `${told} ` : "");
  }

  const sliders = Object.fromEntries(
    [["w_x", "on the input"], ["w_h", "on the state"], ["b", "bias"]].map(([name, note]) => [
      name,
      slider({ name, note, range: ranges[name], oninput: (number) => change({ [name]: number }, `With ${name} = ${fixed(number)}:`) }),
    ]),
  );
  for (const [name, { node }] of Object.entries(sliders)) {
    for (const [event, glow] of [["focusin", name], ["pointerenter", name], ["focusout", ""], ["pointerleave", ""]]) {
      node.addEventListener(event, () => drawing.glow(glow));
    }
  }
  const singles = Object.fromEntries(
    ["h_0", "target"].map((name) => [
      name,
      numberInput({ name, range: ranges[name], oninput: (number) => change({ [name]: number }) }),
    ]),
  );
  const [, , , least, most] = ranges.inputs;
  const inputFields = [];
  const inputRow = element("span", { class: "cw-inputs" });
  const addButton = button("+", () => resize(1), { "aria-label": "Add a number" });
  const removeButton = button("−", () => resize(-1), { "aria-label": "Remove the last number" });

  function setInput(index, number) {
    change({ inputs: state().inputs.map((old, place) => (place === index ? number : old)) });
  }

  function resize(by) {
    const { inputs } = state();
    const length = inputs.length + by;
    if (length < least || length > most) {
      status.say(`The figure reads ${least} to ${most} numbers.`);
      return;
    }
    const { place } = now();
    const longer = by > 0 ? [...inputs, 0] : inputs.slice(0, -1);
    // On the way back a changed length would change which step is which: to the end of the way forward, then.
    change({ inputs: longer, position: Math.min(place.at, inputs.length, length) });
  }

  const title = element("p", { class: "cw-title" }, "One unit, unrolled");
  const phase = element("p", { class: "cw-phase" });
  const strip = element("div", { class: "cw-strip", "aria-hidden": "true" });
  const formula = element("div", { class: "cw-formula" });
  root.append(
    element("div", { class: "cw-top" }, title, phase),
    strip,
    drawing.node,
    formula,
    form,
    status.node,
    element("div", { class: "cw-sliders" }, ...Object.values(sliders).map((each) => each.node)),
    element(
      "fieldset",
      { class: "cw-numbers" },
      element("legend", {}, "The numbers it reads"),
      inputRow,
      element("span", { class: "cw-group" }, addButton, removeButton),
      element("span", { class: "cw-group" }, singles.h_0.node, singles.target.node),
    ),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );

  function onLink(changes) {
    pause();
    const told = Object.entries(changes).filter(([key]) => key !== "position" && key !== "inputs");
    const names = told.length <= 2 ? told.map(([key, number]) => `${key} = ${fixed(number)}`).join(", ") : "";
    tell(names ? `The link set ${names}. ` : "The link set this state. ");
  }

  let asked = "";
  function ask(run, place) {
    const next = questionAt(run, place);
    if (next.text === asked) return;
    asked = next.text;
    asking.ask(next.text, next.options);
  }

  function draw() {
    const { current, run, place } = now();
    drawing.show(run, current, place, width());
    formula.replaceChildren(...formulaAt(run, current, place));
    table.show();
    ask(run, place);
    if (stateKey() !== toldOf) tellLater();
    phase.textContent =
      place.at === 0 ? `${run.last} steps` : place.reads ? `forward, step ${place.reads} of ${run.last}` : `back, at step ${place.returns}`;
    strip.replaceChildren(
      ...Array.from({ length: 2 * run.last }, (_, index) =>
        element("span", { class: `cw-${index < run.last ? "state" : "gradient"} ${index < place.at ? "is-done" : ""}` }),
      ),
    );
    for (const name of Object.keys(sliders)) sliders[name].show(current[name]);
    for (const name of Object.keys(singles)) singles[name].show(current[name]);
    while (inputFields.length > run.last) inputFields.pop().node.remove();
    while (inputFields.length < run.last) {
      const index = inputFields.length;
      const field = numberInput({ name: `x_${index + 1}`, range: ranges.inputs, oninput: (number) => setInput(index, number) });
      inputFields.push(field);
      inputRow.append(field.node);
    }
    inputFields.forEach((field, index) => field.show(current.inputs[index]));
    stepButton.setAttribute("aria-disabled", String(place.isOver));
    backButton.setAttribute("aria-disabled", String(place.at === 0));
    runButton.setAttribute("aria-disabled", String(place.isOver));
    addButton.setAttribute("aria-disabled", String(run.last >= most));
    removeButton.setAttribute("aria-disabled", String(run.last <= least));
  }

  const width = () => Math.max(280, drawing.node.parentElement.clientWidth - 32);
  const observer = new ResizeObserver(draw);
  observer.observe(root);
  tell();
  draw();
  return () => {
    pause();
    observer.disconnect();
    figure.close();
  };
}

export default { render };
