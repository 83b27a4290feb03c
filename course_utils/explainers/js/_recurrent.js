// Recurrent networks in plain JavaScript: read a sequence, look at every gate and state, and interfere.
//
// A fragment: a widget's module takes it in by `//#include _recurrent.js`. It imports nothing; what it adds
// to the module stands at the left margin. The way back is in _recurrent_back.js, drawing in _sampling.js.
//
// The equations, the weights' names and the order of the gates are those of `course_utils.recurrent`. One
// sequence at a time, so there is no batch axis. Every array is a Float32Array, row after row: (time, units)
// keeps unit j at step t at [t * units + j].
//
//   const network = readNetwork(dataView);                    // a file of course_utils.explainers.weights
//   const reading = network.forward(ids);                     // or vectors, (time, features)
//   reading.answers; reading.at("lstm_1", "forget", t);       // (outputs,); (units,)
//
//   const stream = network.begin(), random = seededRandom(1); // text that writes itself
//   for (let id = first; ; id = sample(stream.sums, { temperature: 0.8 }, random)) network.step(stream, id);

const sigmoid = (a) => 0.5 * (1 + Math.tanh(0.5 * a)); // as 1 / (1 + exp(−a)), never overflows

// By name: f(a), and its slope f'(a) computed from y = f(a).
const ACTIVATIONS = {
  tanh: [Math.tanh, (y) => 1 - y * y],
  sigmoid: [sigmoid, (y) => y * (1 - y)],
  relu: [(a) => (a > 0 ? a : 0), (y) => (y > 0 ? 1 : 0)],
  linear: [(a) => a, () => 1],
};

/**
 * exp(a) over its sum; the largest is subtracted first, so that nothing overflows.
 * @param {ArrayLike<number>} sums (outputs,)
 * @returns {Float32Array} (outputs,)
 */
export function softmax(sums) {
  const largest = Math.max(...sums), powers = new Float32Array(sums.length);
  let total = 0;
  for (let j = 0; j < sums.length; j++) total += powers[j] = Math.exp(sums[j] - largest);
  for (let j = 0; j < sums.length; j++) powers[j] /= total;
  return powers;
}

// ---- Products. A matrix is used by its rows, views of one Float32Array: V8 then checks fewer bounds.

const rowsOf = (matrix, columns) =>
  Array.from({ length: matrix.length / columns }, (_, k) => matrix.subarray(k * columns, (k + 1) * columns));

// y[j] += sum over k of x[k] W[k][j], for the columns from ≤ j < to. Eight rows at a time, so that y is read
// and written an eighth as often; rows of zeros are skipped, which makes one-hot inputs cheap.
function addProduct(y, yAt, x, xAt, W, from, to) {
  const rows = W.length;
  let k = 0;
  for (; k + 8 <= rows; k += 8, xAt += 8) {
    const a = x[xAt], b = x[xAt + 1], c = x[xAt + 2], d = x[xAt + 3];
    const e = x[xAt + 4], f = x[xAt + 5], g = x[xAt + 6], h = x[xAt + 7];
    if (a === 0 && b === 0 && c === 0 && d === 0 && e === 0 && f === 0 && g === 0 && h === 0) continue;
    const A = W[k], B = W[k + 1], C = W[k + 2], D = W[k + 3];
    const E = W[k + 4], F = W[k + 5], G = W[k + 6], H = W[k + 7];
    for (let j = from; j < to; j++) {
      y[yAt + j] += a * A[j] + b * B[j] + c * C[j] + d * D[j] + e * E[j] + f * F[j] + g * G[j] + h * H[j];
    }
  }
  for (; k < rows; k++, xAt++) {
    const a = x[xAt], A = W[k];
    if (a !== 0) for (let j = from; j < to; j++) y[yAt + j] += a * A[j];
  }
}

// y += x, from the offsets on.
function addTo(y, yAt, x, xAt, count) {
  for (let j = 0; j < count; j++) y[yAt + j] += x[xAt + j];
}

// ---- What a cell keeps of its run. Rows are in the order in which the cell read.

class Run {
  constructor(cell, steps, state, hook) {
    const { units, blocks, stateNames } = cell;
    this.cell = cell;
    this.steps = steps;
    this.hook = hook;
    this.first = 0; // the time of row 0
    this.gates = new Float32Array(steps * blocks * units); // (time, blocks * units)
    this.aside = new Float32Array(steps * units); // (time, units): tanh(c), or what the GRU recalls
    for (const name of stateNames) {
      this[name] = new Float32Array((1 + steps) * units); // (1 + time, units): at first, after each step
      if (state) this[name].set(state[name]);
    }
    // Which gates, then which states a hook has set, (time, (blocks + states) * units).
    this.held = hook ? new Uint8Array(steps * (blocks + stateNames.length) * units) : null;
  }

