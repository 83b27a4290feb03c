//#include _figure.js
//#include _plot.js
//#include _recurrent.js
// A trained LSTM reads a text character by character. Every gate and state can be seen, held and set.
//
// Times are counted from 0 here, and from 1 in the state (`position`, `since`) and on the page. In this file no text
// with `${}` stands in another one: rjsmin would take spaces from it.

// What the map can show: in words, and whose colour.
const MAPS = {
  c: ["c: what each unit remembers", "state"],
  forget: ["f: how much it keeps", "state"],
  input: ["i: how much it lets in", "input"],
  candidate: ["c̃: the new value", "state"],
  output: ["o: how much it shows", "output"],
  h: ["h: what it shows", "state"],
};
const NAMES = Object.keys(MAPS);
const AMOUNTS = ["none", "half", "all"];
const LEFT = 46, EDGES = LEFT + 12; // those of a linePlot: all parts share its columns

const percent = (share) => `${fixed(100 * share, share > 0 && share < 0.0995 ? 1 : 0)}\u00a0%`;
const named = (character) => ({ " ": "a space", "\n": "a new line" })[character] ?? `“${character}”`;
const glyph = (character) => ({ " ": "␣", "\n": "↵" })[character] ?? character;
const largestOf = (numbers) => numbers.indexOf(Math.max(...numbers));
const countTo = (count) => [...Array(count).keys()];

// ---- What is computed

const setsMemory = ({ memory, since }, t) => memory !== "untouched" && (memory === "set" ? t === since - 1 : t >= since - 1);

/** A hook that makes the change. Unlike `clamp`, it lets h follow where it sets c. */
function hookOf(change) {
  const { gate, clamp: held, scope, unit, memory, since, set_to } = change;
  let output;
  return ({ t, values }) => {
    if (t < since - 1) return;
    if (values.output) {
      if (gate !== "none") values[gate].fill(held, ...(scope === "unit" ? [unit, unit + 1] : []));
      output = values.output[unit];
    } else if (setsMemory(change, t)) {
      values.c[unit] = memory === "set" ? set_to : 0;
      values.h[unit] = output * Math.tanh(values.c[unit]);
    }
  };
}

/** One reading of the text, with the change, if there is one. */
function readText(network, ids, change) {
  const reading = network.forward(ids, change && { hook: hookOf(change) });
  const [[{ name: cell, units }]] = network.layers;
  const { outputs } = network.head;
  const traces = Object.fromEntries(NAMES.map((name) => [name, reading.trace(cell, name)])); // each (time, units)
  const isSet = (t, unit) => change && unit === change.unit && setsMemory(change, t);
  const at = (name, t, unit) => traces[name][t * units + unit] ?? 0;
  // By what each step multiplies the memory: its forget gate, or nothing where the reader sets c.
  const keeps = traces.forget.map((f, k) => (isSet(Math.floor(k / units), k % units) ? 0 : f));
  const wrote = traces.input.map((i, k) => i * traces.candidate[k]);

  /** How much of some numbers of step s, (time, units), is in the memory after step t, over all units. */
  function share(numbers, s, t) {
    let whole = 0, still = 0;
    for (let j = 0; j < units; j++) {
      const size = Math.abs(numbers[s * units + j]);
      let left = isSet(s, j) ? 0 : size;
      for (let k = s + 1; k <= t; k++) left *= keeps[k * units + j];
      whole += size;
      still += left;
    }
    return whole && still / whole;
  }

  return {
    at,
    isSet,
    odds: (t) => [...reading.answers.slice(t * outputs, (t + 1) * outputs)],
    // c_t is the sum, over all steps s up to t, of i_s c̃_s times all the forget gates after s.
    leftOfEach: (t) => countTo(t + 1).map((s) => share(wrote, s, t)),
    /** How much of what the memory held before step `from` is in it after step t. */
    carried: (from, t) => share(traces.c, from - 1, t),
  };
}

// ---- The figure

