//#include _figure.js
//#include _plot.js
//#include _recurrent.js
//#include _recurrent_back.js
//#include _sampling.js
//#include _words.js

// How much of the gradient reaches each step. It starts at the last step, where its norm is 1, and walks back.

const NETS = ["RNN", "LSTM (h and c)", "GRU"];
const FACTORS = ["gradient", "weights alone", "the slopes’ part"];
const LOOKS = [
  ["gradient", "solid"],
  ["state", "dashed", { dashed: true }],
  ["output", "dotted", { dots: 2 }],
];
const SHARES = ["a tenth or more", "a tenth to a thousandth", "less than a thousandth"];
const GUIDE = 1e-3;
const LONGEST = 400; // words
const AT_FIRST = 5; // steps that are seen before the guess

const norm = (numbers) => Math.hypot(...numbers);
const dot = (a, b) => a.reduce((sum, each, k) => sum + each * b[k], 0);
const raised = (power) => `10${[...String(power)].map((each) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[each] ?? "⁻").join("")}`;

/** Two digits, 0.0057, or a power of ten, 4·10⁻¹⁰. */
function share(number) {
  if (!number) return "≈ 0";
  if (number >= GUIDE && number < 1000) return String(Number(number.toPrecision(2)));
  const [digit, power] = number.toExponential(0).split("e");
  return `${digit}·${raised(Number(power))}`;
}

/** Numbers from −input_size to input_size, (time, features). */
function inputsOf({ steps, input_size, seed }, features) {
  const random = seededRandom(seed);
  const draw = () => input_size * (2 * random() - 1);
  return Array.from({ length: steps }, () => Array.from({ length: features }, draw));
}

/** h_t = f(x_t W_x + h_{t−1} W_h), forward and back; in double precision, for what is left can be very small. */
function readSmall(state, cell) {
  const [f, slope] = ACTIVATIONS[state.activation];
  const oneUnit = { W_x: [[1]], W_h: [[1]] };
  const { W_x, W_h: base } = state.network === "one unit" ? oneUnit : cell;
  const W_h = base.map((row) => Array.from(row, (weight) => state.w_h * weight));
  const h = [W_h.map(() => 0)];
  const W = [...h, ...W_x, ...W_h]; // (1 + features + units, units): on 1, on the input, on the state; no bias yet
  const columns = W_h.map((_, j) => W.map((row) => row[j]));
  const reads = inputsOf(state, W_h.length).map((x_t, t) => {
    const read = [1, ...x_t, ...h[t]];
    h.push(columns.map((column) => f(dot(read, column))));
    return read;
  });
  const d_weights = W.map(() => [...h[0]]);
  const [gradient, weights] = [[], []];
  let d = W_h.map(() => W_h.length ** -0.5);
  let d_linear = d; // as if every slope were 1
  for (let t = state.steps - 1; t >= 0; t--) {
    [gradient[t], weights[t]] = [norm(d), norm(d_linear)];
    const d_sums = d.map((each, j) => each * slope(h[t + 1][j]));
    reads[t].forEach((read, k) => d_sums.forEach((each, j) => (d_weights[k][j] += read * each)));
    [d, d_linear] = [d_sums, d_linear].map((back) => W_h.map((row) => dot(row, back)));
  }
  const slopes = gradient.map((each, t) => each / weights[t]);
  return { names: FACTORS, curves: [gradient, weights, slopes], d_weights: d_weights.flat() };
}

/** The norm of the gradient by the state after each step (of the LSTM: h and c together), (time,). */
function stateNorms(cell, x, upstream) {
  const run = cell.forward(x, x.length / cell.features);
  const d = { h: Float32Array.from(upstream), c: new Float32Array(cell.units) };
  const [d_sums, d_weights] = [new Float32Array(cell.columns), zerosLike(cell.weights, "")];
  const norms = [];
  let left = 1 / norm(upstream);
  for (let t = run.steps - 1; t >= 0; t--) {
    const size = norm([...d.h, ...d.c]);
    norms[t] = left *= size;
    // Made 1 long again, for float32 ends at 10⁻³⁸.
    for (const each of [d.h, d.c]) each.forEach((_, j) => (each[j] /= size || 1));
    STEPS_BACK[cell.kind](run, t, d, d_sums, d_weights);
  }
  return norms;
}

function readCells(state, cells) {
  const [{ units }, lstm, gru] = cells;
  lstm.weights.b.fill(state.forget_bias, units, 2 * units);
  gru.weights.b.fill(state.update_bias, 0, units);
  const x = Float32Array.from(inputsOf(state, units).flat());
  return { names: NETS, curves: cells.map((cell) => stateNorms(cell, x, Array(units).fill(1))) };
}

