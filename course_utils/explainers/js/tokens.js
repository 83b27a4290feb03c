//#include _figure.js
//#include _plot.js
//#include _recurrent.js
//#include _words.js

// A text on its way into a network: its words, their ids, a fixed length, and a trained vector for each id.
//
// An entry of the list of ids is { id, word }; the word of the start mark and of a zero is "".

const NEIGHBOURS = 6;

const quoted = (word) => `“${word}”`;
const counted = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
const nameOf = ({ id, word }) => (word ? quoted(word) : ["a zero", "the start mark"][id]);
const unique = (items) => [...new Set(items)];

/** What becomes of the text; the list of ids is cut or filled as by `keras.utils.pad_sequences`. */
function compute({ text, length, padding, truncating }, idOf) {
  const words = splitWords(text).map((word) => ({ id: idOf(word), word }));
  const entries = [{ id: START_ID, word: "" }, ...words];
  const excess = Math.max(0, entries.length - length);
  const first = truncating === "pre" ? excess : 0;
  const kept = entries.slice(first, first + length);
  const zeros = Array(length - kept.length).fill({ id: PADDING_ID, word: "" });
  return {
    words,
    entries,
    kept,
    lost: entries.filter((entry) => !kept.includes(entry)),
    zeros: zeros.length,
    row: padding === "pre" ? [...zeros, ...kept] : [...kept, ...zeros],
    where: truncating === "pre" ? "start" : "end",
  };
}

/** What to ask before the ids are cut or filled, what can be answered, and what is right. */
function questionOf({ words, entries, kept, lost, zeros, where }, length) {
  const asked = `The text has ${counted(words.length, "word")}, the length is ${length}`;
  if (!lost.length) {
    const options = unique([0, zeros, zeros + 1]).map(String);
    return [`${asked}. With the start mark, how many zeros are added?`, options, String(zeros)];
  }
  const nots = words.filter(({ word }) => word === "not");
  if (nots.length) {
    const text = `${asked}, cut at the ${where}: will ${nots[1] ? "the first " : ""}“not” survive?`;
    return [text, ["yes", "no"], kept.includes(nots[0]) ? "yes" : "no"];
  }
  const options = [entries[0], entries[1], entries[lost.length]].map(nameOf);
  return [`${asked}, cut at the ${where}: which comes first?`, unique(options), nameOf(kept[0])];
}

/** What happened to the text. */
function sentenceOf({ words, entries, row, lost, zeros, where }, { length, padding, revealed }) {
  let told = `${counted(words.length, "word")} and the start mark make ${counted(entries.length, "id")}`;
  if (!revealed) told += `; the length is ${length}.`;
  else if (lost.length) {
    const names = lost.map(nameOf);
    if (names.length > 4) names.splice(2, names.length - 3, "…");
    told += `, cut to ${length} at the ${where}. Gone: ${names.join(", ")}. First comes ${nameOf(row[0])}.`;
  } else if (zeros) {
    const side = padding === "pre" ? "in front" : "behind";
    told += `, and ${counted(zeros, "zero")} ${side}: ${length}. This network skips zeros.`;
  } else told += ", just the length.";
  const unknown = unique(words.filter(({ id }) => id === UNKNOWN_ID).map(nameOf));
  return unknown.length ? `${told} Left out of the vocabulary, so 2: ${unknown.join(", ")}.` : told;
}

function dot(one, other) {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += one[k] * other[k];
  return sum;
}

