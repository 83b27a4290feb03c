//#include _figure.js
//#include _plot.js
//#include _recurrent.js
//#include _sampling.js

// Four trained networks have to name the first symbol of a sequence. Above: how often each is right, by lag, over all
// its trainings. Below: one sequence, played through one network of each, whose head is asked after every step.

const RUN_TIME = 8000; // milliseconds for a whole sequence that runs by itself,
const SLOWEST = 500; // and at most this for a step
const LETTERS = [..."ABCDEFGH"];
// The competitors, in the asset's order.
const LOOKS = [
  { name: "simple RNN", role: "gradient" },
  { name: "LSTM", role: "state" },
  { name: "GRU", role: "input", dashed: true },
  { name: "default LSTM", role: "output", dashed: true },
];

/** The asset: its header, and `networks(place)`, those of one lag, read when they are asked for. */
function readRecall(view) {
  const part = (at, count) => new DataView(view.buffer, view.byteOffset + at, count);
  let at = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(part(4, at - 4)));
  const files = header.bytes.map((count) => part((at += count) - count, count));
  const read = [];
  const networks = (place) => (read[place] ??= LOOKS.map((_, k) => readNetwork(files[place * LOOKS.length + k])));
  return { ...header, networks };
}

/** A share in percent; only all is 100%. */
const percent = (share) => `${share > 0.99 ? Math.floor(1000 * share + 1e-6) / 10 : Math.round(100 * share)}%`;

/** The letter with the best of the odds, (time, 8), after this step, from 0. */
function bestOf(answers, step) {
  const odds = answers.subarray(8 * step, 8 * step + 8);
  return LETTERS[odds.indexOf(Math.max(...odds))];
}

/** Who is right after this step, and who says what instead. */
function sentenceAt({ at, last, symbol, letters, answers }) {
  if (!at) return `Nothing has been read yet. After ${last} steps the networks have to name ${symbol}.`;
  const [right, wrong] = [[], []];
  answers.forEach((each, k) => {
    const said = bestOf(each, at - 1);
    if (said === symbol) right.push(LOOKS[k].name);
    else wrong.push(`${LOOKS[k].name} (${said})`);
  });
  const note = at === 1 ? ", the symbol to remember" : at === last ? ", the last one" : "";
  const when = at === last ? "Right in the end" : "Asked now, right";
  const read = `Step ${at} read ${letters[at - 1]}${note}.`;
  return `${read} ${when}: ${right.join(", ") || "nobody"}. Wrong: ${wrong.join(", ") || "nobody"}.`;
}