/** The question of a part, and its answer. */
function questionAt({ mode, network, w_h, steps, activation }, { curves, words }) {
  const first = curves.map(([left]) => left);
  if (mode === "one-unit") {
    return {
      text: `With ${network}, ${activation}, w_h = ${fixed(w_h)} and ${steps} steps: how much of the gradient reaches step 1?`,
      options: SHARES,
      answer: SHARES[first[0] >= 0.1 ? 0 : first[0] >= GUIDE ? 1 : 2],
    };
  }
  if (words?.length === 1) return { text: "Type a few words below.", options: [] };
  const most = Math.max(...first);
  return {
    text: `Which keeps the largest share of its gradient at ${words ? "the first word" : "step 1"}?`,
    options: NETS,
    answer: most ? NETS[first.indexOf(most)] : "none of them",
  };
}

const inEach = (curves, told) => curves.map((left, k) => `${told(left)} in the ${NETS[k]}`).join(", ");

function sentenceAt({ mode, w_h, steps, activation, revealed, forget_bias }, { curves, words }) {
  const last = words?.length;
  if (last === 1) return "Only the start mark is read: there is no way back yet.";
  const begin = `The gradient starts as 1 at ${words ? "the last word" : "the last step"}`;
  if (!revealed) return `${begin} and walks back. Guess how far it comes, then press Show.`;
  if (words) {
    // Where it grows again after a drop, what the drop has lost does not count as reached.
    const reach = (left) => last - 1 - left.findLastIndex((one) => !(one >= GUIDE));
    return `${begin}. Of the ${last} words it reaches, before it falls below a thousandth: ${inEach(curves, reach)}.`;
  }
  if (mode === "cells") {
    return `${begin}. At step 1 it is ${inEach(curves, ([left]) => share(left))}. A forget bias of ${fixed(forget_bias)} alone opens the LSTM’s forget gates to ${fixed(sigmoid(forget_bias))}.`;
  }
  const [[left, ...others], , [slopes]] = curves;
  const stop = others.lastIndexOf(0);
  if (!left) return `At step ${stop + 3} the slope of ${activation} is 0 where the gradient arrives: none of it goes further back.`;
  const mean = share(slopes ** (1 / (steps - 1)));
  const end = left >= 10 ? ": it explodes" : left < GUIDE ? ": it vanishes" : "";
  return `Each step back multiplies the norm by w_h = ${fixed(w_h)} and by the slopes, ${mean} on average (geometric mean): after ${steps - 1} steps back it is ${share(left)}${end}.`;
}

/** What clipping by norm does to the gradient by all weights (Pascanu, Mikolov & Bengio 2013). */
function clippingAt(clip, d_weights) {
  const whole = norm(d_weights);
  const found = `The gradient by all ${d_weights.length} weights has the norm ${share(whole)}`;
  if (whole <= 1) return `${found}: within 1, so clipping changes nothing, and brings nothing back.`;
  if (!clip) return `${found}. Clipping is off.`;
  return `${found}; clipped, 1. All its numbers are divided by ${share(whole)}, so its direction stays.`;
}

/** The trained networks are large: on the site they come when they are asked for. */
const loadTrained = (model) => model.loadLate?.() ?? Promise.resolve();

function render({ model, el }) {
  const open = () => openView({ model, el });
  return model.get("mode") === "trained" ? loadTrained(model).then(open) : open();
}