/** The nearest words of each word by cosine similarity, the furthest, and what the network says to each alone. */
function finder(network, words) {
  const { embedding } = network;
  const lengths = embedding.map((vector) => Math.sqrt(dot(vector, vector)));
  const ids = embedding.map((_, id) => id).filter((id) => id > INDEX_FROM && words[id]);
  return (id) => {
    const cosines = embedding.map((other, k) => dot(embedding[id], other) / (lengths[id] * lengths[k]));
    const others = ids.filter((k) => k !== id);
    // Numbers alone are sorted much faster than ids by their numbers.
    const least = Float64Array.from(others, (k) => cosines[k]).sort().at(-NEIGHBOURS);
    const nearest = others.filter((k) => cosines[k] >= least).sort((a, b) => cosines[b] - cosines[a]);
    const furthest = others.reduce((a, b) => (cosines[b] < cosines[a] ? b : a));
    const shown = (k) => ({ word: words[k], cosine: cosines[k], answer: network.forward([START_ID, k]).answers[0] });
    return [id, ...nearest.slice(0, NEIGHBOURS), furthest].map(shown);
  };
}

/** Whether words that are near each other also say the same about a film. */
function comparison([{ word, answer }, ...others]) {
  const side = (each) => (each.answer > 0.5 ? "above" : "below");
  const near = others.slice(0, NEIGHBOURS);
  const same = near.filter((each) => side(each) === side({ answer })).length;
  const told = `The network judges reviews: 0 is bad, 1 good. Given ${quoted(word)} alone it says ${fixed(answer)}`;
  const times = same === NEIGHBOURS ? "always" : counted(same, "time");
  return `${told}; given one of its ${NEIGHBOURS} nearest words, ${times} something ${side({ answer })} 0.5 too.`;
}

/** A vector as a strip of colours, blue for negative numbers; the style sheet says which `--way` it runs. */
function strip(vector, largest) {
  const colours = [...vector].map((number, k) => {
    const share = Math.min(100, (100 * Math.abs(number)) / largest);
    const colour = `color-mix(in srgb, var(--cw-${number < 0 ? "input" : "state"}) ${share}%, transparent)`;
    return `${colour} 0 ${(100 * (k + 1)) / vector.length}%`;
  });
  return element("i", { style: `background: linear-gradient(var(--way), ${colours})` });
}

/** Show other items; whoever has the focus on one keeps the place. */
function keepingFocus(list, show) {
  const at = [...list.children].findIndex((each) => each.contains(document.activeElement));
  show();
  list.children[at]?.querySelector("button")?.focus();
}

