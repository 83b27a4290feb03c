//#include _sampling.js
//#include _figure.js
//#include _plot.js
//#include _points.js

// One neuron, a = f(z) with z = w_1 x_1 + w_2 x_2 + b. In the mode "compute" it is moved by hand; in "learn" it is a
// sigmoid neuron that goes `steps` steps of gradient descent from the weights w_1, w_2 and b.

const WEIGHTS = ["w_1", "w_2", "b"];
const ASKED = ["w_1", "w_2", "L"]; // what is asked about before a step, in turn
const RUN = 25; // steps of one run
const PACE = 160; // milliseconds a step, while it runs by itself
const SHIFT = 1.4; // how far the clouds lie from the middle: as in neuron.py
const NUDGE = 0.1;

// Each activation; its slope, and how that is printed, with a = f(z); and its least value.
const ACTIVATIONS = {
  sigmoid: [squash, (a) => a * (1 - a), "a (1 − a)", 0],
  tanh: [Math.tanh, (a) => 1 - a * a, "1 − a²", -1],
  relu: [(z) => Math.max(0, z), (a) => (a > 0 ? 1 : 0), "1 where z > 0, else 0", 0],
  linear: [(z) => z, () => 1, "1 everywhere", -1],
};

const CLOUDS = toyPoints("clouds").map((point) => point.map((x) => x + SHIFT));
const PLACES = placesAround(SHIFT);
const sumAt = ([w1, w2, b], [x1, x2]) => w1 * x1 + w2 * x2 + b;
const isRight = (weights, i) => sumAt(weights, CLOUDS[i]) >= 0 === i % 2 > 0;

function compute({ x_1, x_2, w_1, w_2, b, activation }) {
  const z = sumAt([w_1, w_2, b], [x_1, x_2]);
  const [of, slopeOf] = ACTIVATIONS[activation];
  return { z, a: of(z), slope: slopeOf(of(z)) };
}

/** The weights before the first step and after each, with the loss and its gradient there. */
function learn({ w_1, w_2, b, rate }, steps) {
  const path = [];
  let weights = [w_1, w_2, b];
  for (let step = 0; step <= steps; step++) {
    const gradient = [0, 0, 0];
    let [loss, right] = [0, 0];
    CLOUDS.forEach((point, i) => {
      const sum = sumAt(weights, point);
      loss += lossAt(sum, i % 2) / POINTS;
      right += isRight(weights, i);
      // The slope of the cross-entropy by the sum is a − y: Bishop (2006), eq. 4.91.
      const slope = (squash(sum) - (i % 2)) / POINTS;
      gradient[0] += slope * point[0];
      gradient[1] += slope * point[1];
      gradient[2] += slope;
    });
    path.push({ weights, loss, gradient, right });
    weights = weights.map((weight, k) => weight - rate * gradient[k]);
  }
  return path;
}

const grown = (difference) => (difference > 0 ? "larger" : "smaller");

function moved(from, to) {
  const [before, after] = [fixed(from, 3), fixed(to, 3)];
  return before === after ? `stayed near ${after}` : `${to > from ? "rose" : "fell"} from ${before} to ${after}`;
}

/** What the steps of the path after this one did. */
function learningSentence(path, from) {
  const [before, now] = [path[from], path.at(-1)];
  const count = path.length - 1 - from;
  const sides = `${now.right} of ${POINTS} points lie on their own side of the line.`;
  if (count < 1) return `The loss is L = ${fixed(now.loss, 3)}; ${sides}`;
  // Of one step what was asked about; else what moves most.
  const sizes = before.gradient.map(Math.abs);
  const asked = WEIGHTS.indexOf(ASKED[from % 3]);
  const k = count > 1 || asked < 0 ? sizes.indexOf(Math.max(...sizes)) : asked;
  const weight = `${WEIGHTS[k]} ${moved(before.weights[k], now.weights[k])}`;
  const loss = `the loss ${moved(before.loss, now.loss)}`;
  const rises = path.slice(from + 1).filter((each, at) => each.loss > path[from + at].loss).length;
  if (count > 1) {
    const far = rises ? `, but it rose at ${rises} of the steps: they were too large` : "";
    return `${count} steps: ${weight}; ${loss}${far}. ${sides}`;
  }
  const why = `because a little ${before.gradient[k] < 0 ? "more" : "less"} ${WEIGHTS[k]} lowers the loss`;
  return `One step: ${weight}, ${why}; ${loss}${rises ? ": the step was too large and overshot" : ""}. ${sides}`;
}

