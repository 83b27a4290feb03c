//#include _figure.js
//#include _plot.js
//#include _recurrent.js
//#include _sampling.js

// Text that a network writes: letter by letter, each drawn from the odds that the network gives. All of it follows
// from the settings: the k-th letter is drawn with the k-th random number, whatever came before.

const BARS = 8;
const PIECE = 8; // milliseconds of work in one animation frame
const [COLD, WARM] = [0.2, 1]; // the temperatures that are compared

const percent = (share) =>
  share > 0 && share < 0.0005 ? "< 0.1 %" : `${fixed(100 * share, share > 0 && share < 0.0995 ? 1 : 0)} %`;
const nameOf = (letter) => ({ " ": "space", "\n": "line break" })[letter] ?? `“${letter}”`;

/** The share of a text's pieces of four letters that stood in it before. */
function repeatedShare(text) {
  const pieces = [...text].slice(3).map((_, at) => text.slice(at, at + 4));
  return pieces.length && 1 - new Set(pieces).size / pieces.length;
}

/** How long a passage the end of a text repeats over and over; undefined where it does not. */
function loopOf(text) {
  for (let period = 1; 2 * period <= text.length; period++) {
    const loop = text.slice(-period);
    if (text.endsWith(loop.repeat(Math.max(2, Math.ceil(24 / period))))) return period;
  }
}