  /** A gate or a state at row t, (units,): a view, which may be written to. */
  row(name, t) {
    const { units, blocks, gateNames, stateNames, asideName } = this.cell;
    if (stateNames.includes(name)) return this[name].subarray((t + 1) * units, (t + 2) * units);
    if (name === asideName) return this.aside.subarray(t * units, (t + 1) * units);
    const block = gateNames.indexOf(name);
    if (block < 0) throw new Error(`${this.cell.name} has no ${name}, only ${[...gateNames, ...stateNames]}`);
    return this.gates.subarray((t * blocks + block) * units, (t * blocks + block + 1) * units);
  }

  // From row to time and from time to row.
  turned(t) {
    return this.cell.reversed ? this.steps - 1 - t : t;
  }

  heldRow(name, t) {
    const { units, blocks, gateNames, stateNames } = this.cell, all = [...gateNames, ...stateNames];
    const from = (t * (blocks + stateNames.length) + all.indexOf(name)) * units;
    return this.held.subarray(from, from + units);
  }

  // Let the hook see and change some of row t. What it changed counts as held.
  edit(t, names) {
    if (!this.hook) return;
    const each = (get) => Object.fromEntries(names.map((name) => [name, get(name)]));
    const values = each((name) => this.row(name, t)), held = each((name) => this.heldRow(name, t));
    const found = each((name) => values[name].slice());
    this.hook({ cell: this.cell.name, t: this.first + this.turned(t), values, held });
    for (const name of names) {
      found[name].forEach((x, j) => { if (values[name][j] !== x) held[name][j] = 1; });
    }
  }

  // Make the state after the only step the state before the next one.
  shift() {
    for (const name of this.cell.stateNames) this[name].copyWithin(0, this.cell.units);
    this.first++;
  }

  /** The state before row t, copied: {h: (units,), c: (units,)}. */
  stateBefore(t) {
    const { stateNames, units } = this.cell;
    return Object.fromEntries(stateNames.map((name) => [name, this[name].slice(t * units, (t + 1) * units)]));
  }
}

// ---- Cells: the same weights at every step.

class Cell {
  static stateNames = ["h"];
  static gateNames = [];
  static blocks = 1; // weight matrices side by side in W_x and in W_h

  constructor(spec, weights) {
    const { stateNames, gateNames, blocks, asideName } = this.constructor;
    Object.assign(this, { stateNames, gateNames, blocks, asideName }, spec);
    this.weights = weights; // by name; write into the arrays to change the cell
    this.columns = blocks * this.units;
    this.W_x = rowsOf(weights.W_x, this.columns); // (features, blocks * units)
    this.W_h = rowsOf(weights.W_h, this.columns); // (units, blocks * units)
  }

  static shapes({ features, units, use_bias: bias }) {
    const columns = this.blocks * units;
    return { W_x: [features, columns], W_h: [units, columns], ...(bias && { b: [columns] }) };
  }

  // Put x_t W_x + b into the gates of row t: what the input adds to the weighted sums.
  readInput(run, t, x, xAt) {
    const at = t * this.columns;
    if (this.weights.b) run.gates.set(this.weights.b, at);
    else run.gates.fill(0, at, at + this.columns);
    addProduct(run.gates, at, x, xAt, this.W_x, 0, this.columns);
  }

  // Row t, from the input's part and the state before.
  advance(run, t) {
    this.step(run, t);
    run.edit(t, this.stateNames);
  }

  /** Read whole sequences: x (time, features), in the order of time. */
  forward(x, steps, state, hook) {
    const run = new Run(this, steps, state, hook);
    run.x = x;
    for (let t = 0; t < steps; t++) {
      this.readInput(run, t, x, run.turned(t) * this.features);
      this.advance(run, t);
    }
    return run;
  }
}

// h_t = f(x_t W_x + h_{t−1} W_h + b)
class SimpleRNN extends Cell {
  step(run, t) {
    const n = this.units, at = t * n, [f] = ACTIVATIONS[this.activation], { gates: a, h } = run;
    addProduct(a, at, h, at, this.W_h, 0, n);
    for (let j = at; j < at + n; j++) h[n + j] = f(a[j]);
  }
}