const inBrackets = (number, digits = 2) => (number < 0 ? `(${fixed(number, digits)})` : fixed(number, digits));

function formulaOf(current, path) {
  const { x_1, x_2, w_1, w_2, b, activation, steps, rate } = current;
  const { z, a, slope } = compute(current);
  if (!path) {
    const products = [`${fixed(w_1)} · ${inBrackets(x_1)}`, `${inBrackets(w_2)} · ${inBrackets(x_2)}`];
    return [
      `z = w_1 x_1 + w_2 x_2 + b = ${products.join(" + ")} + ${inBrackets(b)} = ${fixed(z, 3)}`,
      `a = ${activation}(z) = ${activation}(${fixed(z, 3)}) = ${fixed(a, 3)}`,
      `slope there (${ACTIVATIONS[activation][2]}) = ${fixed(slope, 3)}`,
    ];
  }
  if (steps === 0) {
    return [
      "a = sigmoid(w_1 x_1 + w_2 x_2 + b): how sure the neuron is of group 1",
      "L = the mean of −log a over group 1 and of −log(1 − a) over group 0",
      "A step: the new w_1 is w_1 − rate · dL/dw_1; w_2 and b in the same way.",
    ];
  }
  const { weights, gradient } = path[steps - 1];
  return WEIGHTS.map((name, k) => {
    const move = `${fixed(rate, 1)} · ${inBrackets(gradient[k], 3)}`;
    const arrow = gradient[k] < 0 ? "↑" : "↓";
    return `${arrow} ${name} − rate · dL/d${name} = ${fixed(weights[k])} − ${move} = ${fixed(path[steps].weights[k])}`;
  });
}

/** The neuron: what is read, the products, their sum, the output. */
function drawNeuron(node, width, current) {
  const { x_1, x_2, w_1, w_2, b } = current;
  const { z, a } = compute(current);
  const half = 27; // of a box
  const columns = [0, 0.42, 0.72, 1].map((share) => half + 2 + share * (width - 2 * half - 4));
  const boxes = [
    ["x₁", x_1, 0, 0, "input"], ["x₂", x_2, 0, 1, "input"],
    ["w₁x₁", w_1 * x_1, 1, 0], ["w₂x₂", w_2 * x_2, 1, 1], ["b", b, 1, 2],
    ["z", z, 2, 1], ["a", a, 3, 1, "state"],
  ];
  const at = ([, , column, row]) => [columns[column], 26 + 66 * row];
  const wires = [[0, 2, w_1], [1, 3, w_2], [2, 5], [3, 5], [4, 5], [5, 6]].flatMap(([from, to, weight]) => {
    const [[x1, y1], [x2, y2]] = [at(boxes[from]), at(boxes[to])];
    const line = { class: "cw-wire cw-plain", x1, y1, x2, y2 };
    if (weight === undefined) return svg("line", line);
    return [
      svg("line", { ...line, style: `stroke-width: ${1 + Math.abs(weight)}`, "stroke-dasharray": weight < 0 && "6 4" }),
      svg("text", { class: "cw-weight", x: (x1 + x2) / 2, y: y1 - 12, "text-anchor": "middle" }, `× ${fixed(weight)}`),
    ];
  });
  const shown = boxes.flatMap((box) => {
    const [x, y] = at(box);
    const [name, number, , , role = "plain"] = box;
    return [
      svg("rect", { class: `cw-paper cw-${role}`, x: x - half, y: y - 22, width: 2 * half, height: 44, rx: 8 }),
      svg("text", { class: `cw-${role}`, x, y: y - 10, "text-anchor": "middle" }, name),
      svg("text", { class: "cw-number", x, y: y + 9, "text-anchor": "middle" }, fixed(number)),
    ];
  });
  const told = boxes.map(([name, number]) => `${name} is ${fixed(number)}`).join(", ");
  fill(node, { width, height: 184, "aria-label": `A neuron: ${told}.` }, []);
  node.replaceChildren(...wires, ...shown);
}

