//#include _figure.js

// A stack of layers: the shape of every tensor, every layer's parameters, and what Keras says where it refuses.

// Those with the fewest parameters first.
const KINDS = { rnn: ["SimpleRNN", "simple_rnn"], gru: ["GRU", "gru"], lstm: ["LSTM", "lstm"] };
const MOST = 4;

const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
const shapeText = (shape) => `(${shape.join(", ")})`;

const readStack = (stack) =>
  stack.split(",").map((written) => {
    const [kind, units, output, both] = written.split(":");
    return { kind, units: Number(units), every: output === "seq", both: both === "bi" };
  });

const writeStack = (layers) =>
  layers
    .map(({ kind, units, every, both }) => `${kind}:${units}:${every ? "seq" : "last"}${both ? ":bi" : ""}`)
    .join(",");

/** A cell's parameters, and how they come about. Keras's GRU resets after the product with W_h: a second bias. */
function parametersOf(kind, features, { units, both }) {
  const sets = { rnn: [1, 1], lstm: [4, 1], gru: [3, 2] };
  const [times, biases] = sets[kind];
  const factors = [both ? "2 · " : "", times > 1 ? times + " · " : ""].join("");
  return {
    count: (both ? 2 : 1) * times * (features + units + biases) * units,
    formula: `${factors}(${features} + ${units} + ${biases}) · ${units}`,
  };
}

/** Each layer: its name in a fresh session, its line of Python, the shape after it (none, where Keras has stopped). */
function build({ stack, source, time, features, vocabulary, outputs }, form) {
  const named = {};
  const fresh = (name) => {
    named[name] = (named[name] ?? -1) + 1;
    return named[name] ? `${name}_${named[name]}` : name;
  };
  let shape = ["None", time, features];
  let refusal = "";
  const rows = [{ name: "input", code: `Input((${time}, ${features}))`, shape }];
  if (source === "words") {
    rows[0] = { name: "input", code: `Input((${time},))`, shape: shape.slice(0, 2) };
    rows.push({
      name: "embedding",
      code: `layers.Embedding(${vocabulary}, ${features})`,
      shape,
      count: vocabulary * features,
      formula: `${thousands(vocabulary)} · ${features}`,
    });
  }
  const layers = readStack(stack);
  for (const layer of layers) {
    const { kind, units, every, both } = layer;
    const [className, cellName] = KINDS[kind];
    let name = fresh(cellName);
    let code = `layers.${className}(${units}${every ? ", return_sequences=True" : ""})`;
    if (both) {
      name = fresh("bidirectional");
      code = `layers.Bidirectional(keras.${code})`;
    }
    const row = { name, code, layer };
    if (!refusal && shape.length < 3) {
      refusal = form.replace("{layer}", name).replace("{shape}", shapeText(shape));
      row.before = rows.at(-1);
    }
    rows.push(row);
    if (refusal) continue;
    row.features = shape[2];
    const width = both ? 2 * units : units;
    shape = every ? ["None", time, width] : ["None", width];
    Object.assign(row, { shape }, parametersOf(kind, row.features, layer));
  }
  const width = shape.at(-1);
  const dense = { name: "dense", code: `layers.Dense(${outputs})` };
  rows.push(dense);
  if (!refusal) {
    const formula = `(${width} + 1) · ${outputs}`;
    Object.assign(dense, { shape: [...shape.slice(0, -1), outputs], count: (width + 1) * outputs, formula });
  }
  return { rows, refusal, total: rows.reduce((sum, { count = 0 }) => sum + count, 0) };
}

const codeOf = ({ rows }) =>
  ["import keras", "", "model = keras.Sequential([", ...rows.map(({ code }) => `    keras.${code},`), "])"].join("\n");

/** What to ask, what can be answered, and what is right; nothing where all is shown. */
function questionOf({ rows, refusal }, position) {
  if (position === 0) return ["Will Keras accept this stack?", ["yes", "no"], refusal ? "no" : "yes"];
  if (refusal || position === 2) return ["", [], ""];
  const { name, layer, features } = rows.find((row) => row.layer);
  const counts = Object.keys(KINDS).map((kind) => thousands(parametersOf(kind, features, layer).count));
  const answer = counts[Object.keys(KINDS).indexOf(layer.kind)];
  const what = `${layer.units} units${layer.both ? " in each direction" : ""} on ${features} features`;
  return [`${name}: ${what}. How many parameters?`, [...new Set(counts)], answer];
}