function render({ model, el }) {
  const { words, idOf } = readWords(model.get("vocabulary"));
  const network = readNetwork(model.get("network"));
  const { embedding, features } = network;
  const find = finder(network, words);
  // Three times the usual size of a number has the fullest colour.
  const squares = embedding.reduce((sum, vector) => sum + dot(vector, vector), 0);
  const largest = 3 * Math.sqrt(squares / (embedding.length * features));
  const title = "From a text to numbers";
  const figure = openFigure({ model, el, title, draw, onlink });
  const { root, status, state, set } = figure;
  const ranges = model.get("ranges");
  const now = () => compute(state(), idOf);
  let before = ""; // what to say before the sentence

  function onlink() {
    before = "The link set this. ";
    draw();
  }

  const setter = (name) => (content) => set({ [name]: content });
  const side = (name, front, behind) => {
    const options = [["pre", `${front} (pre)`], ["post", `${behind} (post)`]];
    return choiceList({ label: name, options, oninput: setter(name) });
  };
  const fields = {
    text: textInput({ label: "Your text", longest: ranges.text[0], oninput: setter("text") }),
    length: slider({
      name: "length", label: "length", range: ranges.length, role: "input", write: String, oninput: setter("length"),
    }),
    padding: side("padding", "in front", "behind"),
    truncating: side("truncating", "at the start", "at the end"),
    word: textInput({ label: "The nearest words of", longest: ranges.word[0], oninput: setter("word") }),
  };
  const choose = (word) => word && set({ word });

  const asking = question();
  const showButton = element("button", { class: "cw-main" });
  function onsubmit(event) {
    event.preventDefault();
    const [, , answer] = questionOf(now(), state().length);
    const { revealed } = state();
    if (!revealed && asking.guess()) before = verdict(asking.guess(), answer);
    set({ revealed: !revealed });
  }

  const chips = element("ol", { class: "cw-tokens-chips" });
  const slots = element("ol", { class: "cw-tokens-slots" });
  const read = element(
    "div",
    {},
    element("p", { class: "cw-note" }, `What goes in, and the ${features} numbers that the network has for each id `,
      `(blue negative, orange positive, in full from ${fixed(largest)}):`),
    slots,
  );
  const near = barList("By cosine similarity");
  const nearNote = element("p", { class: "cw-note" });
  const table = numbersTable(["position", "what", "id", ...embedding[0].map((_, k) => k + 1)].map(String), () =>
    (state().revealed ? now().row : now().entries).map((entry, k) =>
      [String(k + 1), nameOf(entry), [entry.id, 0], ...embedding[entry.id]]));
  root.append(
    element("p", { class: "cw-title" }, title),
    fields.text.node,
    element("p", { class: "cw-note" }, "The more frequent a word, the lower its rank. Rank + 3 is its id: ",
      "0 is padding, 1 the start, 2 a word left out."),
    chips,
    element("div", { class: "cw-row" }, ...["length", "padding", "truncating"].map((each) => fields[each].node)),
    element("form", { class: "cw-stepping", onsubmit }, asking.node, showButton),
    status.node,
    read,
    element("div", { class: "cw-columns cw-tokens-look" }, element("div", {}, fields.word.node, nearNote), near.node),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );

  function drawChips({ entries, lost }, { revealed, word: chosen }) {
    const chip = (entry) => {
      const { id, word } = entry;
      const sum = id > INDEX_FROM ? `${id - INDEX_FROM} + 3` : word ? "left out" : "mark";
      const isLost = revealed && lost.includes(entry);
      const kind = { class: id === UNKNOWN_ID && "is-unknown", "aria-pressed": String(word === chosen) };
      const node = word ? button("", () => choose(word), kind) : element("span");
      node.append(
        element(isLost ? "del" : "span", {}, word || "start"), element("small", {}, sum), element("b", {}, String(id)),
      );
      return element("li", {}, node);
    };
    keepingFocus(chips, () => chips.replaceChildren(...entries.map(chip)));
  }

  function drawRead(row) {
    const slot = ({ id, word }) =>
      element("li", {},
        element("span", {}, word || ["–", "start"][id]), element("b", {}, String(id)), strip(embedding[id], largest));
    slots.replaceChildren(...row.map(slot));
  }

  let found;
  function drawNear(text) {
    const [word = ""] = splitWords(text);
    if (word === found) return;
    found = word;
    const id = idOf(word);
    const known = id !== UNKNOWN_ID;
    const all = known ? find(id) : [];
    if (known) nearNote.textContent = comparison(all);
    else if (word) nearNote.textContent = `${quoted(word)} is not in the vocabulary: it shares the vector of 2.`;
    else nearNote.textContent = "Type a word.";
    const bar = ({ word: other, cosine }, k) => ({
      name: element("span", {}, k === NEIGHBOURS ? "furthest: " : "", button(other, () => choose(other))),
      value: Math.abs(cosine),
      role: cosine < 0 ? "input" : "state",
      text: element("data", { value: cosine }, fixed(cosine)),
    });
    keepingFocus(near.node, () => near.show(all.slice(1).map(bar)));
  }

  let told, asked;
  function draw() {
    const current = state();
    const made = now();
    const { revealed, word, length } = current;
    for (const name in fields) fields[name].show(current[name]);
    const [text, options] = questionOf(made, length);
    if (asked !== text) asking.ask(text, options);
    asked = text;
    asking.node.hidden = revealed;
    showButton.textContent = revealed ? "Hide, and ask again" : "Show what goes in";
    drawChips(made, current);
    read.hidden = !revealed;
    if (revealed) drawRead(made.row);
    drawNear(word);
    table.show();
    const sentence = sentenceOf(made, current);
    if (before) status.say(before + sentence);
    else if (told !== sentence) status.sayLater(() => [sentence], told ? 350 : 0);
    told = sentence;
    before = "";
  }

  draw();
  return figure.close;
}

export default { render };