// i_t = sigmoid(x_t W_xi + h_{t−1} W_hi + b_i)      input gate
// f_t = sigmoid(x_t W_xf + h_{t−1} W_hf + b_f)      forget gate
// c̃_t = tanh(x_t W_xc + h_{t−1} W_hc + b_c)         candidate
// o_t = sigmoid(x_t W_xo + h_{t−1} W_ho + b_o)      output gate
// c_t = f_t c_{t−1} + i_t c̃_t                       cell state
// h_t = o_t tanh(c_t)                               hidden state
class LSTM extends Cell {
  static stateNames = ["h", "c"];
  static gateNames = ["input", "forget", "candidate", "output"];
  static asideName = "tanh_c";
  static blocks = 4;

  step(run, t) {
    const n = this.units, before = t * n, after = before + n, { gates: g, aside: tanhC, h, c } = run;
    const i = 4 * before, f = i + n, candidate = f + n, o = candidate + n; // where each gate begins in g
    addProduct(g, i, h, before, this.W_h, 0, 4 * n); // one product for all four
    for (let j = i; j < candidate; j++) g[j] = sigmoid(g[j]);
    for (let j = candidate; j < o; j++) g[j] = Math.tanh(g[j]);
    for (let j = o; j < o + n; j++) g[j] = sigmoid(g[j]);
    run.edit(t, this.gateNames);
    for (let j = 0; j < n; j++) {
      c[after + j] = g[f + j] * c[before + j] + g[i + j] * g[candidate + j];
      tanhC[before + j] = Math.tanh(c[after + j]);
      h[after + j] = g[o + j] * tanhC[before + j];
    }
  }
}

// z_t = sigmoid(x_t W_xz + h_{t−1} W_hz + b_z)      update gate
// r_t = sigmoid(x_t W_xr + h_{t−1} W_hr + b_r)      reset gate
// h̃_t = tanh(x_t W_xh + (r_t h_{t−1}) W_hh + b_h)   candidate
// h_t = z_t h_{t−1} + (1 − z_t) h̃_t                 state
// With reset_after: h̃_t = tanh(x_t W_xh + b_h + r_t (h_{t−1} W_hh + b_hh)), and b_hz, b_hr likewise.
class GRU extends Cell {
  static gateNames = ["update", "reset", "candidate"];
  static asideName = "recall"; // what the state adds to the candidate's sum, or with reset_after would add
  static blocks = 3;

  static shapes(spec) {
    return { ...super.shapes(spec), ...(spec.use_bias && spec.reset_after && { b_h: [3 * spec.units] }) };
  }

  step(run, t) {
    const n = this.units, before = t * n, after = before + n, { gates: g, aside: recall, h } = run;
    const z = 3 * before, r = z + n, candidate = r + n; // where each gate begins in g
    const { b_h } = this.weights;
    addProduct(g, z, h, before, this.W_h, 0, 2 * n);
    if (b_h) addTo(g, z, b_h, 0, 2 * n);
    for (let j = z; j < candidate; j++) g[j] = sigmoid(g[j]);
    run.edit(t, ["update", "reset"]);
    recall.fill(0, before, after);
    if (this.reset_after) {
      if (b_h) addTo(recall, before, b_h, 2 * n, n);
      addProduct(recall, before - 2 * n, h, before, this.W_h, 2 * n, 3 * n);
      for (let j = 0; j < n; j++) {
        g[candidate + j] = Math.tanh(g[candidate + j] + g[r + j] * recall[before + j]);
      }
    } else {
      const seen = new Float32Array(n); // (units,)
      for (let j = 0; j < n; j++) seen[j] = g[r + j] * h[before + j];
      addProduct(recall, before - 2 * n, seen, 0, this.W_h, 2 * n, 3 * n);
      for (let j = 0; j < n; j++) g[candidate + j] = Math.tanh(g[candidate + j] + recall[before + j]);
    }
    run.edit(t, ["candidate"]);
    for (let j = 0; j < n; j++) h[after + j] = g[z + j] * h[before + j] + (1 - g[z + j]) * g[candidate + j];
  }
}

const CELLS = { simple_rnn: SimpleRNN, lstm: LSTM, gru: GRU };

// ---- Networks: layers of cells, one above the other, and a dense head.

