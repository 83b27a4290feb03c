//#include _figure.js
//#include _plot.js
//#include _recurrent.js
//#include _sampling.js
// One series, three forecasts of it. The series, the sizes and the formulas are those of course_utils/runs/forecast.py.

const TRAIN = 240; // values to learn from
const STARTS = 120; // places after them from where a forecast is made
const AHEAD = 24; // steps ahead, at most
const LENGTH = TRAIN + STARTS - 1 + AHEAD;
const BACK = 48; // values before a starting point that are drawn: the longest window
const PIECE = 8; // milliseconds of measuring at a time
const TIE = "too close to call";
const SOURCES = [["waves", "two waves"], ["walk", "a random walk"]];

// Each is drawn in a way of its own, not only in a colour; `mark` stands for it beside its name.
const FORECASTS = [
  { name: "naive", role: "gradient", mark: "╌╌", dashed: true },
  { name: "linear", role: "input", mark: "──" },
  { name: "LSTM", role: "state", mark: "●●", dots: 3 },
  { name: "knowing all but chance", role: "plain", mark: "──" },
];
const NAMES = FORECASTS.slice(0, 3).map((each) => each.name);

const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
const steps = (count) => `${count} ${count === 1 ? "step" : "steps"}`;

// row += factor · other, from column `first` on.
function addRow(row, other, factor, first) {
  for (let j = first; j < row.length; j++) row[j] += factor * other[j];
}

/**
 * Least squares for every step ahead at once: (AᵀA + r I) C = AᵀY, where a row of A holds a window and a 1, a row of Y
 * what came after it. Gives C by its rows: the weights of each value of the window, and last what is added.
 */
function fitLinear(scaled, window) {
  const size = window + 1;
  // The matrix, of which only what is on and above the diagonal is kept, and the right-hand sides beside it.
  const rows = times(size, (i) => new Float64Array(size + AHEAD).fill(1e-3, i, i + 1));
  for (let end = window; end + AHEAD <= TRAIN; end++) {
    const read = Float64Array.of(...scaled.slice(end - window, end), 1, ...scaled.slice(end, end + AHEAD));
    rows.forEach((row, i) => addRow(row, read, read[i], i));
  }
  // Gauss's elimination; the matrix is positive definite, so that no pivot needs choosing.
  for (let p = 0; p < size; p++) {
    for (let i = p + 1; i < size; i++) addRow(rows[i], rows[p], -rows[p][i] / rows[p][p], i);
  }
  for (let p = size - 1; p >= 0; p--) {
    for (let i = p + 1; i < size; i++) addRow(rows[p], rows[i], -rows[p][i], size);
    for (let j = size; j < size + AHEAD; j++) rows[p][j] /= rows[p][p];
  }
  return rows.map((row) => row.slice(size));
}

/** A series, what is learnt from it, and the forecasts that have been made so far. */
function makeTrial({ source, period, noise, seed, window }, network) {
  const random = seededRandom(seed);
  const angle = () => 2 * Math.PI * random();
  // Box & Muller (1958).
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(angle());
  const isWalk = source === "walk";
  const [slow, quick] = isWalk ? [] : [angle(), angle()];
  let level = 0;
  const truth = times(LENGTH, (t) => {
    if (isWalk) return (level += 0.15 * normal());
    const turns = (2 * Math.PI * t) / period;
    return Math.sin(turns + slow) + 0.5 * Math.sin(2.6 * turns + quick);
  });
  const values = truth.map((each) => each + noise * normal());

  // Scaled by what may be learnt from, never by what comes later.
  const known = values.slice(0, TRAIN);
  const mean = sum(known) / TRAIN;
  const deviation = Math.sqrt(sum(known.map((each) => (each - mean) ** 2)) / TRAIN);
  const scaled = values.map((each) => (each - mean) / deviation);
  const weights = fitLinear(scaled, window);

  const made = [];
  const done = () => Object.keys(made).length;

  function make(end) {
    const read = scaled.slice(end - window, end);
    const forecasts = [
      times(AHEAD, () => scaled[end - 1]),
      times(AHEAD, (h) => sum(read.map((each, k) => each * weights[k][h])) + weights[window][h]),
      [...network.forward(read).answers],
    ].map((forecast) => forecast.map((each) => mean + deviation * each));
    // Of waves all can be known but the noise, of a walk only where it stands.
    return [...forecasts, times(AHEAD, (h) => truth[isWalk ? end - 1 : end + h])];
  }

  return {
    truth,
    values,
    done,
    /** The four forecasts from a starting point, each (AHEAD,). */
    from: (origin) => (made[origin] ??= make(TRAIN + origin)),
    /** Mean absolute error of each, over the starting points that are done. */
    errors: (horizon) => FORECASTS.map((_, k) => {
      const off = made.map((each, origin) => Math.abs(each[k][horizon - 1] - values[TRAIN + origin + horizon - 1]));
      return sum(off) / done();
    }),
  };
}