function render({ model, el }) {
  const ranges = model.get("ranges");
  const network = readNetwork(model.get("network"));
  const { vocabulary } = network;
  const figure = openFigure({ model, el, title: "A text that a network writes", draw, onlink: ({ letter }) => hurry(letter ? letterSentence : textSentence) });
  const { root, status, state, set } = figure;

  // A text in the making has places: what the network says after each letter (sums), from where it goes on (state),
  // and once a letter is drawn there, its id, the network's own odds for it, and those it was drawn from.
  const parts = new Map(); // what each letter adds to the first sums, kept for all streams
  function readOn(place, id) {
    const stream = Object.assign(network.begin({ state: place.state }), { parts });
    network.step(stream, id);
    return { sums: stream.sums, state: stream.state() };
  }
  const newText = () => ({ places: [{ ...start }], count: 0 });
  const lettersOf = ({ places, count }) => places.slice(0, count);
  const textOf = (text) => lettersOf(text).map(({ id }) => vocabulary[id]).join("");
  const surpriseOf = (text) => lettersOf(text).reduce((sum, { own }) => sum - Math.log2(own), 0) / text.count;

  function writeLetter(text, options) {
    const place = text.places[text.count++];
    while (numbers.length < text.count) numbers.push(random());
    const id = sample(place.sums, options, () => numbers[text.count - 1]);
    // Where it is the letter that was there before, what follows it still holds.
    if (id !== place.id) text.places.splice(text.count, Infinity, readOn(place, id));
    Object.assign(place, { id, own: softmax(place.sums)[id], share: samplingProbabilities(place.sums, options)[id] });
  }

  // What is worked out, and for which settings.
  let seedText, settings, random, numbers, start = {}, unread = [], skipped = [];
  let drawn = newText(), greedy = drawn, compared;
  const isStill = prefersStillness();
  let frame = 0, isTyping = false, say = textSentence; // what to say when the work is done

  const goal = () => Math.min(state().written, state().length);
  const isBusy = () => unread.length > 0 || Math.min(drawn.count, greedy.count) < goal();
  const options = () => ({ temperature: state().temperature, topK: state().top_k });
  const shownLetter = () => Math.min(state().letter || drawn.count, drawn.count);
  const orderOf = ({ sums }) => [...sums.keys()].sort((j, k) => sums[k] - sums[j] || j - k);

  function draw() {
    const { seed_text: text, seed, temperature, top_k: k, length } = state();
    if (text !== seedText) {
      [seedText, start] = [text, {}];
      skipped = [...new Set(text)].filter((each) => !vocabulary.includes(each));
      unread = [...text].map((each) => vocabulary.indexOf(each)).filter((id) => id >= 0);
      if (!unread.length) unread = [vocabulary.indexOf("\n")];
    }
    if (settings !== (settings = [text, seed, temperature, k, length].join())) {
      [random, numbers, compared, drawn.count] = [seededRandom(seed), [], undefined, 0];
    }
    for (const each of [drawn, greedy]) each.count = Math.min(each.count, goal());
    say ??= textSentence;
    frame ||= requestAnimationFrame(work);
    for (const name of Object.keys(sliders)) sliders[name].show(state()[name]);
    seedInput.show(text);
  }

  /** The next small piece of work; false where there is none. */
  function workOn() {
    const behind = compared?.findIndex(({ count }) => count < state().length);
    if (unread.length) {
      start = readOn(start, unread.shift());
      [drawn, greedy] = [newText(), newText()];
    } else if (isBusy()) {
      if (drawn.count < goal()) writeLetter(drawn, options());
      if (greedy.count < drawn.count) writeLetter(greedy, { temperature: 0 });
    } else if (behind >= 0) writeLetter(compared[behind], { temperature: [COLD, WARM][behind] });
    else return false;
    return true;
  }

  function work() {
    const end = performance.now() + PIECE;
    let goesOn;
    do goesOn = workOn();
    while (goesOn && performance.now() < end && (!isTyping || unread.length));
    frame = goesOn ? requestAnimationFrame(work) : 0;
    isTyping &&= goesOn;
    if (compared && !goesOn) compare();
    show();
    if (say && !isBusy()) {
      status.sayLater(say, 250);
      say = undefined;
    }
  }

  // Sentences.
  function textSentence() {
    const { temperature, top_k: k } = state();
    const lacking = skipped.length ? `The alphabet lacks ${skipped.map(nameOf).join(", ")}: skipped. ` : "";
    if (!drawn.count) return [`${lacking}Nothing is written yet: the bars are the odds for the first letter.`];
    const bits = surpriseOf(drawn);
    const [text, probable] = [drawn, greedy].map(textOf);
    const loop = loopOf(probable);
    const beside = text === probable ? "gives the same text"
      : loop ? `ends by repeating a passage of length ${loop}`
      : "gives another text";
    const only = k ? `, top ${k} only` : "";
    return [`${lacking}${drawn.count} letters at temperature ${fixed(temperature)}${only}: ${fixed(bits)} bits of surprise a letter, like a choice among ${fixed(2 ** bits, 1)}. Always taking the most probable letter ${beside}.`];
  }

  function letterSentence(before = "") {
    const at = shownLetter();
    if (!at) return textSentence();
    const { id, sums, own, share } = drawn.places[at - 1];
    const rank = 1 + orderOf({ sums }).indexOf(id);
    const place = rank > 1 ? `number ${rank} in the network’s order` : "the most probable";
    return [`${before}Letter ${at} is ${nameOf(vocabulary[id])}, ${place}: the network gave it ${percent(own)}, and it was drawn at ${percent(share)}.`];
  }

  // Writing, and the question before a single letter.
  const asking = question();
  const writeButton = button("", write, { class: "cw-main" });
  const oneButton = element("button", { type: "submit" }, "One letter");
  const overButton = button("Start over", () => change({ written: 0, letter: 0 }));

  function hurry(sentence) {
    [isTyping, say] = [false, sentence];
  }

  function change(changes, sentence = textSentence) {
    hurry(sentence);
    set(changes);
  }

  const isFull = () => drawn.count >= state().length;

  function writeTo(written, sentence) {
    if (isFull()) status.say(`The text has its ${drawn.count} letters: start over, or raise the length.`);
    else change({ written, letter: 0 }, sentence);
  }

  function write() {
    if (isBusy()) return change({ written: drawn.count });
    writeTo(state().length);
    isTyping = !isStill;
  }

  function writeOne(event) {
    event.preventDefault();
    if (unread.length) return;
    const [guess, options, at] = [isBusy() ? undefined : asking.guess(), choices, drawn.count];
    writeTo(at + 1, () => {
      const name = nameOf(vocabulary[drawn.places[at].id]);
      return letterSentence(guess && verdict(guess, options.includes(name) ? name : "another"));
    });
  }

  let asked, choices;
  function ask() {
    if (isBusy() || asked === (asked = `${drawn.count} ${settings}`)) return;
    choices = isFull() ? [] : orderOf(drawn.places[drawn.count]).slice(0, 3).sort((j, k) => j - k).map((id) => nameOf(vocabulary[id]));
    asking.ask("Which letter comes next?", isFull() ? [] : [...choices, "another"]);
  }

  // Two temperatures, and how much their texts repeat themselves.
  const predicting = question();
  predicting.ask(`At temperature ${COLD}, will the text repeat itself more or less than at ${WARM}?`, ["more", "less"]);
  const compareButton = button("", () => {
    if (unread.length) return;
    compared ??= [newText(), newText()];
    frame ||= requestAnimationFrame(work);
  });

  function compare() {
    const [cold, warm] = compared.map((each) => repeatedShare(textOf(each)));
    const guess = predicting.guess();
    const told = guess ? verdict(guess, cold === warm ? "as much" : cold > warm ? "more" : "less") : "";
    compared = undefined;
    status.say(`${told}In ${state().length} letters at temperature ${COLD}, ${percent(cold)} of the pieces of four letters had stood before; at ${WARM}, ${percent(warm)}.`);
  }

  // The texts, side by side.
  const columns = ["Drawn", "Always the most probable"].map((label) => {
    const [title, facts] = ["cw-title", "cw-note"].map((name) => element("p", { class: name }));
    const seed = element("span", { class: "cw-note" });
    const letters = element("span");
    const box = element("div", { class: "cw-text-generator-text", tabindex: 0, role: "group", "aria-label": label }, seed, letters);
    return { node: element("div", {}, title, box, facts), label, title, facts, seed, letters, box };
  });
  const [left, right] = columns;
  left.letters.addEventListener("click", ({ target }) => {
    pick(1 + [...left.letters.children].indexOf(target));
    letterSlider.input.focus({ preventScroll: true });
  });

  function showTexts() {
    const at = shownLetter();
    left.letters.replaceChildren(...lettersOf(drawn).map(({ id, share }, k) =>
      element("span", { class: `${share < 0.1 ? "is-rare" : ""} ${k + 1 === at ? "is-current" : ""}` }, vocabulary[id])));
    right.letters.textContent = textOf(greedy);
    [drawn, greedy].forEach((text, k) => {
      const { label, title, facts, seed } = columns[k];
      title.textContent = k ? label : `${label} at temperature ${fixed(state().temperature)}`;
      seed.textContent = seedText;
      const legend = k ? "" : "; underlined: drawn at under 10 %";
      facts.textContent = text.count ? `${fixed(surpriseOf(text))} bits a letter; ${percent(repeatedShare(textOf(text)))} of its pieces of four letters are repeats${legend}` : "";
    });
    // What was written last stays in sight, or the letter that is looked at.
    const place = left.letters.children[at - 1]?.offsetTop ?? 0;
    left.box.scrollTop = Math.min(Math.max(left.box.scrollTop, place - left.box.clientHeight + 40), place - 10);
    if (!state().letter) right.box.scrollTop = right.box.scrollHeight;
  }

  // The odds of one letter.
  const bars = barList("The odds");
  const oddsTitle = element("p", { class: "cw-title" });
  const pick = (at) => change({ letter: at === drawn.count ? 0 : at }, letterSentence);
  const letterSlider = slider({
    name: "letter", label: "Letter", role: "plain", range: ranges.letter, write: (at) => `${at} of ${drawn.count}`, oninput: pick,
  });
  function oddsNow() {
    const place = drawn.places[Math.max(0, shownLetter() - 1)];
    const { sums } = place;
    return { id: place.id, order: orderOf(place), own: softmax(sums), odds: samplingProbabilities(sums, options()) };
  }
  const table = numbersTable(["place", "letter", "the network’s odds", "drawn from"], () => {
    const { order, own, odds } = oddsNow();
    return order.map((id, k) => [String(k + 1), nameOf(vocabulary[id]), own[id], odds[id]]);
  });

  function showOdds() {
    const at = shownLetter();
    const { order, own, odds, id } = oddsNow();
    const is = (each) => at > 0 && each === id;
    const shown = order.filter((each, k) => k < BARS || is(each));
    bars.show(shown.map((each) => ({
      name: element(odds[each] ? "span" : "s", {}, nameOf(vocabulary[each]), is(each) ? " (drawn)" : ""),
      value: odds[each],
      text: [percent(own[each]), odds[each] ? percent(odds[each]) : "cut"].join(" → "),
      role: is(each) ? "state" : "plain",
    })));
    shown.forEach((each, k) => {
      bars.node.children[k].children[1].append(element("i", { style: `left: ${100 * own[each]}%` }));
    });
    const which = at ? `Letter ${at}` : "The first letter";
    oddsTitle.textContent = `${which}: the network’s odds (line) and those it is drawn from (bar)`;
    Object.assign(letterSlider.input, { min: Math.min(1, at), max: drawn.count });
    letterSlider.show(at);
    letterSlider.input.style.setProperty("--filled", `${(100 * at) / (drawn.count || 1)}%`);
    table.show();
  }

  const sliders = Object.fromEntries([
    ["temperature", "Temperature", fixed],
    ["top_k", "Top-k", (k) => (k ? String(k) : "all letters")],
    ["seed", "Random seed", String],
    ["length", "Length", (count) => `${count} letters`],
  ].map(([name, label, written]) => [name, slider({
    name, label, role: "plain", range: ranges[name], write: written, oninput: (number) => change({ [name]: number }),
  })]));
  const seedInput = textInput({
    label: "Seed text", longest: ranges.seed_text[0], rows: 2, oninput: (text) => change({ seed_text: text }),
  });

  const phase = element("p", { class: "cw-phase" });
  const rows = (...nodes) => element("div", { class: "cw-columns" }, ...nodes);
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, network.metadata.title), phase),
    rows(left.node, right.node),
    element("form", { class: "cw-stepping", onsubmit: writeOne },
      asking.node, element("div", { class: "cw-buttons" }, writeButton, oneButton, overButton)),
    status.node,
    rows(
      element("div", { class: "cw-text-generator-odds" }, oddsTitle, bars.node, letterSlider.node),
      element("div", {}, seedInput.node, ...Object.values(sliders).map(({ node }) => node))),
    element("div", { class: "cw-stepping cw-row" }, predicting.node, compareButton),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );

  function show() {
    const { length } = state();
    const done = compared?.reduce((sum, { count }) => sum + count, 0);
    phase.textContent = `${drawn.count} of ${length} letters`;
    writeButton.textContent = isBusy() ? "Pause" : "Write";
    for (const each of [writeButton, oneButton]) each.setAttribute("aria-disabled", isFull());
    compareButton.textContent = compared ? `Writing: ${Math.round((50 * done) / length)} %` : "Write both and count";
    if (unread.length || (isBusy() && isStill)) return;
    showTexts();
    showOdds();
    ask();
  }

  status.say("The network reads the seed text and writes.");
  draw();
  return () => {
    cancelAnimationFrame(frame);
    figure.close();
  };
}

export default { render };
