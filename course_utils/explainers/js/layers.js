//#include _sampling.js
//#include _figure.js
//#include _plot.js
//#include _points.js

// A small feed-forward network, trained here: gradient descent with momentum, all points at every step. A state says
// how many steps have been gone; they are gone again from the seed, a few milliseconds in each frame.

const RUN = 600; // steps of one training run
const MOMENTUM = 0.9;
const ENOUGH = 0.95; // this share on the right side counts as separated
const BUDGET = 10; // milliseconds of training a frame

const NAMES = {
  clouds: "two clouds",
  xor: "chessboard (xor)",
  circles: "ring in a ring",
  moons: "two moons",
  spiral: "two spirals",
};
const ACTIVATIONS = {
  tanh: [Math.tanh, (a) => 1 - a * a],
  relu: [(z) => Math.max(0, z), (a) => (a > 0 ? 1 : 0)],
  sigmoid: [squash, (a) => a * (1 - a)],
};

/** A network with its first weights. A layer's `weights` go input by input, and its biases come last. */
function createNetwork({ layers, units, seed }) {
  const random = seededRandom(seed);
  const sizes = [2, ...Array(layers).fill(units), 1];
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index];
    // Glorot and Bengio (2010).
    const limit = Math.sqrt(6 / (inputs + outputs));
    const weights = new Float64Array((inputs + 1) * outputs);
    for (let k = 0; k < inputs * outputs; k++) weights[k] = limit * (2 * random() - 1);
    return { inputs, outputs, weights, velocity: weights.map(() => 0) };
  });
}

/** What each layer answers, place by place; the last one gives its sums. */
function forward(network, values, activation) {
  const answers = [values];
  for (const { inputs, outputs, weights } of network) {
    const from = answers.at(-1);
    const isLast = answers.length === network.length;
    const to = new Float64Array((from.length / inputs) * outputs);
    for (let k = 0; k < to.length; k++) {
      const unit = k % outputs;
      const start = ((k - unit) / outputs) * inputs;
      let sum = weights[inputs * outputs + unit];
      for (let i = 0; i < inputs; i++) sum += from[start + i] * weights[i * outputs + unit];
      to[k] = isLast ? sum : activation(sum);
    }
    answers.push(to);
  }
  return answers;
}

