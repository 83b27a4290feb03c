//#include _figure.js
//#include _plot.js
//#include _recurrent.js
//#include _words.js

const MOST_IDS = 400; // as the networks were trained: of a longer text they read the end
const SLICE = 4; // milliseconds of weighing words at a time
const FEW_WORDS = 40; // so many have room for their numbers
const PLOT_EDGES = 46 + 12; // pixels: the heat map stands under the plot, word under word
const KINDS = ["lstm", "rnn", "bag"];
const NAMES = { lstm: "LSTM", rnn: "RNN", bag: "bag of words" };
const ROLES = { lstm: "output", rnn: "plain", bag: "gradient" };

const sideOf = (probability) => (probability < 0.5 ? "negative" : "positive");

/** "positive 87 %": the share of the side that it takes. Rounded, it never claims to be certain. */
function callOf(probability) {
  const share = Math.round(100 * Math.max(probability, 1 - probability));
  return `${sideOf(probability)} ${share > 99 ? "over 99" : share}\u00a0%`;
}

function withSign(number, digits = 2) {
  return (Number(number.toFixed(digits)) > 0 ? "+" : "") + fixed(number, digits);
}

/** What a recurrent network makes of ids: the start mark, unless it was cut off, and the words. */
function readWith(network, ids, words) {
  const [[run]] = network.forward(ids).runs;
  const { units, name } = run.cell;
  const first = ids.length - words;
  const answers = network.answer(run.h, ids.length + 1).answers.slice(first); // (words + 1,)
  return {
    answers,
    end: answers[words],
    units,
    states: run.h.slice(first * units), // (words + 1, units)
    weights: [], // of the words that have been weighed
    parts: undefined, // what each id adds to the weighted sums, made when the first word is weighed
    /** The next word's weight, by occlusion: the last answer minus that of reading on without the word. */
    weighOne() {
      this.parts ??= ids.map((id) => network.partOf(network.vectorOf(id)));
      const at = first + this.weights.length;
      const stream = network.begin({ state: { [name]: run.stateBefore(at) } });
      let h = stream.at(name, "h");
      for (const part of this.parts.slice(at + 1)) h = network.follow(stream.runs, part);
      this.weights.push(this.end - network.answer(h, 1).answers[0]);
    },
  };
}

/** What the bag of words makes of ids; `at(k)` is its k-th number: the head's weight, its bias, each word's weight. */
function countWith(at, ids, words) {
  const weights = ids.map((id) => at(2 + id));
  // Sorted, so that the order of the words cannot matter even in the last digit.
  const total = [...weights].sort((a, b) => a - b).reduce((sum, weight) => sum + weight);
  return {
    end: sigmoid((at(0) * total) / ids.length + at(1)),
    weights: weights.slice(ids.length - words).map((weight) => at(0) * weight),
  };
}