/** What the stack comes to. */
function sentenceOf({ rows, refusal, total }, position) {
  if (position === 0) return `Recurrent layers in this stack: ${rows.filter((row) => row.layer).length}.`;
  if (refusal) {
    const { name, before } = rows.find((row) => row.before);
    const given = `${before.name} gives only its last state, ${shapeText(before.shape)}`;
    return `Keras refuses: ${name} reads a sequence, but ${given}. Tick return_sequences for ${before.name}.`;
  }
  const end = rows.at(-1).shape;
  const each = end.length < 3 ? "sequence" : "step";
  const told = `Keras accepts it: ${shapeText(rows[0].shape)} becomes ${shapeText(end)}, one answer a ${each}.`;
  if (position === 1) return told;
  const counts = rows.slice(1).map(({ count }) => count);
  const largest = Math.max(...counts);
  const { name } = rows[1 + counts.indexOf(largest)];
  return `${told} It has ${thousands(total)} parameters; no layer has more than ${name}, with ${thousands(largest)}.`;
}

/** A tensor as sheets, one behind the other: time to the right, features upwards (by their logarithm). */
function tensor({ name, shape }) {
  const sequence = shape.length > 2 || name === "input";
  const high = shape.length > 2 || !sequence ? 6 + 5 * Math.log2(2 * shape.at(-1)) : 8;
  const steps = sequence ? Math.min(10, shape[1]) : 1;
  const role = { input: "input", embedding: "input", dense: "output" }[name] ?? "state";
  const size = { width: 9 * steps, height: high };
  const sheets = [8, 4, 0].map((shift) => svg("rect", { class: "cw-paper", x: 1 + shift, y: 9 - shift, ...size }));
  const lines = Array.from({ length: steps - 1 }, (_, k) =>
    svg("path", { class: "cw-shapes-step", d: `M${10 + 9 * k} 9v${high}` }));
  const frame = { class: `cw-drawing cw-${role}`, width: 100, height: high + 11, "aria-hidden": "true" };
  return svg("svg", frame, ...sheets, ...lines);
}