/** One run of a network over a sequence, or a stream that goes on step by step. */
class Reading {
  /** A gate or a state of a cell at time t, (units,): a view. In a stream t is left out. */
  at(cell, name, t = 0) {
    const run = this.runs.flat().find((r) => r.cell.name === cell);
    if (!run) throw new Error(`there is no cell ${cell}, only ${this.runs.flat().map((r) => r.cell.name)}`);
    return run.row(name, run.turned(t));
  }

  /** A gate or a state of a cell at all times, (time, units), copied. */
  trace(cell, name) {
    const rows = Array.from({ length: this.steps }, (_, t) => this.at(cell, name, t));
    const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
    rows.forEach((row, t) => all.set(row, t * row.length));
    return all;
  }

  /** The state after the last step, copied, to begin another reading with: {lstm_1: {h, c}}. */
  state() {
    return Object.fromEntries(this.runs.flat().map((run) => [run.cell.name, run.stateBefore(run.steps)]));
  }
}

/** A stack of recurrent layers under a dense head, perhaps over an embedding. Made by `readNetwork`. */
class Network {
  constructor(header, arrays, weights) {
    this.weights = arrays; // all by name, such as lstm_1.W_h: the arrays themselves
    this.metadata = header.metadata;
    this.vocabulary = header.vocabulary; // the word of each id, or null
    this.padding = header.padding; // the id that it was trained to skip, or null: leave it out of the ids
    this.everyStep = header.every_step;
    this.head = { ...header.head, weights: weights.head, W_y: rowsOf(weights.head.W_y, header.head.outputs) };
    this.layers = header.layers.map((cells) =>
      cells.map((spec, k) => new CELLS[spec.kind]({ ...spec, reversed: k === 1 }, weights[spec.name])));
    this.features = this.layers[0][0].features;
    this.embedding = weights.embedding ? rowsOf(weights.embedding, this.features) : null; // (words, features)
    this.bidirectional = this.layers.some((cells) => cells.length > 1);
  }

  // What the first layer reads, (time, features), of ids or of vectors one after the other.
  vectors(inputs) {
    if (!this.embedding) {
      const { length } = inputs;
      if (length % this.features) throw new Error(`${length} inputs, expected ${this.features} a step`);
      return Float32Array.from(inputs);
    }
    const x = new Float32Array(inputs.length * this.features);
    inputs.forEach((id, t) => x.set(this.vectorOf(id), t * this.features));
    return x;
  }

  vectorOf(id) {
    const vector = this.embedding[id];
    if (!vector) throw new Error(`there is no word ${id}, only 0 to ${this.embedding.length - 1}`);
    return vector;
  }

  // Let the head read h (answers, width): {sums, answers}, each (answers, outputs).
  answer(h, count) {
    const { outputs, activation, W_y, weights } = this.head;
    const sums = new Float32Array(count * outputs);
    const answers = new Float32Array(sums.length);
    for (let t = 0, at = 0; t < count; t++, at += outputs) {
      if (weights.b_y) sums.set(weights.b_y, at);
      addProduct(sums, at, h, t * W_y.length, W_y, 0, outputs);
      const row = sums.subarray(at, at + outputs);
      answers.set(activation === "softmax" ? softmax(row) : row.map(ACTIVATIONS[activation][0]), at);
    }
    return { sums, answers };
  }

  /**
   * Read a whole sequence.
   * @param {ArrayLike<number>} inputs ids, (time,), with an embedding; else (time, features).
   * @param {object} [options] state: from `Reading.state()`; hook: sees and changes what is computed, see
   *   `clamp`.
   * @returns {Reading} sums and answers, (time, outputs) or (outputs,): the head's, before and after its
   *   activation; at, trace and state look inside; runs keep it all.
   */
  forward(inputs, { state, hook } = {}) {
    if (state && this.bidirectional) throw new Error("a bidirectional layer cannot carry on from a state");
    let x = this.vectors(inputs);
    const steps = x.length / this.features, runs = [];
    for (const cells of this.layers) {
      runs.push(cells.map((cell) => cell.forward(x, steps, state?.[cell.name], hook)));
      x = this.beside(runs.at(-1), steps);
    }
    const ends = runs.at(-1).flatMap(({ h, cell }) => [...h.subarray(-cell.units)]);
    const last = Float32Array.from(ends); // (width,)
    const read = this.everyStep ? this.answer(x, steps) : this.answer(last, 1);
    const ids = this.embedding && Array.from(inputs);
    return Object.assign(new Reading(), { network: this, steps, ids, runs, outputs: x, last, ...read });
  }