function render({ model, el }) {
  const ranges = model.get("ranges");
  const network = readNetwork(model.get("network"));
  const [shortest, longest] = network.metadata.periods;
  const figure = openFigure({ model, el, title: "Three forecasts of one series", draw, onlink: tell });
  const { root, status, state, set } = figure;

  // All that is costly depends on these; the horizon and the starting point do not.
  let trial, trialKey, timer, next;
  function prepare(current) {
    const key = JSON.stringify({ ...current, horizon: 0, origin: 0, shown: 0 });
    if (key === trialKey) return;
    [trial, trialKey, next] = [makeTrial(current, network), key, 0];
    clearTimeout(timer);
    timer = setTimeout(measure);
  }

  const isMeasured = () => trial.done() === STARTS;
  function measure() {
    const until = performance.now() + PIECE;
    // Not one after the other: the first few are then from everywhere already.
    while (next < STARTS && performance.now() < until) trial.from((77 * next++) % STARTS);
    if (!isMeasured()) timer = setTimeout(measure);
    else if (state().shown) tell(news);
    showErrors();
  }

  // What is said: `news` are the changes since then, perhaps with a guess, and `toldOf` the state that it is said of.
  let news, toldOf;
  const keyOf = () => JSON.stringify(state());

  function ofHere({ origin, horizon }) {
    const said = trial.from(origin).map((each, k) => `${FORECASTS[k].name} ${fixed(each[horizon - 1])}`);
    const value = trial.values[TRAIN + origin + horizon - 1];
    return `Forecasts of ${steps(horizon)} after value ${TRAIN + origin}: ${said.join(", ")}. It will be ${fixed(value)}.`;
  }

  function ofAll({ horizon, source, period }) {
    if (!isMeasured()) return "The errors are being measured.";
    const errors = trial.errors(horizon);
    const [best, ...others] = NAMES.map((name, k) => ({ name, error: errors[k] })).sort((a, b) => a.error - b.error);
    const isTie = best.error > 0.95 * others[0].error;
    const isUntaught = source === "walk" || period < shortest || period > longest;
    // No template inside a template: what makes the page's bundle smaller would take spaces from it.
    return (
      (news.guess ? verdict(news.guess, isTie ? TIE : best.name) : "") +
      `Over ${STARTS} starting points, ${steps(horizon)} ahead, the ${best.name} forecast is off ` + (isTie ? "by " : "least, by ") + fixed(best.error, 3) +
      others.map(({ name, error }) => `, the ${name} one by ${fixed(error, 3)}`).join("") +
      `; whoever knew all but chance, by ${fixed(errors[3], 3)}.` +
      (best.error < errors[3] ? " To be off by less is luck." : "") +
      (isTie ? ` The first two differ by less than 5 %: ${TIE}.` : "") +
      (isUntaught ? ` The LSTM was trained on other series: waves of ${shortest} to ${longest} steps.` : "")
    );
  }

  function tell(changes = {}) {
    [news, toldOf] = [changes, keyOf()];
    status.sayLater(() => {
      const current = state();
      prepare(current);
      // Who moves the starting point alone wants to hear of it.
      const isOfAll = current.shown && (news.origin === undefined || news.shown);
      return [(isOfAll ? ofAll : ofHere)(current)];
    });
  }

  // The errors, and the question before them.
  const asking = question();
  const showButton = element("button", { type: "submit", class: "cw-main" });
  const head = element("p", { class: "cw-note cw-forecast-head" });
  const bars = barList("Mean absolute errors");

  function onShow(event) {
    event.preventDefault();
    const { shown } = state();
    set({ shown: !shown });
    tell({ guess: !shown && asking.guess() });
  }

  function showErrors() {
    const { shown, horizon } = state();
    const errors = trial.errors(horizon);
    const most = Math.max(...errors);
    head.textContent = `Mean absolute error ${steps(horizon)} ahead, over ${trial.done()} of ${STARTS} starting points`;
    bars.show(
      FORECASTS.map(({ name, role, mark }, k) => ({
        name: `${mark} ${name}`,
        role,
        value: shown ? errors[k] / most : 0,
        text: shown ? fixed(errors[k], 3) : "?",
      })),
    );
    table.show();
  }

  const table = numbersTable(["step", "value", ...FORECASTS.map((each) => each.name)], () => {
    const { origin, horizon, shown } = state();
    const rows = times(horizon, (h) => {
      const at = TRAIN + origin + h;
      return [String(at + 1), trial.values[at], ...trial.from(origin).map((each) => each[h])];
    });
    return [...rows, ["mean error", "", ...(shown && isMeasured() ? trial.errors(horizon) : times(4, () => "not yet"))]];
  });

  // The drawings: the whole series, and what is around the starting point.
  const overview = linePlot({ label: "The whole series, first what is learnt from", height: 100 });
  const closeUp = linePlot({ height: 240 });

  function drawSeries(current) {
    const { origin, window, horizon } = current;
    const { values, truth } = trial;
    const end = TRAIN + origin;
    const range = [Math.min(...values) - 0.1, Math.max(...values) + 0.1];
    const [low, high] = range;
    const width = Math.max(280, root.clientWidth - 32);
    const points = (list, first) => list.map((each, k) => [first + k, each]);
    overview.draw({
      width,
      x: { range: [0, LENGTH] },
      y: { range: [low, high + 1], ticks: [] },
      series: [
        { points: points(values, 1), thin: true },
        { points: points(values.slice(end - window, end), end - window + 1) },
      ],
      marks: [{ x: 0, name: "to learn from" }, { x: TRAIN, name: "to forecast" }],
    });
    closeUp.draw({
      width,
      x: { range: [-BACK, AHEAD], label: "steps from the last known value" },
      y: { range },
      series: [
        { points: [[-window, low], [-window, high], [0, high], [0, low]], area: true, role: "quiet" },
        { points: points(truth.slice(end - BACK, end + AHEAD), 1 - BACK), thin: true },
        { points: points(values.slice(end - BACK, end), 1 - BACK), dots: 2.2 },
        { points: points(values.slice(end, end + AHEAD), 1), dots: 2.2, role: "forecast-later" },
        ...trial.from(origin).slice(0, 3).map((each, k) => ({
          ...FORECASTS[k],
          name: "",
          points: points([values[end - 1], ...each.slice(0, horizon)], 0),
        })),
      ],
      marks: [{ x: horizon }],
      describe: ofHere(current),
    });
  }

  // What can be set.
  const controls = {};
  function control(name, label, write, make = slider) {
    const oninput = (given) => {
      set({ [name]: given });
      tell({ [name]: given });
    };
    return (controls[name] = make({ name, label, write, role: "plain", range: ranges[name], options: SOURCES, oninput })).node;
  }
  root.append(
    element("p", { class: "cw-title" }, "One series, three forecasts"),
    overview.node,
    control("origin", "Starting point", (number) => `after value ${TRAIN + number}`),
    closeUp.node,
    head,
    bars.node,
    element("form", { class: "cw-stepping", onsubmit: onShow }, asking.node, showButton),
    status.node,
    element(
      "div",
      { class: "cw-sliders" },
      control("window", "Window", steps),
      control("horizon", "Horizon", steps),
      control("noise", "Noise"),
      control("period", "Period", steps),
      control("seed", "Random seed", String),
      control("source", "Series", undefined, choiceList),
    ),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );

  let asked;
  function draw() {
    const current = state();
    const { horizon, noise, shown, source } = current;
    prepare(current);
    drawSeries(current);
    showErrors();
    const text = `With noise of ${fixed(noise)}, ${steps(horizon)} ahead: which forecast has the smallest error?`;
    // Hidden errors are a new question too.
    if (text + shown !== asked) asking.ask(text, [...NAMES, TIE]);
    asked = text + shown;
    asking.node.hidden = shown;
    showButton.textContent = shown ? "Hide and guess again" : "Show the errors";
    for (const [name, { show }] of Object.entries(controls)) show(current[name]);
    controls.period.node.hidden = source === "walk";
    if (keyOf() !== toldOf) tell();
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