function render({ model, el }) {
  const title = "The gates of a trained LSTM";
  const ranges = model.get("ranges");
  const network = readNetwork(model.get("network"));
  const { vocabulary, layers: [[{ units }]] } = network;
  const figure = openFigure({ model, el, title, draw, onlink: () => tell("The link set this state. ") });
  const { root, status, state, set } = figure;

  // What the figure shows: the state, what is read and where, and the reading without and with the change.
  let now, gate, whose, characters, last, at, first, here, from, changed, differs, clean, run;
  const readings = {};
  // Kept, as most moves change nothing in them.
  function reading(slot, ...what) {
    const key = JSON.stringify(what);
    if (readings[slot]?.key !== key) readings[slot] = { key, run: readText(network, ...what) };
    return readings[slot].run;
  }
  function look() {
    now = state();
    const { text, position, shown, ...change } = now;
    characters = [...text].filter((each) => vocabulary.includes(each));
    const ids = characters.map((each) => vocabulary.indexOf(each));
    last = ids.length - 1;
    at = Math.min(position - 1, last);
    first = now.since - 1;
    [here, from] = [at, first].map((t) => (t > last ? `character ${t + 1}` : named(characters[t])));
    gate = now.gate === "none" ? "forget" : now.gate; // that is held, or would be
    changed = now.gate !== "none" || now.memory !== "untouched";
    whose = now.scope === "all" ? `every ${gate} gate` : `the ${gate} gate of unit ${now.unit}`;
    differs = changed && at >= first;
    clean = reading("clean", ids);
    run = changed ? reading("changed", ids, change) : clean;
  }

  function sentence() {
    look();
    if (last < 0) return "Type a character that it knows.";
    const [before, after] = [clean.odds(at), run.odds(at)];
    const best = largestOf(before);
    const guess = (odds, k = largestOf(odds)) => `${named(vocabulary[k])} (${percent(odds[k])})`;
    const left = first > 0 && at >= first ? `${percent(run.carried(first, at))} of what the memory held before ${from} is left at ${here}` : "";
    if (!changed) return `The trained network’s best guess after ${here} is ${guess(before)}${left && "; "}${left}.`;
    const { unit, memory } = now;
    const parts = [
      now.gate === gate && `${whose} held at ${fixed(now.clamp)} from ${from} on`,
      memory === "zeroed" && `unit ${unit} held at 0 from ${from} on`,
      memory === "set" && `c of unit ${unit} set to ${fixed(now.set_to, 1)} at ${from}`,
    ];
    const lead = `With ${parts.filter(Boolean).join(" and ")}, ${left}${left && ", and "}`;
    if (!differs) return `${lead}nothing differs yet at ${here}: the change comes later.`;
    if (best !== largestOf(after)) return `${lead}the best guess goes from ${guess(before)} to ${guess(after)}.`;
    const most = largestOf(after.map((share, k) => Math.abs(share - before[k])));
    const move = `What moves most is ${named(vocabulary[most])}, from ${percent(before[most])} to ${percent(after[most])}.`;
    return `${lead}the best guess stays ${named(vocabulary[best])}. ${move}`;
  }

  // The sentence follows the state, also where Python or another view has changed it.
  let toldOf = "", timer = 0, later;
  const stateKey = () => JSON.stringify(state());
  function tell(before) {
    change({});
    status.say(before + sentence());
  }
  function tellLater() {
    toldOf = stateKey();
    status.sayLater(() => [sentence()]);
  }
  function change(changes) {
    clearTimeout(timer);
    timer = 0;
    set(changes);
    tellLater();
  }

  // What the main button does: hold all forget gates at 0, then at 1, then let go. Before it holds, it asks.
  const asking = question();
  const mainButton = element("button", { type: "submit", class: "cw-main" });
  let hold, end, asked;
  function ask() {
    hold = !changed ? 0 : now.gate === "forget" && now.clamp === 0 ? 1 : undefined;
    end = at > first ? at : last;
    mainButton.textContent = hold === undefined ? "Let go" : `Hold them at ${hold}`;
    asking.node.hidden = !(hold >= 0 && first > 0 && first <= last);
    const text = `Every forget gate is held at ${hold} from ${from} on. How much of what the memory held before is left at ${named(characters[end])}?`;
    if (text !== asked && !timer) asking.ask((asked = text), AMOUNTS);
  }

  function onSubmit(event) {
    event.preventDefault();
    const guess = !asking.node.hidden && asking.guess();
    change({ gate: hold === undefined ? "none" : "forget", clamp: hold ?? 1, scope: "all", memory: "untouched", position: end + 1 });
    look();
    tell(guess ? verdict(guess, AMOUNTS[Math.round(2 * run.carried(first, end))]) : "");
    // The change runs through the text, column by column; the sentence is that of its end.
    if (!prefersStillness() && first < end) readOn(first, end);
  }

  function readOn(t, to) {
    set({ position: t + 1 });
    toldOf = stateKey();
    timer = t < to ? setTimeout(readOn, 150, t + 1, to) : 0;
  }

  // What is drawn, and the controls.
  const kinds = ["cw-phase", "cw-note", "cw-gates-worked", "cw-gates-odds", "cw-gates-heading"];
  const [phase, skippedNote, worked, oddsPlace, oddsTitle] = kinds.map((kind) => element("div", { class: kind }));
  const ends = element("div", { class: "cw-gates-ends" }, ...["0 wipes", "1 keeps"].map((each) => element("b", {}, each)));
  const oddsLists = ["As trained", "Changed"].map(barList);
  const map = heatMap({ label: "", onpick: (unit, t) => change({ unit, position: t + 1 }) });
  const plots = [["", 130], ["c of the unit", 130], ["Its forget gate", 74]].map(([label, height]) => linePlot({ label, height }));
  for (const { node, at: placeOf } of plots) {
    node.addEventListener("pointerdown", (event) => change({ position: Math.max(1, Math.min(last + 1, Math.ceil(placeOf(event).x))) }));
  }
  const placeSlider = slider({
    name: "position",
    label: "Character",
    role: "plain",
    range: ranges.position,
    write: () => here,
    oninput: (position) => change({ position }),
  });

  const holdSlider = slider({
    name: "clamp",
    label: " ",
    range: ranges.clamp,
    write: (number) => (now.gate === "none" ? "not held" : fixed(number)),
    oninput: (number) => change({ clamp: number, gate }),
  });
  const setSlider = slider({
    name: "set_to",
    label: "Set its c to",
    role: "state",
    range: ranges.set_to,
    write: (number) => fixed(number, 1),
    // The first time, where the reader looks; it stays there while other characters are looked at.
    oninput: (number) => change({ set_to: number, memory: "set", since: changed ? now.since : at + 1 }),
  });
  const choices = {};
  const choice = (trait, label, options, read = String) =>
    (choices[trait] = choiceList({ label, options, oninput: (word) => change({ [trait]: read(word) }) })).node;
  const sinceButton = button("Begin here", () => change({ since: at + 1 }));
  const textField = textInput({
    label: "Text to read",
    longest: ranges.text[0],
    rows: 2,
    // Who types looks at the end.
    oninput: (text) => change({ text, position: ranges.position[1], since: Math.min(now.since, [...text].length || 1) }),
  });
  const table = numbersTable(["character", ...NAMES], () =>
    characters.map((each, t) => [`${t + 1} ${glyph(each)}`, ...NAMES.map((name) => run.at(name, t, now.unit))]));

  const row = (...nodes) => element("div", { class: "cw-row" }, ...nodes);
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, title), phase),
    element("div", { class: "cw-gates-seen" },
      "How much of what each character wrote is still in the memory", plots[0].node, placeSlider.node,
      element("form", { class: "cw-stepping", onsubmit: onSubmit }, asking.node, mainButton),
      holdSlider.node, ends, 
      row(choice("gate", "Hold", [["none", "no gate"], "forget", "input", "output"]), choice("scope", "in", [["all", "all units"], ["unit", "one unit"]]), sinceButton)),
    status.node, textField.node, skippedNote,
    element("div", { class: "cw-gates-seen" },
      row(choice("shown", "Map", Object.entries(MAPS).map(([name, [words]]) => [name, words]))), map.node, oddsTitle, oddsPlace, choice("unit", "Unit, most moving first", [], Number), plots[1].node, plots[2].node,
      worked, row(choice("memory", "Its c is", [["untouched", "left alone"], ["zeroed", "held at 0"], ["set", "set once"]]), setSlider.node)),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton));

  let listed;
  function listUnits() {
    if (listed === clean) return;
    listed = clean;
    const reach = countTo(units).map((unit) => {
      const numbers = characters.map((_, t) => clean.at("c", t, unit));
      return [unit, Math.max(...numbers) - Math.min(...numbers)];
    });
    reach.sort((a, b) => b[1] - a[1]);
    choices.unit.input.replaceChildren(...reach.map(([unit]) => element("option", {}, unit)));
  }

  function drawPlots(width, wide) {
    const ticks = characters.map((_, t) => t + 0.5).filter((_, t) => wide > 7 || (t - at) % 2 === 0); // where there is no room, half
    const x = { range: [0, last + 1], ticks, write: (t) => glyph(characters[t - 0.5]) };
    const marks = changed ? [{ x: Math.min(first, last + 1), role: "plain" }] : [];
    function drawPlot(index, y, series, describe) {
      const [low, high] = y.range;
      const column = { points: [[at, low], [at, high], [at + 1, high], [at + 1, low]], area: true };
      plots[index].draw({ width, x: index === 1 ? { ...x, ticks: [] } : x, y, marks, describe, series: [column, ...series] });
    }
    // The outline of a bar over each step.
    const stairs = (numbers) => numbers.flatMap((number, t) => [[t, 0], [t, number], [t + 1, number], [t + 1, 0]]);
    const bars = (numbers) => [true, false].map((area) => ({ points: stairs(numbers), role: "state", area }));
    const asTrained = (points) => ({ points, dashed: true, thin: true });
    const y = { range: [0, 1], ticks: [0, 0.5, 1], write: (share) => AMOUNTS[2 * share] };

    const left = run.leftOfEach(at);
    const list = left.map((share, s) => `${glyph(characters[s])} ${percent(share)}`).join(", ");
    drawPlot(0, y, [...bars(left), asTrained(differs ? stairs(clean.leftOfEach(at)) : [])], `Left at ${here} of what each character wrote: ${list}.`);

    // The rest in a task of its own, so that none is long.
    clearTimeout(later);
    later = setTimeout(() => {
      const line = (reading) => characters.map((_, t) => [t + 0.5, reading.at("c", t, now.unit)]);
      const all = [0, ...[...line(run), ...line(clean)].map((point) => point[1])];
      drawPlot(1, { range: [Math.min(...all), Math.max(...all)] },
        [asTrained(changed ? line(clean) : []), { points: line(run), role: "state" }, { points: [line(run)[at]], dots: 4.5, role: "state" }]);
      drawPlot(2, { ...y, ticks: y.range, write: (end) => (end ? "keeps" : "wipes") }, bars(characters.map((_, t) => run.at("forget", t, now.unit))));

      const [words, role] = MAPS[now.shown];
      const scale = now.shown === "c" ? 4 : 1; // whatever is read and changed
      map.draw({ width: width - EDGES, height: 160, rows: units, columns: last + 1, role, range: [-scale, scale], selected: [now.unit, at],
        // What is not read yet is pale.
        value: (j, t) => run.at(now.shown, t, j) * (t > at ? 0.2 : 1),
        describe: `Map of ${words}` });
      worked.replaceChildren(...workedStep());
    });
  }

  function showOdds() {
    const both = [clean.odds(at), run.odds(at)];
    const order = [...vocabulary.keys()].sort((a, b) => both[0][b] + both[1][b] - both[0][a] - both[1][a]).slice(0, 7);
    oddsTitle.textContent = `What comes after ${here}${differs ? ", as trained and changed" : ""}?`;
    oddsPlace.replaceChildren(...oddsLists.slice(0, differs ? 2 : 1).map(({ node, show }, index) => {
      show(order.map((k) => ({ name: glyph(vocabulary[k]), value: both[index][k], text: percent(both[index][k]), role: index ? "output" : "plain" })));
      return node;
    }));
  }

  /** The step of the unit as a sum that is drawn: what was there, what is kept, what is added, what is there then. */
  function workedStep() {
    const [c, f, i, candidate, o, h] = NAMES.map((name) => run.at(name, at, now.unit));
    const before = run.at("c", at - 1, now.unit), kept = f * before, added = i * candidate;
    const largest = Math.max(1, ...[kept + added, ...characters.map((_, t) => run.at("c", t, now.unit))].map(Math.abs));
    const product = (a, b) => fixed(a) + (b < 0 ? ` · (${fixed(b)})` : ` · ${fixed(b)}`);
    const share = (number) => 50 + (50 * number) / largest;
    const bar = (kind, from, to) => element("span", {
      class: `cw-gates-${kind}`,
      style: `inset:0 ${100 - share(Math.max(from, to))}% 0 ${share(Math.min(from, to))}%`,
    });
    const row = (terms, number, words, role = "state", from = 0, ghost = from) =>
      element("div", { class: `cw-gates-step cw-${role}` },
        element("span", {}, `${terms} = `, value("plain", fixed(number))),
        element("span", { class: "cw-gates-track", "aria-hidden": "true" }, bar("ghost", 0, ghost), bar("part", from, from + number)),
        element("span", { class: "cw-note" }, words));
    return [
      row("cₜ₋₁", before, "it remembered"),
      row(`fₜ · cₜ₋₁ = ${product(f, before)}`, kept, `it keeps ${percent(f)} of that`, "state", 0, before),
      row(`iₜ · c̃ₜ = ${product(i, candidate)}`, added, `it adds ${percent(i)} of the new value`, "input", kept),
      run.isSet(at, now.unit)
        ? row("cₜ", c, `set by you, instead of ${fixed(kept + added)}`, "state", 0, kept + added)
        : row(`cₜ = ${fixed(kept)} ${added < 0 ? "−" : "+"} ${fixed(Math.abs(added))}`, c, "it remembers now"),
      row(`hₜ = oₜ · tanh(cₜ) = ${product(o, Math.tanh(c))}`, h, `it shows ${percent(o)} of tanh(c)`, "output"),
    ];
  }

  function draw() {
    look();
    textField.show(now.text);
    const skipped = [...now.text].filter((each) => !vocabulary.includes(each)).join(" ");
    skippedNote.textContent = skipped && `Not in its alphabet, so skipped: ${skipped}`;
    if (stateKey() !== toldOf) tellLater();
    table.show();
    root.classList.toggle("is-empty", last < 0);
    phase.textContent = last < 0 ? "" : `character ${at + 1} of ${last + 1}: ${here}`;
    if (last < 0) return;

    const width = Math.max(270, root.clientWidth - 32), wide = (width - EDGES) / (last + 1);
    drawPlots(width, wide);
    // The thumb, 24 pixels wide, stands under its character.
    placeSlider.node.style = `width:${wide * last + 24}px;margin-left:${LEFT + wide / 2 - 12}px`;
    placeSlider.input.max = last + 1;
    placeSlider.show(at + 1);

    showOdds();
    holdSlider.node.firstChild.textContent = `Hold ${whose} from ${from} on at`;
    holdSlider.node.className = `cw-slider cw-${MAPS[gate][1]} is-${now.gate}`;
    holdSlider.show(now.clamp);
    ends.hidden = gate !== "forget";
    listUnits();
    for (const trait in choices) choices[trait].show(now[trait]);
    setSlider.show(now.memory === "set" ? now.set_to : run.at("c", at, now.unit));
    ask();
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  const endTheme = onTheme(draw);
  tell("");
  draw();
  return () => {
    clearTimeout(timer);
    clearTimeout(later);
    observer.disconnect();
    endTheme();
    figure.close();
  };
}

export default { render };