  // h of a layer's cells side by side, (time, width).
  beside(runs, steps) {
    const width = runs.reduce((sum, { cell }) => sum + cell.units, 0), all = new Float32Array(steps * width);
    let column = 0;
    for (const run of runs) {
      for (let t = 0; t < steps; t++) all.set(run.row("h", run.turned(t)), t * width + column);
      column += run.cell.units;
    }
    return all;
  }

  /**
   * Begin a stream. Between steps its state can be read and edited: stream.at("lstm_1", "c")[3] = 0.
   * It remembers what each id adds to the first sums: after changing W_x, b or the embedding, begin another.
   * @returns {Reading} of one step at a time.
   */
  begin({ state, hook } = {}) {
    if (this.bidirectional) throw new Error("a bidirectional layer needs whole sequences");
    const runs = this.layers.map(([cell]) => [new Run(cell, 1, null, hook)]);
    for (const [run] of runs) {
      run.first = -1;
      for (const name of run.cell.stateNames) if (state) run.row(name, 0).set(state[run.cell.name][name]);
    }
    return Object.assign(new Reading(), { network: this, steps: 1, runs, parts: new Map() });
  }

  /**
   * Read one step more.
   * @param {Reading} stream from `begin`; its sums and answers, each (outputs,), are set.
   * @param {number|ArrayLike<number>} x an id, or (features,).
   * @returns {Float32Array} the answers.
   */
  step(stream, x) {
    let part = stream.parts.get(x);
    if (!part) {
      part = this.partOf(this.embedding ? this.vectorOf(x) : x);
      if (this.embedding && stream.parts.size * part.length < 2e6) stream.parts.set(x, part);
    }
    Object.assign(stream, this.answer(this.follow(stream.runs, part), 1));
    return stream.answers;
  }

  // What a vector adds to the weighted sums of the first cell, (blocks * units,).
  partOf(vector) {
    const [[cell]] = this.layers, run = new Run(cell, 1);
    cell.readInput(run, 0, vector, 0);
    return run.gates;
  }

  // One step through all layers of a stream, given the input's part: h of the last, (units,).
  follow(runs, part) {
    let below = null;
    for (const [run] of runs) {
      run.shift();
      if (below) run.cell.readInput(run, 0, below, 0);
      else run.gates.set(part);
      run.cell.advance(run, 0);
      below = run.row("h", 0);
    }
    return below;
  }

  /**
   * The last answer without word k, for every k. What comes before k is not read again, unless the network is
   * bidirectional.
   * @param {ArrayLike<number>} ids (time,)
   * @param {object} [options] replaceBy: an id to read in place of word k, instead of leaving it out.
   * @returns {Float32Array} (time, outputs)
   */
  occlusion(ids, { replaceBy } = {}) {
    const { outputs } = this.head, all = new Float32Array(ids.length * outputs), whole = this.forward(ids);
    const part = (id) => this.partOf(this.vectorOf(id)), others = replaceBy === undefined ? [] : [replaceBy];
    const parts = this.bidirectional ? [] : Array.from(ids, part), otherParts = others.map(part);
    for (let k = 0; k < ids.length; k++) {
      let h;
      if (this.bidirectional) {
        h = this.forward([...ids.slice(0, k), ...others, ...ids.slice(k + 1)]).last;
      } else {
        const state = Object.fromEntries(whole.runs.map(([run]) => [run.cell.name, run.stateBefore(k)]));
        const stream = this.begin({ state });
        h = stream.runs.at(-1)[0].row("h", 0);
        for (const next of [...otherParts, ...parts.slice(k + 1)]) this.follow(stream.runs, next);
      }
      all.set(this.answer(h, 1).answers, k * outputs);
    }
    return all;
  }
}

/**
 * A hook that holds gates or states at a value, for `forward` and `begin`.
 *
 * A hook is a function of {cell, t, values, held}: values has the gates (before they are used), then the
 * states (after the step), by name, each (units,), to be written to. What it changes counts as constant on
 * the way back; held, likewise by name, is 1 there.
 * @param {object[]} settings each {name, value, unit, cell, from, to}: name a gate or h or c; all units,
 *   cells and times unless said; from ≤ t ≤ to.
 */