function render({ model, el }) {
  const figure = openFigure({ model, el, title: "Three networks read a review", draw, onlink: onLink });
  const { root, status, state, set } = figure;
  const ranges = model.get("ranges");
  const reviews = model.get("reviews"); // [[text, how it is meant], …]
  const vocabulary = readWords(model.get("word_list"));
  const bagView = model.get("bag_network");
  const networks = { lstm: readNetwork(model.get("lstm_network")), rnn: readNetwork(model.get("rnn_network")) };

  // What the three have read: anew only where the text has changed.
  let reading = {};
  function read(text) {
    const all = splitWords(text);
    const words = all.slice(-MOST_IDS);
    const ids = encodeText(text, vocabulary).slice(-MOST_IDS);
    const isUnknown = ids.slice(ids.length - words.length).map((id) => id === UNKNOWN_ID);
    const by = { bag: countWith((k) => bagView.getFloat32(4 * k, true), ids, words.length) };
    for (const kind in networks) by[kind] = readWith(networks[kind], ids, words.length);
    return { text, words, last: words.length, left: all.length - words.length, isUnknown, by };
  }

  // The reading that was shown before this one, to compare the same words in two orders.
  let shown, earlier;
  function now() {
    const { text, model: kind, position } = state();
    if (reading.text !== text) reading = read(text);
    const at = Math.min(position, reading.last);
    if (at && shown !== reading) [earlier, shown] = [shown, reading];
    return { ...reading, kind, at, isOpen: at > 0, inside: reading.by[kind] };
  }

  // The sentence follows the state, also where Python or another view has changed it.
  function sentence() {
    const { text, words, last, by, at, isOpen } = now();
    if (!last) return "There is no word to read: type a review, or pick one.";
    if (!isOpen) return `The bag of words says ${callOf(by.bag.end)}; the LSTM and the RNN have not read yet.`;
    const said = `the LSTM says ${callOf(by.lstm.answers[at])}, the RNN ${callOf(by.rnn.answers[at])}`;
    if (at < last) return `After word ${at}, “${words[at - 1]}”, ${said}.`;
    const meant = reviews.find(([review]) => review === text)?.[1];
    const right = KINDS.filter((each) => sideOf(by[each].end) === meant).map((each) => NAMES[each]);
    const judged = meant ? ` It is meant to be ${meant}. Right: ${right.join(", ") || "none of the three"}.` : "";
    return `At the end, ${said}, the bag of words ${callOf(by.bag.end)}.${judged}${compared()}`;
  }

  function compared() {
    const [order, before] = [reading, earlier ?? reading].map(({ words }) => words.join(" "));
    const sorted = (words) => [...words].sort().join(" ");
    if (order === before || sorted(reading.words) !== sorted(earlier.words)) return "";
    const move = (kind) => reading.by[kind].end - earlier.by[kind].end;
    if (move("bag") !== 0) return "";
    const moves = [move("lstm"), move("rnn")].map((number) => withSign(number));
    const same = " The same words as before in another order: the bag of words gives exactly the same number";
    return `${same}, the LSTM’s changes by ${moves[0]}, the RNN’s by ${moves[1]}.`;
  }

  let toldOf = "";
  const stateKey = () => JSON.stringify(state());
  function tell(before = "") {
    toldOf = stateKey();
    status.say(before + sentence());
  }

  // The review, and which network is looked into.
  const shorten = (text) => (text.length > 30 ? `${text.slice(0, 29)}…` : text);
  const picking = choiceList({
    label: "Review",
    options: [...reviews.map(([text]) => [text, shorten(text)]), ["", "your own"]],
    oninput: pick,
  });
  const looking = choiceList({
    label: "Look into the",
    options: ranges.model.map((kind) => [kind, NAMES[kind]]),
    oninput: (kind) => set({ model: kind }),
  });
  const typing = textInput({
    label: "Change it as you like",
    longest: ranges.text[0],
    rows: 2,
    // Where the answers are shown, they stay so, up to the last word.
    oninput: (text) => set({ position: now().isOpen ? MOST_IDS : 0, text }),
  });

  function pick(text) {
    set({ text, position: 0 });
    tell();
    if (!text) typing.input.focus();
  }

  // The question before the answer.
  const asking = question();
  const form = element(
    "form",
    { class: "cw-stepping", onsubmit: onRead },
    asking.node,
    element("button", { type: "submit", class: "cw-main" }, "Let them read"),
  );

  function onRead(event) {
    event.preventDefault();
    const guess = asking.guess();
    set({ position: MOST_IDS });
    tell(guess ? verdict(guess, sideOf(now().inside.end)) : "");
    draw();
    // The form is gone: whoever was in it goes on at the words.
    slide.input.focus({ preventScroll: true });
  }

  const accuracy = model.get("test_accuracy");
  const cards = KINDS.map((kind) =>
    element(
      "div",
      { class: `is-${kind} cw-${ROLES[kind]}` },
      element("span", { class: "cw-value" }, NAMES[kind]),
      element("data"),
      element("small", {}, `${fixed(100 * accuracy[kind], 1)} % of test reviews right`),
    ),
  );

  // The words and their weights.
  const phase = element("p", { class: "cw-phase" });
  const [caption, notes, heatCaption] = [1, 2, 3].map(() => element("p", { class: "cw-note" }));
  const row = element("div", { class: "cw-sentiment-words", onclick: onWord });
  const slide = slider({
    name: "word",
    label: "word",
    role: "plain",
    range: [1, MOST_IDS, 1],
    write: (at) => `${at}: ${row.children[at - 1]?.textContent}`,
    oninput: goTo,
  });

  function onWord({ target }) {
    goTo([...row.children].findIndex((word) => word.contains(target)) + 1);
  }

  function goTo(at) {
    const { isOpen, last } = now();
    if (isOpen && at > 0) set({ position: Math.min(last, at) });
  }

  function showWords() {
    const { words, isUnknown, isOpen, inside, by, at, last } = now();
    row.classList.toggle("is-long", last > FEW_WORDS);
    while (row.children.length > last) row.lastChild.remove();
    while (row.children.length < last) row.append(element("span", {}, element("span"), " ", element("small")));
    const { weights } = isOpen ? inside : by.bag;
    const digits = isOpen ? 2 : 0; // the bag's weights go up to about 100
    const largest = Math.max(10 ** -digits, ...weights.map(Math.abs));
    // Only what has changed is written: else all would be laid out again.
    const write = (node, text) => node.textContent === text || node.replaceChildren(text);
    words.forEach((word, index) => {
      const { classList, style, firstChild, lastChild } = row.children[index];
      const text = index in weights ? withSign(weights[index], digits) : "…";
      classList.toggle("is-positive", text[0] === "+");
      classList.toggle("is-negative", text[0] === "−");
      classList.toggle("is-unknown", isUnknown[index]);
      classList.toggle("is-current", index + 1 === at);
      style.setProperty("--share", `${(40 * Math.abs(weights[index] ?? 0)) / largest}%`);
      write(firstChild, word);
      write(lastChild, text);
    });
    if (!isOpen) return;
    slide.input.max = last;
    slide.show(at);
    slide.input.style.setProperty("--filled", `${(100 * (at - 1)) / (last - 1 || 1)}%`);
  }

  // Weighing many words takes a while: a little at a time, until the text changes.
  let timer = 0;
  function weigh() {
    clearTimeout(timer);
    const { isOpen, inside, last } = now();
    const until = performance.now() + SLICE;
    const isOver = () => !isOpen || inside.weights.length === last;
    while (!isOver() && performance.now() < until) inside.weighOne();
    phase.textContent = isOver() ? `words: ${last}` : `weighing word ${inside.weights.length} of ${last}`;
    showWords();
    if (isOver()) table.show();
    else timer = setTimeout(weigh);
  }

  // The curves, and the states under them.
  const plot = linePlot({ height: 190 });
  plot.node.addEventListener("pointerdown", (event) => goTo(Math.round(plot.at(event).x)));
  const heat = heatMap({ onpick: (_, column) => goTo(column) });
  const column = element("span");
  const map = element("div", { class: "cw-sentiment-map" }, heat.node, column);

  let drawn = "";
  function showCurves() {
    const { words, by, kind, at, last, inside: { states, units } } = now();
    const width = Math.max(280, root.clientWidth - 32);
    const columns = last + 1;
    const room = (width - PLOT_EDGES) / columns;
    const fits = ["start", ...words].every((word) => 8 * word.length < room);
    const every = fits ? 1 : Math.ceil(last / 8);
    plot.draw({
      width,
      x: {
        range: [-0.5, last + 0.5],
        label: fits ? "" : "words read",
        ticks: [...Array(columns).keys()].filter((index) => index % every === 0),
        write: (index) => (fits ? (words[index - 1] ?? "start") : String(index)),
      },
      y: { range: [0, 1], ticks: [0, 0.5, 1], label: "probability" },
      series: ranges.model.map((each) => ({
        points: Array.from(by[each].answers, (answer, index) => [index, answer]),
        role: ROLES[each],
        dashed: each === "rnn",
      })),
      marks: [{ y: by.bag.end, role: ROLES.bag }, { x: at }],
      describe: "The probability of a positive answer, word by word: two curves; the bag of words is a level line.",
    });
    column.style.left = `${(100 * at) / columns}%`;
    column.style.width = `${100 / columns}%`;
    // Thousands of cells, which are the same at every word: not while somebody drags.
    const key = JSON.stringify([kind, words, width]);
    if (drawn === key) return;
    drawn = key;
    heatCaption.textContent = `The ${NAMES[kind]}’s hidden state, ${units} units: positive is orange, negative blue.`;
    heat.draw({
      width: width - PLOT_EDGES,
      height: 5 * units,
      rows: units,
      columns,
      value: (unit, column) => states[column * units + unit],
      describe: heatCaption.textContent,
    });
  }

  const table = numbersTable(["word", "LSTM", "RNN", "its weight", "in the bag"], () => {
    const { words, by, isOpen, inside } = now();
    const known = (number) => (isOpen ? number : "not yet");
    return ["start", ...words].map((word, index) => [
      word,
      known(by.lstm.answers[index]),
      known(by.rnn.answers[index]),
      index ? known(inside.weights[index - 1]) : "",
      index ? by.bag.weights[index - 1] : "",
    ]);
  });
  const stateTable = numbersTable(["unit", "state"], () => {
    const { inside: { states, units }, at, isOpen } = now();
    const h = states.subarray(at * units);
    return Array.from({ length: units }, (_, unit) => [String(unit + 1), isOpen ? h[unit] : "not yet"]);
  }, "The state after this word");

  const answers = element("div", { class: "cw-sentiment-answers" }, slide.node, plot.node, heatCaption, map);
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, "Three readers of one review"), phase),
    element(
      "div",
      { class: "cw-row" },
      picking.node,
      looking.node,
      button("Words backwards", () => pick([...now().words].reverse().join(" "))),
    ),
    typing.node,
    caption,
    row,
    notes,
    element("div", { class: "cw-sentiment-cards" }, ...cards),
    form,
    status.node,
    answers,
    element("div", { class: "cw-foot" }, table.node, stateTable.node, figure.linkButton),
  );

  function onLink({ text, position = 0 }) {
    // Another text is guessed at first, unless the link says otherwise.
    if (text !== undefined) set({ position });
    tell("The link set this state. ");
  }

  let asked = "";
  function draw() {
    const { text, words, by, kind, isOpen, last, left, isUnknown } = now();
    const key = kind + isOpen + text;
    if (asked !== key) asking.ask(`Will the ${NAMES[kind]} call it positive or negative?`, ["positive", "negative"]);
    asked = key;
    form.hidden = isOpen || !last;
    answers.hidden = !isOpen;
    picking.show(reviews.some(([review]) => review === text) ? text : "");
    typing.show(text);
    looking.show(kind);
    caption.textContent = isOpen
      ? `A word’s weight: the ${NAMES[kind]}’s last answer with the word minus without it.`
      : "To the bag of words, each word has one weight, whatever stands beside it; it takes their mean.";
    const unknown = words.filter((_, index) => isUnknown[index]);
    notes.textContent =
      (left ? `Only the last ${last} words are read. ` : "") +
      (unknown.length ? `Not in the vocabulary, so all alike (dotted): ${unknown.join(", ")}.` : "");
    KINDS.forEach((each, index) => {
      const shownAs = cards[index].children[1];
      const isTold = last && (isOpen || each === "bag");
      shownAs.value = isTold ? by[each].end : "";
      shownAs.textContent = isTold ? callOf(by[each].end) : "?";
    });
    weigh();
    if (isOpen) showCurves();
    stateTable.show();
    if (stateKey() !== toldOf) {
      toldOf = stateKey();
      status.sayLater(() => [sentence()]);
    }
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  const endTheme = onTheme(() => {
    drawn = "";
    draw();
  });
  tell();
  draw();
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    endTheme();
    figure.close();
  };
}

export default { render };