/** One step of gradient descent with momentum (Polyak 1964): v ← 0.9 v − rate · dL/dw, w ← w + v. */
function descend(network, answers, rate, slope) {
  // The slope of the cross-entropy by the last sum is a − y: Bishop (2006), eq. 4.91.
  let dSums = answers.at(-1).map((sum, i) => (squash(sum) - (i % 2)) / POINTS);
  for (let index = network.length - 1; index >= 0; index--) {
    const { inputs, outputs, weights, velocity } = network[index];
    const from = answers[index];
    const dFrom = new Float64Array(from.length);
    const gradient = new Float64Array(weights.length);
    for (let k = 0; k < dSums.length; k++) {
      const d = dSums[k];
      const unit = k % outputs;
      const start = ((k - unit) / outputs) * inputs;
      for (let i = 0; i < inputs; i++) {
        gradient[i * outputs + unit] += d * from[start + i];
        dFrom[start + i] += d * weights[i * outputs + unit];
      }
      gradient[inputs * outputs + unit] += d;
    }
    gradient.forEach((each, k) => (weights[k] += velocity[k] = MOMENTUM * velocity[k] - rate * each));
    dSums = dFrom.map((d, k) => d * slope(from[k]));
  }
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const hidden = ({ layers, units }) =>
  layers ? `${plural(layers, "hidden layer")} of ${plural(units, "unit")}` : "no hidden layer";

/** The network: inputs, each hidden unit with its own small plane, the answer; and between them the weights. */
function drawNetwork(node, width, network, answers) {
  const units = Math.max(2, ...network.map(({ outputs }) => outputs));
  const height = Math.max(180, 46 * units);
  const canvas = startCanvas(node, width, height);
  const { pen, colours } = canvas;
  const counts = [2, ...network.map(({ outputs }) => outputs)];
  const size = 38;
  const at = (layer, unit) => [
    ((width - size) * layer) / network.length,
    (height * (unit + 0.5)) / counts[layer] - size / 2,
  ];
  const heaviest = Math.max(...network.flatMap(({ weights }) => [...weights].map(Math.abs)));
  network.forEach(({ inputs, outputs, weights }, layer) => {
    for (let k = 0; k < inputs * outputs; k++) {
      const [x, y] = at(layer, Math.floor(k / outputs));
      const [toX, toY] = at(layer + 1, k % outputs);
      pen.strokeStyle = weights[k] < 0 ? colours.input : colours.state;
      pen.lineWidth = 0.5 + (5 * Math.abs(weights[k])) / heaviest;
      pen.setLineDash(weights[k] < 0 ? [7, 5] : []);
      pen.beginPath();
      pen.moveTo(x + size, y + size / 2);
      pen.lineTo(toX, toY + size / 2);
      pen.stroke();
    }
  });
  pen.setLineDash([]);
  pen.lineWidth = 1;
  answers.forEach((values, layer) => {
    for (let unit = 0; unit < counts[layer]; unit++) {
      paintSquare(canvas, [...at(layer, unit), size], values, layer === network.length, counts[layer], unit);
      if (layer) continue;
      pen.fillStyle = colours.ink;
      pen.fillText(unit ? "x₂" : "x₁", at(0, unit)[0] + 12, at(0, unit)[1] + 23);
    }
  });
}

function render({ model, el }) {
  const ranges = model.get("ranges");
  const onlink = () => renew("The link set this state. ");
  const figure = openFigure({ model, el, title: "A network with layers", draw, onlink });
  const { root, status, state, set } = figure;
  const most = ranges.steps[1];
  const places = Float64Array.from(placesAround(0).flat());

  let made, network, points, inputs, answers, losses, right; // of these settings, after so many steps
  let seen, goal, frame; // the steps that the state says, and those that the training goes to
  let isRunning = false;
  let opening = ""; // what the sentence begins with, once the training is there; undefined when it has been said
  const stepNow = () => losses.length - 1;

  function measure() {
    answers = forward(network, inputs, ACTIVATIONS[state().activation][0]);
    const sums = answers.at(-1);
    losses.push(sums.reduce((loss, sum, i) => loss + lossAt(sum, i % 2) / POINTS, 0));
    right = sums.filter((sum, i) => isRight(sum, i)).length;
  }
  const isRight = (sum, i) => sum >= 0 === i % 2 > 0;

  /** See what the state asks for: another network, or another number of steps. */
  function follow() {
    const { steps, ...settings } = state();
    const wanted = JSON.stringify(settings);
    if (wanted === made && steps === seen) return;
    if (wanted !== made || steps < stepNow()) {
      network = createNetwork(settings);
      points = toyPoints(settings.data);
      inputs = Float64Array.from(points.flat());
      losses = [];
      measure();
    }
    if (wanted !== made) {
      const share = `${100 * ENOUGH} % of the points or more`;
      asking.ask(`Can a network with ${hidden(settings)} separate these two groups, ${share}?`, ["yes", "no"]);
    }
    made = wanted;
    goal = seen = steps;
    isRunning = false;
    opening ??= "";
  }

  let frames = 0;
  /** In one frame it trains, in the next it draws: no frame is held up by both. */
  function tick() {
    frame = 0;
    follow();
    const isThere = stepNow() === goal;
    frames += 1;
    if (!isThere && (frames % 2 || prefersStillness())) train();
    else paint(isThere);
    phase.textContent = isThere ? plural(goal, "step") : `step ${stepNow()} of ${goal}`;
    runButton.textContent = isRunning && !isThere ? "Pause" : "Train";
    if (!isThere) frame = requestAnimationFrame(tick);
    else if (isRunning || opening !== undefined) arrive();
  }

  function train() {
    const { rate, activation } = state();
    // A run that is watched begins slowly.
    const stop = isRunning && !prefersStillness() ? Math.min(goal, stepNow() + 1 + Math.floor(stepNow() / 20)) : goal;
    const end = performance.now() + BUDGET;
    while (stepNow() < stop && performance.now() < end) {
      descend(network, answers, rate, ACTIVATIONS[activation][1]);
      measure();
    }
  }

  function arrive() {
    const answer = right >= ENOUGH * POINTS ? "yes" : "no";
    // A short training has not shown yet what the network cannot do.
    const guess = isRunning && (answer === "yes" || goal >= RUN) && asking.guess();
    let told = opening ?? "";
    if (guess) {
      told = `You said ${guess}${guess === answer ? ": right" : `; this training says ${answer}`}. `;
      for (const choice of asking.node.querySelectorAll("input")) choice.checked = false;
    }
    isRunning = false;
    seen = goal;
    set({ steps: goal });
    status.say(...rich(told + sentence()));
    opening = undefined;
  }

  function sentence() {
    const loss = losses.at(-1);
    const when = goal ? `After ${plural(goal, "step")}` : "Before training";
    const share = `${right} of ${POINTS} points (${Math.round((100 * right) / POINTS)} %) are on the right side`;
    const half = Math.abs(loss - Math.LN2) < 0.002 ? ": no better than to answer one half everywhere" : "";
    const how = state().layers
      ? "Each unit of the first hidden layer draws a straight line; the answer is put together from these."
      : `With nothing hidden, the border is one straight line${half}.`;
    return `${when}, ${share}; L = ${fixed(loss, 3)}. ${how}`;
  }

  function go(count) {
    if (isRunning) {
      goal = seen = stepNow();
      set({ steps: goal });
    } else {
      goal = Math.min(most, stepNow() + count);
      isRunning = true;
      if (goal > stepNow() + 1) status.say("Training …");
    }
    draw();
  }

  function renew(before) {
    made = "";
    opening = before;
    draw();
  }

  function change(changes) {
    set({ ...changes, steps: 0 });
    renew("");
  }

  const asking = question();
  const phase = element("p", { class: "cw-phase" });
  const runButton = element("button", { type: "submit", class: "cw-main" });
  const form = element(
    "form",
    {
      class: "cw-stepping cw-layers-ask",
      onsubmit(event) {
        event.preventDefault();
        go(RUN);
      },
    },
    asking.node,
    element(
      "div",
      { class: "cw-buttons" },
      runButton,
      button("One step", () => go(1)),
      button("Start over", () => change({})),
      button("Other first weights", () => change({ seed: (state().seed % ranges.seed[1]) + 1 })),
    ),
  );
  const list = (label, options, oninput) => choiceList({ label, options, oninput });
  const numbers = (name, label, role) =>
    slider({ name, label, role, range: ranges[name], write: plain, oninput: (number) => change({ [name]: number }) });
  const controls = {
    data: list("Points", Object.entries(NAMES), (data) => change({ data })),
    layers: list("Hidden layers", [0, 1, 2], (count) => change({ layers: Number(count) })),
    activation: list("Activation", ranges.activation, (activation) => change({ activation })),
    units: numbers("units", "units a layer", "state"),
    rate: numbers("rate", "learning rate", "gradient"),
  };

  const canvases = ["net", "plane"].map(() => element("canvas", { class: "cw-heat", role: "img" }));
  const plot = linePlot({ label: "", height: 170 });
  const legend = element("p", { class: "cw-note" },
    `${KEY} Thick: the border. Wires: dashed is negative, wider is larger.`);
  const work = element("div", { class: "cw-columns cw-layers-work" },
    element("div", {}, canvases[0], plot.node),
    element("div", {}, canvases[1], legend));
  const table = numbersTable(["what", "value"], () => [
    ["L", [losses.at(-1), 6]], ["points right", [right, 0]],
    ...network.flatMap(({ inputs: from, outputs, weights }, index) => [...weights].map((weight, k) => {
      const place = Math.floor(k / outputs);
      const on = place < from ? `weight on ${index ? "unit " : "x_"}${place + 1}` : "bias";
      return [`layer ${index + 1}, unit ${(k % outputs) + 1}: ${on}`, weight];
    })),
  ]);
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, "A network with layers"), phase),
    work, form, status.node,
    element("div", { class: "cw-sliders cw-layers-settings" }, ...Object.values(controls).map(({ node }) => node)),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );
  // A link is to the step that is shown: before the button's own listener.
  root.addEventListener("click", ({ target }) => target === figure.linkButton && isRunning && go(), true);

  let pictures = 0;
  function paint(isThere) {
    if (!root.clientWidth) return; // not on the page yet: the observer calls again
    const current = state();
    const width = work.firstChild.clientWidth;
    const seenAt = forward(network, places, ACTIVATIONS[current.activation][0]);
    const sums = answers.at(-1);
    drawPlane(canvases[1], {
      size: Math.min(width, 330), sums: seenAt.at(-1), points, isRight: (i) => isRight(sums[i], i),
      describe: `Two groups of points and the network's border: ${right} of ${POINTS} are on the right side.`,
    });
    for (const [name, control] of Object.entries(controls)) control.show(current[name]);
    controls.units.input.disabled = current.layers === 0;
    // The rest need not be new in every picture of a training, nor all in the same one.
    pictures += 1;
    if (isThere || pictures % 4 === 1) drawNetwork(canvases[0], Math.min(width, 400), network, seenAt);
    canvases[0].setAttribute("aria-label", `A network with ${hidden(current)}; its weights are in the table.`);
    if (!isThere && pictures % 4 !== 3) return;
    const every = Math.ceil(losses.length / 150);
    const shown = losses.map((loss, step) => [step, loss]).filter(([step]) => step % every === 0 || step === stepNow());
    plot.draw({
      width,
      x: { range: [0, Math.max(RUN, goal)], label: "steps" },
      y: { range: [0, Math.max(0.8, ...losses) * 1.05], label: "loss L" },
      series: [{ points: shown, role: "output" }],
      describe: `The loss over ${plural(stepNow(), "step")}, now ${fixed(losses.at(-1), 3)}.`,
    });
    table.show();
  }

  function draw() {
    frame ||= requestAnimationFrame(tick);
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  const endTheme = onTheme(draw);
  draw();
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    endTheme();
    figure.close();
  };
}

export default { render };