/** The activation's curve, with the point (z, a) and the tangent there. */
function drawActivation(plot, width, current) {
  const { z, a, slope } = compute(current);
  const [of, , , least] = ACTIVATIONS[current.activation];
  const reach = Math.max(6, 2 * Math.ceil(Math.abs(z) / 2));
  const high = current.activation in { relu: 1, linear: 1 } ? reach : 1;
  const range = [high * (least - 0.1), high * 1.1];
  // The tangent ends with the plot.
  const end = (way) => {
    const room = (way > 0 ? range[1] : -range[0]) - way * a;
    return way * Math.min(reach / 3, reach - way * z, room / (slope || 1e-9));
  };
  const curve = Array.from({ length: 121 }, (_, k) => (k / 60 - 1) * reach);
  plot.draw({
    width,
    x: { range: [-reach, reach], label: "sum z" },
    y: { range, label: "output a" },
    marks: [{ x: z }, { y: a }],
    series: [
      { points: curve.map((each) => [each, of(each)]), role: "state" },
      { points: [end(-1), end(1)].map((by) => [z + by, a + by * slope]), role: "gradient" },
      { points: [[z, a]], dots: 5 },
    ],
    describe: `${current.activation}: at z = ${fixed(z)} a is ${fixed(a, 3)} and the slope ${fixed(slope, 3)}.`,
  });
}