export function clamp(settings) {
  const known = Object.values(CELLS).flatMap(({ gateNames, stateNames }) => [...gateNames, ...stateNames]);
  for (const { name, value } of settings) {
    if (!known.includes(name)) throw new Error(`there is no gate ${name}, only ${[...new Set(known)]}`);
    if (!Number.isFinite(value)) throw new Error(`${name} is held at ${value}, expected a number`);
  }
  return ({ cell, t, values, held }) => {
    for (const { name, value, unit, cell: only = cell, from = 0, to = Infinity } of settings) {
      if (only !== cell || t < from || t > to || !(name in values)) continue;
      const { length } = values[name];
      if (unit >= length) throw new Error(`${cell} has no unit ${unit}, only 0 to ${length - 1}`);
      const units = unit === undefined ? [] : [unit, unit + 1];
      values[name].fill(value, ...units);
      held[name].fill(1, ...units);
    }
  };
}

// ---- Files. The layout is described in course_utils/explainers/weights.py.

function crc32(bytes) {
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
    return byte;
  });
  let crc = -1;
  for (let k = 0; k < bytes.length; k++) crc = (crc >>> 8) ^ table[(crc ^ bytes[k]) & 255];
  return ~crc >>> 0;
}

// Half precision: 1 bit of sign, 5 of exponent, 10 of fraction; the numbers are finite.
function fromFloat16(halves) {
  const floats = new Float32Array(halves.length), bits = new Uint32Array(floats.buffer);
  for (let k = 0; k < halves.length; k++) {
    const half = halves[k], sign = (half & 0x8000) << 16;
    if (half & 0x7c00) bits[k] = sign | (((half & 0x7fff) << 13) + 0x38000000);
    else floats[k] = (sign ? -1 : 1) * (half & 0x3ff) * 2 ** -24;
  }
  return floats;
}

/**
 * The network in a file that `pack_network` made.
 * @param {DataView} view the whole file.
 * @returns {Network}
 * @throws {Error} for a file that is damaged, cut short, or of another version.
 */
export function readNetwork(view) {
  const fail = (why) => { throw new Error(`this is no network that can be read: ${why}`); };
  if (view.byteLength < 20) fail(`it has ${view.byteLength} bytes`);
  const prefix = [0, 4, 8, 12, 16].map((at) => view.getUint32(at, true));
  const [magic, version, headerLength, payloadLength, crc] = prefix;
  if (magic !== 0x4e4e5255) fail("it does not begin with URNN");
  if (version !== 1) fail(`it is of version ${version}, expected 1`);
  const length = headerLength + payloadLength;
  if (view.byteLength !== 20 + length) fail(`it has ${view.byteLength} bytes, expected ${20 + length}`);
  // Copied, so that every array begins at a multiple of its size.
  const bytes = new Uint8Array(view.buffer, view.byteOffset + 20, length).slice();
  if (crc32(bytes) !== crc) fail("its checksum is wrong");
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, headerLength)));

  let at = headerLength;
  const take = (Type, count) => {
    const array = new Type(bytes.buffer, at, count);
    at += Math.ceil(array.byteLength / 4) * 4;
    return array;
  };
  const arrays = {};
  for (const { name, shape, stored } of header.arrays) {
    const [rows, columns] = shape.length > 1 ? shape : [1, shape[0]], count = rows * columns;
    if (stored === "float32") arrays[name] = take(Float32Array, count).slice();
    else if (stored === "float16") arrays[name] = fromFloat16(take(Uint16Array, count));
    else {
      // One scale a word in an embedding, one an output column in any other matrix.
      const byRow = name === "embedding", scales = take(Float32Array, byRow ? rows : columns);
      const whole = take(Int8Array, count), array = (arrays[name] = new Float32Array(count));
      for (let k = 0, i = 0; k < rows; k++) {
        for (let j = 0; j < columns; j++, i++) array[i] = whole[i] * scales[byRow ? k : j];
      }
    }
  }
  if (at !== bytes.length) fail(`its arrays take ${at - headerLength} bytes of ${payloadLength}`);

  const weights = { embedding: arrays.embedding, head: {} };
  const put = (owner, name, shape) => {
    const key = `${owner}.${name}`, size = shape.reduce((product, length) => product * length, 1);
    if (arrays[key]?.length !== size) fail(`it has no ${key} of shape (${shape.join(", ")})`);
    (weights[owner] ??= {})[name] = arrays[key];
  };
  for (const spec of header.layers.flat()) {
    if (!CELLS[spec.kind]) fail(`there is no cell ${spec.kind}`);
    for (const [name, shape] of Object.entries(CELLS[spec.kind].shapes(spec))) put(spec.name, name, shape);
  }
  const { features, outputs, use_bias: bias } = header.head;
  put("head", "W_y", [features, outputs]);
  if (bias) put("head", "b_y", [outputs]);
  return new Network(header, arrays, weights);
}