function render({ model, el }) {
  const title = "A stack of layers";
  const figure = openFigure({ model, el, title, draw, onlink });
  const { root, status, state, set } = figure;
  const ranges = model.get("ranges");
  const now = () => build(state(), model.get("refusal"));
  let before = ""; // what to say before the sentence

  function onlink() {
    before = "The link set this stack. ";
    draw();
  }

  function wholeField(name, range, onwhole) {
    const field = numberInput({
      name,
      range,
      oninput(number) {
        if (Number.isInteger(number)) onwhole(number);
        else field.input.setAttribute("aria-invalid", "true");
      },
    });
    return field;
  }

  const edit = (make) => set({ stack: writeStack(make(readStack(state().stack))) });
  /** The controls of one recurrent layer; they stay while it is hidden. */
  function makeEditor(_, index) {
    const setter = (key) => (content) =>
      edit((layers) => layers.map((each, k) => (k === index ? { ...each, [key]: content } : each)));
    const options = Object.entries(KINDS).map(([kind, [name]]) => [kind, name]);
    const fields = {
      kind: choiceList({ label: "cell", options, oninput: setter("kind") }),
      units: wholeField("units", [1, 128, 1], setter("units")),
      every: tickBox({ label: "return_sequences", oninput: setter("every") }),
      both: tickBox({ label: "bidirectional", oninput: setter("both") }),
    };
    const remove = button("Remove", () => {
      edit((layers) => layers.filter((_, k) => k !== index));
      addButton.focus();
    });
    const node = element("fieldset", { class: "cw-shapes-fields", "aria-label": `Recurrent layer ${index + 1}` },
      ...Object.values(fields).map((each) => each.node), remove);
    return { node, fields, remove };
  }

  const editors = Array.from({ length: MOST }, makeEditor);
  const addButton = button("Add a layer", () =>
    edit((layers) => [...layers, { ...layers.at(-1), every: false }].slice(0, MOST)));
  const setter = (name) => (content) => set({ [name]: content });
  const source = choiceList({
    label: "input", options: [["words", "ids of words"], ["numbers", "numbers"]], oninput: setter("source"),
  });
  const numbers = {};
  for (const name of ["time", "vocabulary", "features", "outputs"]) {
    numbers[name] = wholeField(name, ranges[name], setter(name));
  }

  const asking = question();
  const askButton = element("button", { class: "cw-main" });
  function onsubmit(event) {
    event.preventDefault();
    const { position } = state();
    const [text, , answer] = questionOf(now(), position);
    if (asking.guess()) before = verdict(asking.guess(), answer);
    set({ position: text ? position + 1 : 0 });
  }

  // A row for each layer: what it is, and the tensor that leaves it.
  const makeRow = (...controls) => {
    const head = element("div", { class: "cw-shapes-head" });
    const tensorPlace = element("div", { class: "cw-shapes-tensor" });
    return { head, tensorPlace, node: element("li", {}, element("div", {}, head, ...controls), tensorPlace) };
  };
  const group = (...fields) => element("div", { class: "cw-shapes-fields" }, ...fields.map((each) => each.node));
  const input = makeRow(group(source, numbers.time, numbers.vocabulary, numbers.features));
  const embedding = makeRow();
  const recurrent = editors.map(({ node }) => makeRow(node));
  const dense = makeRow(group(numbers.outputs));
  const places = [input, embedding, ...recurrent, dense];
  const code = element("pre", { class: "cw-shapes-code" });
  const error = element("pre", { class: "cw-shapes-code cw-shapes-error" });
  const note = element("p", { class: "cw-note" },
    "For each unit a SimpleRNN has a weight from every feature, one from every unit, and a bias. ",
    "An LSTM has four such sets; Keras’s GRU has three, each with a second bias.");
  root.append(
    element("p", { class: "cw-title" }, title),
    element("ol", { class: "cw-shapes-rows" }, ...places.map(({ node }) => node)),
    addButton,
    element("form", { class: "cw-stepping", onsubmit }, asking.node, askButton),
    status.node,
    error,
    note,
    code,
    element("div", { class: "cw-foot" }, figure.linkButton),
  );

  let told, asked;
  function draw() {
    const current = state();
    const made = now();
    const { position } = current;
    const layers = readStack(current.stack);
    const isWords = current.source === "words";
    numbers.vocabulary.node.hidden = !isWords;
    source.show(current.source);
    for (const name in numbers) numbers[name].show(current[name]);
    const shown = [input, ...(isWords ? [embedding] : []), ...recurrent.slice(0, layers.length), dense];
    for (const { node } of places) node.hidden = true;
    made.rows.forEach((row, index) => {
      const { node, head, tensorPlace } = shown[index];
      node.hidden = false;
      const isKnown = position > 0 && row.shape;
      head.replaceChildren(element("b", {}, row.name));
      if (position > 1 && row.count !== undefined && !made.refusal) {
        head.append(`${row.formula} = `, element("data", { value: row.count }, thousands(row.count)));
      }
      const unknown = row.before ? element("b", {}, "✕ refused") : "–";
      if (isKnown) tensorPlace.replaceChildren(tensor(row), element("code", {}, shapeText(row.shape)));
      else tensorPlace.replaceChildren(position > 0 ? unknown : "?");
    });
    layers.forEach((layer, index) => {
      const { fields, remove } = editors[index];
      for (const name in fields) fields[name].show(layer[name]);
      remove.hidden = layers.length < 2;
    });
    addButton.setAttribute("aria-disabled", String(layers.length === MOST));
    const [text, options] = questionOf(made, position);
    if (asked !== text) asking.ask(text, options);
    asked = text;
    asking.node.hidden = !text;
    askButton.textContent = text ? ["Build it", "Count them"][position] : "Ask again";
    note.hidden = position < 2 || made.refusal !== "";
    code.textContent = codeOf(made);
    error.hidden = position === 0 || !made.refusal;
    error.textContent = `ValueError: ${made.refusal}`;
    const sentence = sentenceOf(made, position);
    if (before) status.say(before + sentence);
    else if (told !== sentence) status.sayLater(() => [sentence], told ? 350 : 0);
    told = sentence;
    before = "";
  }

  draw();
  return figure.close;
}

export default { render };