function render({ model, el }) {
  const ranges = model.get("ranges");
  const onlink = () => change({}, "The link set this state. ");
  const figure = openFigure({ model, el, title: "One neuron", draw, onlink });
  const { root, status, state, set } = figure;
  const most = ranges.steps[1];
  const learns = () => state().mode === "learn";
  const isOver = () => learns() && state().steps >= most;
  let known = {};
  /** The path to this step, which is at most one more than the state says. */
  function pathTo(steps) {
    const current = state();
    const of = JSON.stringify(current);
    if (known.of !== of) known = { of, path: learn(current, current.steps + 1) };
    return known.path.slice(0, steps + 1);
  }

  let toldOf;
  let toldFrom; // the step after which the sentence begins
  function sentence(before) {
    const { steps, activation } = state();
    if (learns()) return rich(before + learningSentence(pathTo(steps), toldFrom ?? Math.max(0, steps - 1)));
    const { z, a, slope } = compute(state());
    const output = `the output a = ${activation}(z) = ${fixed(a, 3)}`;
    return rich(`${before}The sum is z = ${fixed(z)}, ${output}; the slope there is ${fixed(slope, 3)}.`);
  }
  const key = () => JSON.stringify(state());

  function change(changes, before = "", later = false) {
    pause();
    toldFrom = changes.rate && 0; // of another rate, all steps are told
    set(changes);
    toldOf = key();
    if (later) status.sayLater(() => sentence(before));
    else status.say(...sentence(before));
  }

  let tries = 0;
  /** What is asked now, and its answer; by hand, also what the next try does. */
  function puzzle() {
    const current = state();
    if (learns()) {
      if (isOver()) return { text: `Step ${most} is the last one of this figure.`, options: [] };
      const about = ASKED[current.steps % 3];
      const of = ({ weights, loss }) => (about === "L" ? loss : weights[WEIGHTS.indexOf(about)]);
      const [from, to] = pathTo(current.steps + 1).slice(-2).map(of);
      return {
        text: `Before you step: will ${about} become larger or smaller?`,
        options: ["larger", "smaller"],
        answer: grown(to - from),
      };
    }
    const about = WEIGHTS[tries % 3];
    const by = current[about] + NUDGE > ranges[about][1] ? -NUDGE : NUDGE;
    const changes = { [about]: Number(plain(current[about] + by)) };
    const before = compute(current);
    const after = compute({ ...current, ...changes });
    const told = `z ${moved(before.z, after.z)} and a ${moved(before.a, after.a)}`;
    const isSame = Math.abs(after.a - before.a) < 0.0005;
    return {
      text: `${by > 0 ? "Raise" : "Lower"} ${about} by ${NUDGE}: will the output a become larger or smaller?`,
      options: ["larger", "smaller", "about the same"],
      answer: isSame ? "about the same" : grown(after.a - before.a),
      changes,
      told: `With ${about} = ${fixed(changes[about])}, ${told}. `,
    };
  }

  const asking = question();
  function step() {
    const guess = asking.guess();
    const { answer, changes, told = "" } = puzzle();
    tries += 1;
    change(changes ?? { steps: Math.min(most, state().steps + 1) }, (guess ? verdict(guess, answer) : "") + told);
  }

  let timer;
  function pause() {
    clearTimeout(timer);
    timer = 0;
    runButton.textContent = "Run";
  }

  function run(first, end) {
    if (prefersStillness()) set({ steps: end - 1 });
    step();
    if (state().steps < end) {
      runButton.textContent = "Pause";
      timer = setTimeout(run, PACE, first, end);
    } else {
      toldFrom = first;
      status.say(...sentence(""));
    }
  }

  const stepButton = element("button", { type: "submit", class: "cw-main" });
  const runButton = button("Run", () => {
    const { steps } = state();
    if (timer) pause();
    else if (!isOver()) run(steps, Math.min(most, steps + RUN));
  });
  const resetButton = button("Start over", () => change({ steps: 0 }));
  const form = element(
    "form",
    {
      class: "cw-stepping cw-neuron-ask",
      onsubmit(event) {
        event.preventDefault();
        step();
      },
    },
    asking.node,
    element("div", { class: "cw-buttons" }, stepButton, runButton, resetButton),
  );

  /** The weights as they are now: in "learn", after the last step. */
  const weightsNow = () => (learns() ? pathTo(state().steps).at(-1).weights : WEIGHTS.map((name) => state()[name]));

  function setSlider(name, number) {
    const changes = {};
    if (learns() && name !== "rate") {
      // Moved by hand after some steps: a new start, with the others where they are now.
      changes.steps = 0;
      weightsNow().forEach((weight, k) => {
        const [low, high] = ranges[WEIGHTS[k]];
        changes[WEIGHTS[k]] = Math.min(high, Math.max(low, weight));
      });
    }
    change({ ...changes, [name]: number }, `With ${name} = ${fixed(number)}: `, true);
  }

  const sliders = Object.fromEntries(
    [
      ["x_1", "input"], ["x_2", "input"], ["w_1", "weight"], ["w_2", "weight"], ["b", "bias"],
      ["rate", "of learning", "gradient"],
    ].map(([name, note, role]) => {
      const oninput = (number) => setSlider(name, number);
      return [name, slider({ name, note, role, range: ranges[name], oninput })];
    }),
  );
  const lists = {
    mode: choiceList({
      label: "Show",
      options: [["compute", "what it computes"], ["learn", "how it learns"]],
      oninput: (mode) => change({ mode }),
    }),
    activation: choiceList({
      label: "Activation",
      options: ranges.activation,
      oninput: (activation) => change({ activation }),
    }),
  };

  const drawing = svg("svg", { class: "cw-drawing", role: "img" });
  const plane = element("canvas", { class: "cw-heat", role: "img" });
  const plots = [linePlot({ label: "", height: 210 }), linePlot({ label: "", height: 250 })];
  const work = element("div", { class: "cw-columns cw-neuron-work" });
  const formula = element("div", { class: "cw-formula cw-neuron-formula" });
  const legend = element("p", { class: "cw-note" }, `${KEY} Thick: the line z = 0; dashed: where it was a step ago.`);
  const tables = {
    compute: numbersTable(["part", "value"], () => {
      const { x_1, x_2, w_1, w_2, b } = state();
      return Object.entries({ x_1, x_2, w_1, w_2, b, "w_1 x_1": w_1 * x_1, "w_2 x_2": w_2 * x_2, ...compute(state()) });
    }),
    learn: numbersTable(["step", "w_1", "w_2", "b", "L", "dL/dw_1", "dL/dw_2", "dL/db"], () =>
      pathTo(state().steps).map((each, at) => [plain(at), ...each.weights, each.loss, ...each.gradient])),
  };
  const foot = element("div", { class: "cw-foot" });
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, "One neuron"), lists.mode.node),
    work, legend, formula, form, status.node,
    element("div", { class: "cw-sliders" }, ...Object.values(sliders).map(({ node }) => node), lists.activation.node),
    foot,
  );

  let mode;
  function show(isLearning) {
    mode = state().mode;
    const shown = isLearning ? [plane, plots[1].node] : [drawing, plots[0].node];
    work.replaceChildren(...shown.map((node) => element("div", {}, node)));
    foot.replaceChildren(tables[mode].node, figure.linkButton);
    for (const node of [sliders.x_1.node, sliders.x_2.node, lists.activation.node]) node.hidden = isLearning;
    for (const node of [sliders.rate.node, runButton, resetButton, legend]) node.hidden = !isLearning;
    stepButton.textContent = isLearning ? "One step" : "Try it";
  }

  function drawLearning(width, path) {
    const { weights, right } = path.at(-1);
    const sums = (each) => each && PLACES.map((place) => sumAt(each.weights, place));
    drawPlane(plane, {
      size: Math.min(width, 320), middle: SHIFT, points: CLOUDS, sums: sums(path.at(-1)), before: sums(path.at(-2)),
      isRight: (i) => isRight(weights, i),
      describe: `Two clouds of points and a line: ${right} of ${POINTS} lie on their own side.`,
    });
    const points = path.map(({ loss }, at) => [at, loss]);
    plots[1].draw({
      width,
      x: { range: [0, Math.max(RUN, path.length - 1)], label: "steps" },
      y: { range: [0, Math.max(0.8, ...points.map(([, loss]) => 1.05 * loss))], label: "loss L" },
      series: [{ points, role: "output" }, { points: points.slice(-1), role: "output", dots: 4 }],
      describe: `The loss at each of ${path.length - 1} steps.`,
    });
  }

  let asked;
  function draw() {
    if (!root.clientWidth) return; // not on the page yet: the observer calls again
    const current = state();
    const path = learns() && pathTo(current.steps);
    if (current.mode !== mode) show(learns());
    const width = work.firstChild.clientWidth;
    if (path) drawLearning(width, path);
    else {
      drawNeuron(drawing, Math.min(width, 360), current);
      drawActivation(plots[0], width, current);
    }
    formula.replaceChildren(...formulaOf(current, path).map((row) => element("div", {}, ...rich(row))));
    tables[mode].show();
    const { text, options } = puzzle();
    const now = text + (path ? current.steps : tries);
    if (now !== asked) asking.ask(text, options);
    asked = now;
    for (const node of [stepButton, runButton]) node.setAttribute("aria-disabled", isOver());
    if (key() !== toldOf) change({}, "", true);
    Object.entries({ ...current, ...Object.fromEntries(weightsNow().map((weight, k) => [WEIGHTS[k], weight]))})
      .forEach(([name, number]) => (sliders[name] ?? lists[name])?.show(number));
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  const endTheme = onTheme(draw);
  change({});
  return () => {
    pause();
    observer.disconnect();
    endTheme();
    figure.close();
  };
}

export default { render };