function render({ model, el }) {
  const { lags, seeds, accuracy, chance, units, updates, networks } = readRecall(model.get("recall"));
  const sorted = accuracy.map((byLag) => byLag.map((all) => [...all].sort((a, b) => a - b)));
  const middles = sorted.map((byLag) => byLag.map((all) => all[(seeds.length - 1) >> 1])); // (competitors, lags)
  const figure = openFigure({ model, el, title: "Memory race of four networks", draw, onlink: onLink });
  const { root, status, state, set } = figure;

  /** The state and what follows from it. */
  let played;
  function now() {
    const { lag, symbol, seed, position, revealed } = state();
    const key = [lag, symbol, seed].join();
    if (played?.key !== key) {
      const random = seededRandom(seed);
      const place = lags.findIndex((each) => each >= lag); // a link may ask for a lag in between
      const letters = [symbol, ...Array.from({ length: lags[place] }, () => LETTERS[Math.floor(8 * random())])];
      const inputs = letters.flatMap((letter) => LETTERS.map((each) => Number(each === letter))); // (time, 8)
      const answers = networks(place).map((network) => network.forward(inputs).answers);
      const odds = answers.map((each) => each.filter((_, k) => k % 8 === LETTERS.indexOf(symbol)));
      played = { key, place, lag: lags[place], symbol, letters, answers, odds, last: letters.length };
    }
    return { ...played, revealed, at: Math.min(position, played.last) };
  }

  let toldOf;
  const stateKey = () => JSON.stringify(state());
  function tell(text = sentenceAt(now())) {
    toldOf = stateKey();
    status.say(text);
  }
  function tellLater(make = sentenceAt) {
    toldOf = stateKey();
    status.sayLater(() => [make(now())]);
  }

  function accuracySentence({ place }) {
    const all = LOOKS.map(({ name }, k) => {
      const last = seeds.length - 1;
      const [low, middle, high] = [0, last >> 1, last].map((at) => percent(sorted[k][place][at]));
      return `${name} ${middle}` + (low === high ? "" : ` (${low} to ${high})`);
    });
    return `Right at lag ${lags[place]}, the middle of ${seeds.length} trainings (worst to best): ${all.join(", ")}.`;
  }

  // The question and its answer.
  const guesses = LOOKS.map(({ name }) => tickBox({ label: name, oninput() {} }));
  const legend = element("legend");
  const asking = element("fieldset", { class: "cw-question" }, legend, ...guesses.map((each) => each.node));
  const revealButton = button("Look", () => {
    const { revealed, place, lag } = now();
    set({ revealed: !revealed });
    const ticked = guesses.map(({ input }) => input.checked);
    const right = ticked.filter((guess, k) => guess === middles[k][place] > 0.5).length;
    for (const each of guesses) each.show(false);
    const verdictText = ticked.includes(true) ? `You were right about ${right} of ${ticked.length}. ` : "";
    if (revealed) tell(`What happened at lag ${lag} and beyond is hidden again.`);
    else tell(verdictText + accuracySentence(now()));
  });

  // All trainings.
  let plotted;
  const plot = linePlot({ label: "Right answers by lag", height: 230 });
  function drawPlot({ place, revealed }) {
    const shown = revealed ? lags.length : place; // so many lags
    const end = (k) => middles[k][shown - 1];
    const order = shown ? [...LOOKS.keys()].sort((a, b) => end(b) - end(a)) : [];
    // The names beside the plot, at the heights of the lines' ends, each below the one before.
    const places = order.reduce((found, k) => [...found, Math.min(end(k), (found.at(-1) ?? 1.1) - 0.09)], []);
    plot.draw({
      width: width(),
      right: 88,
      x: {
        range: [-0.3, lags.length - 0.7],
        ticks: [...lags.keys()],
        write: (k) => `${lags[k]}`,
        label: "lag: symbols after the one to remember",
      },
      y: { range: [0, 1], write: percent },
      marks: [{ y: chance, role: "plain" }, { x: place, role: "plain", name: revealed ? "" : "?" }],
      series: [
        ...LOOKS.flatMap((look, k) => [
          { ...look, name: "", points: middles[k].slice(0, shown).map((share, at) => [at, share]) },
          {
            role: look.role,
            dots: 2.8,
            points: accuracy[k].slice(0, shown).flatMap((all, at) =>
              all.map((share) => [at + 0.09 * k - 0.13, share])),
          },
        ]),
        ...order.map((k, row) => ({ ...LOOKS[k], points: [[lags.length - 0.8, places[row]]] })),
        { name: "guessing", points: [[0.1, chance + 0.05]] },
      ],
      describe:
        lags.slice(0, shown).map((_, at) => accuracySentence({ place: at })).join(" ") ||
        "Right answers by lag: none shown yet.",
    });
  }

  // The lanes: one bar a step, filled where the right symbol has the best odds.
  const lanes = LOOKS.map(({ name, role }) => {
    const bars = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    const says = element("span");
    const lane = { class: `cw-memory-race-lane cw-${role}` };
    return { bars, says, node: element("div", lane, element("b", {}, name), says, bars) };
  });
  function drawLane({ bars, says }, k, { at, last, symbol, answers, odds }) {
    const path = (right) => Array.from(odds[k].subarray(0, at), (share, step) =>
      (bestOf(answers[k], step) === symbol) === right ? `M${(step + 0.1) / last} 1v${-share}h${0.8 / last}v${share}Z` : "").join("");
    const level = (y, kind) => svg("line", { class: kind, x1: 0, x2: 1, y1: y, y2: y });
    bars.replaceChildren(
      svg("path", { class: "cw-bar", d: path(true) }),
      svg("path", { class: "is-hollow", d: path(false) }),
      level(1, "cw-zero"),
      level(1 - chance, "cw-mark cw-plain"),
    );
    const best = at && bestOf(answers[k], at - 1);
    const share = at ? percent(odds[k][at - 1]) : "";
    says.textContent = at ? `${symbol} ${share}, says ${best}: ${best === symbol ? "right" : "wrong"}` : "nothing read yet";
  }

  // Stepping and running.
  let timer = 0;
  function pause() {
    clearTimeout(timer);
    timer = 0;
    runButton.textContent = "Run";
  }
  function change(changes, make) {
    pause();
    set(changes);
    tellLater(make);
  }
  function step() {
    const { at, last } = now();
    set({ position: Math.min(at + 1, last) });
  }
  function run() {
    step();
    const { at, last } = now();
    if (at === last) pause();
    else timer = setTimeout(run, Math.min(SLOWEST, RUN_TIME / last));
    tellLater();
  }
  const stepButton = button("Step", () => {
    pause();
    step();
    tell();
  }, { class: "cw-main" });
  const runButton = button("Run", () => {
    const { at, last } = now();
    if (timer) change({});
    else if (prefersStillness()) change({ position: last });
    else {
      if (at === last) set({ position: 0 });
      runButton.textContent = "Pause";
      run();
    }
  });

  const lagSlider = slider({
    name: "lag",
    label: "Lag",
    role: "plain",
    range: [0, lags.length - 1, 1],
    write: (place) => `${lags[place]}`,
    oninput(place) {
      const { at, last } = now();
      // What has been read to its end stays so.
      const position = at === last ? lags[place] + 1 : at;
      change({ lag: lags[place], position }, (next) => (next.revealed ? accuracySentence : sentenceAt)(next));
    },
  });
  const symbolList = choiceList({ label: "To remember", options: LETTERS, oninput: (symbol) => change({ symbol }) });
  const otherButton = button("Other symbols after it", () => change({ seed: (state().seed + 1) % 1000 }));

  const names = LOOKS.map(({ name }) => name);
  const oddsTable = numbersTable(["step", "reads", ...names], () => {
    const { letters, odds, at } = now();
    return letters.slice(0, at).map((letter, t) => [`${t + 1}`, letter, ...odds.map((each) => each[t])]);
  });
  const phase = element("p", { class: "cw-phase" });
  const tape = element("p", { class: "cw-memory-race-tape", "aria-hidden": "true" });
  const caption = element("p", { class: "cw-note" });
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, "Who still knows the first symbol?"), phase),
    plot.node,
    element("div", { class: "cw-stepping" }, asking, revealButton),
    status.node,
    element("div", { class: "cw-sliders" }, lagSlider.node),
    tape,
    caption,
    element("div", { class: "cw-memory-race-lanes" }, ...lanes.map(({ node }) => node)),
    element("div", { class: "cw-row" },
      stepButton, runButton, button("Start over", () => change({ position: 0 })), symbolList.node, otherButton),
    element("div", { class: "cw-row cw-note" }, element("p", {},
      `Each has ${units} units and ${updates} updates; the sequence is read by the middle one of its ${seeds.length} trainings. `,
      "LSTM and GRU start with gates that keep: ", symbol("b_f"), " = 4, ", symbol("b_i"), " = −2; ", symbol("b_z"), " = 3. ",
      "The default LSTM starts with ", symbol("b_f"), " = 1, ", symbol("b_i"), " = 0.")),
    element("div", { class: "cw-foot" }, oddsTable.node, figure.linkButton),
  );

  function onLink() {
    pause();
    tell(`The link set this state. ${sentenceAt(now())}`);
  }

  const width = () => Math.max(280, root.clientWidth - 32);
  function draw() {
    const current = now();
    const { place, lag, revealed, at, last, symbol, letters } = current;
    const plotKey = [place, revealed, width()].join();
    if (plotKey !== plotted) drawPlot(current); // not at every step
    plotted = plotKey;
    asking.hidden = revealed;
    legend.textContent = `Trained at lag ${lag}, which will name the symbol more than half of the time?`;
    revealButton.textContent = revealed ? "Hide, and ask me again" : "Look";
    const before = letters.slice(1, Math.max(1, at - 1));
    const latest = element("u", {}, at > 1 ? letters[at - 1] : "");
    tape.replaceChildren(element("b", {}, symbol), ` ${before.join(" ")} `, latest, " ·".repeat(last - Math.max(1, at)));
    caption.textContent =
      `Bars: the odds for ${symbol}, were the network asked after that step; it has learned to answer after the last ` +
      `one only. Filled: it would say ${symbol}; hollow: another.`;
    lanes.forEach((lane, k) => drawLane(lane, k, current));
    oddsTable.show();
    lagSlider.show(place);
    symbolList.show(symbol);
    phase.textContent = `step ${at} of ${last}`;
    stepButton.setAttribute("aria-disabled", `${at === last}`);
    if (stateKey() !== toldOf) tellLater();
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  draw();
  tell();
  return () => {
    pause();
    observer.disconnect();
    figure.close();
  };
}

export default { render };