function openView({ model, el }) {
  const title = "How far back the gradient reaches";
  const ranges = model.get("ranges");
  const figure = openFigure({ model, el, title, draw, onlink: onLink });
  const { root, status, state, set } = figure;
  const start = state();
  const cells = readNetwork(model.get("cells")).layers.flat();
  let trained; // read when it is first needed
  const readTrained = () => ({
    networks: ["rnn", "lstm", "gru"].map((name) => readNetwork(model.get(name))),
    known: readWords(model.get("vocabulary")),
  });
  let read = {}; // the text that was read last
  let timer;
  /** One network at a time, so that nobody who types has to wait for three: nothing, until all of them are done. */
  function readText({ text }) {
    if (!model.get("gru")) {
      const failed = (error) => status.say(`Your own text needs more data: ${error.message}.`);
      loadTrained(model).then(draw, failed);
      return undefined;
    }
    trained ??= readTrained();
    const { networks, known } = trained;
    const ids = encodeText(text, known).slice(-LONGEST);
    if (read.text !== text) read = { text, names: NETS, curves: [], words: ids.map((id) => known.words[id]) };
    const next = networks[read.curves.length];
    if (!next) return read;
    read.curves.push(stateNorms(next.layers[0][0], next.vectors(ids), next.head.weights.W_y));
    clearTimeout(timer);
    timer = setTimeout(draw);
  }
  const readers = {
    "one-unit": (current) => readSmall(current, cells[0]),
    cells: (current) => readCells(current, cells),
    trained: readText,
  };

  let all = {};
  function now() {
    let current = state();
    let key = JSON.stringify(current);
    if (all.key === key) return all;
    let found = readers[current.mode](current);
    // There is nothing else to show yet.
    while (!found && !all.key && trained) found = readText(current);
    if (!found && !all.key) {
      current = { ...current, mode: "one-unit" };
      key = "until the networks have come";
      found = readers["one-unit"](current);
    }
    if (found) all = { key, current, found, last: found.curves[0].length };
    return all;
  }
  /** Whether a point is shown: before the guess only the last steps, and what the weights do. */
  const isKnown = (name, t) => all.current.revealed || name === FACTORS[1] || t >= all.last - AT_FIRST;
  const sentence = () => sentenceAt(now().current, now().found);

  let told;
  function tell(before = "") {
    told = now().key;
    status.say(...rich(before + sentence()));
  }

  let first = "";
  function onLink() {
    [first, told] = ["The link set this state. ", ""];
    draw();
  }

  const asking = question();
  const showButton = element("button", { type: "submit", class: "cw-main" });
  function onShow(event) {
    event.preventDefault();
    const { revealed } = state();
    const guess = asking.guess();
    set({ revealed: !revealed });
    tell(guess ? verdict(guess, questionAt(now().current, all.found).answer) : "");
  }

  const modes = { "one-unit": "One small network", cells: "RNN, LSTM, GRU", trained: "Your own text" };
  const tabs = Object.entries(modes).map(([mode, label]) => [
    mode,
    button(label, () => mode !== state().mode && set({ mode, revealed: false })),
  ]);
  // What can be set, and in which parts.
  const both = "one-unit, cells";
  const controls = [
    [slider, "w_h", "one-unit", { note: "= spectral radius" }],
    [slider, "forget_bias", "cells", { label: "forget bias of the LSTM", role: "state" }],
    [slider, "update_bias", "cells", { label: "update bias of the GRU", role: "output" }],
    [slider, "steps", both, { label: "steps", write: String }],
    [slider, "input_size", both, { label: "largest input", role: "input" }],
    [choiceList, "network", "one-unit", { label: "Network" }],
    [choiceList, "activation", "one-unit", { label: "Activation" }],
    [tickBox, "clip", "one-unit", { label: "Clip the weights’ gradient to norm 1" }],
    [textInput, "text", "trained", { label: "Your text", longest: ranges.text[0], rows: 3 }],
  ].map(([make, name, parts, options]) => {
    const range = ranges[name];
    return { name, parts, ...make({ name, range, options: range, oninput: (to) => set({ [name]: to }), ...options }) };
  });
  const other = button("Other random inputs", () => set({ seed: (state().seed % ranges.seed[1]) + 1 }));
  const nodes = controls.map(({ node }) => node);

  const plot = linePlot({ label: title, height: 250 });
  const keys = element("p", { class: "cw-gradient-flow-keys" });
  const note = element("p", { class: "cw-note" });
  const reading = element("div", {
    class: "cw-scroll cw-gradient-flow-words",
    tabindex: 0,
    role: "group",
    "aria-label": "Words",
  });
  const phase = element("p", { class: "cw-phase" });
  const table = numbersTable(["step", "", "", ""], () =>
    Array.from({ length: now().last }, (_, t) => [
      `${t + 1} ${all.found.words?.[t] ?? ""}`,
      ...all.found.curves.map((left, k) => {
        if (!isKnown(all.found.names[k], t)) return "not yet";
        return left[t] ? Math.log10(left[t]) : share(0);
      }),
    ]),
  );
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, title), phase),
    element(
      "div",
      { class: "cw-buttons", role: "group", "aria-label": "What to look at" },
      ...tabs.map(([, node]) => node),
    ),
    plot.node,
    keys,
    reading,
    element(
      "form",
      { class: "cw-stepping cw-gradient-flow-ask", onsubmit: onShow },
      asking.node,
      element("div", { class: "cw-buttons" }, showButton, button("Start over", () => set(start))),
    ),
    status.node,
    element("div", { class: "cw-sliders" }, ...nodes.slice(0, 5)),
    element("div", { class: "cw-row" }, ...nodes.slice(5), other),
    note,
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );

  function drawPlot({ names, curves, words }, last) {
    const width = Math.max(280, root.clientWidth - 32);
    const shown = curves.map((left, k) => left.map((each, t) => (each && isKnown(names[k], t) ? each : NaN)));
    const finite = shown.flat().filter(Number.isFinite);
    const low = [-12, -24, -48, -96, -192].find((power) => 10 ** power < Math.min(...finite)) ?? -300;
    const high = [1, 2, 4, 8, 16].find((power) => 10 ** power > Math.max(...finite)) ?? 32;
    const floor = 10 ** low;
    const every = Math.ceil((66 * last) / (width - 86)); // of the words, there is room for one
    const steps = Array.from({ length: last }, (_, t) => t + 1);
    keys.replaceChildren(
      words ? "At the first word:" : "At step 1:",
      ...names.map((name, k) =>
        element(
          "span",
          { class: `cw-${LOOKS[k][0]}` },
          names === FACTORS ? ["", "= ", "× "][k] : "",
          element("i", { class: LOOKS[k][1], "aria-hidden": "true" }),
          `${name} `,
          value(LOOKS[k][0], isKnown(name, 0) ? share(curves[k][0]) : "?"),
        ),
      ),
    );
    plot.draw({
      width,
      right: 40,
      x: {
        range: [1, last],
        ticks: words ? steps.filter((t) => (last - t) % every === 0) : roundTicks([1, last]).filter(Number.isInteger),
        write: (t) => words?.[t - 1] ?? String(t),
        label: "the gradient walks back, from right to left",
      },
      y: {
        log: true,
        range: [floor, 10 ** high],
        ticks: roundTicks([low, high]).map((power) => 10 ** power),
        write: (number) => (number === 1 ? "1" : raised(Math.round(Math.log10(number)))),
      },
      series: [
        { area: true, role: "quiet", points: [[1, floor], [last, floor], [last, GUIDE], [1, GUIDE]] },
        ...LOOKS.map(([role, , kind], k) => ({ role, ...kind, points: steps.map((t) => [t, shown[k][t - 1]]) })),
      ],
      marks: [{ y: floor, name: "grey: too small to learn from (only a guide)" }],
      describe: `What is left of the gradient, on a log scale. ${keys.textContent}`,
    });
    // Under each word a bar for each network.
    reading.replaceChildren(
      ...(words ?? []).map((word, t) =>
        element("span", {}, word, ...shown.map((left, k) => {
          const width = Math.min(100, Math.max(0, 100 + 25 * Math.log10(left[t]))) || 0;
          return element("i", { class: `cw-${LOOKS[k][0]}`, style: `width:${width}%` });
        })),
      ),
    );
  }

  let asked;
  function draw() {
    const { key, current, found, last } = now();
    if (key !== JSON.stringify(state())) return; // more is to be read first
    const { mode, revealed, clip } = current;
    const { words, d_weights } = found;
    drawPlot(found, last);
    const heads = [...table.node.querySelectorAll("thead th")].slice(1);
    heads.forEach((head, k) => (head.textContent = `log₁₀, ${found.names[k]}`));
    table.show();
    phase.replaceChildren(...rich(`norm of dL/dh_t over ${last} ${words ? "words" : "steps"}, log scale`));
    const next = questionAt(current, found);
    if (next.text + revealed !== asked) asking.ask(next.text, next.options);
    asked = next.text + revealed;
    asking.node.hidden = revealed;
    showButton.textContent = revealed ? "Guess again" : "Show";
    for (const [each, node] of tabs) {
      node.setAttribute("aria-pressed", node.classList.toggle("cw-main", each === mode));
    }
    for (const { name, parts, node, show } of controls) {
      node.hidden = !parts.includes(mode);
      show(current[name]);
    }
    reading.hidden = !words;
    other.hidden = !both.includes(mode);
    note.textContent = d_weights
      ? clippingAt(clip, d_weights)
      : words
        ? "Under each word, the RNN, the LSTM, the GRU: a full bar is the whole gradient; a quarter less, a tenth of it."
        : "";
    if (told === key) return;
    const before = first;
    status.sayLater(() => rich(before + sentence()));
    [first, told] = ["", key];
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  tell();
  draw();
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    figure.close();
  };
}

export default { render };
