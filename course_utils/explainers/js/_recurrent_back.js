// The way back: what an answer costs, and the gradient of that by weights, inputs and states, through time.
//
// A fragment, to be taken in after _recurrent.js:
//   //#include _recurrent.js
//   //#include _recurrent_back.js
//
//   const reading = network.forward(ids);
//   const { loss, dSums } = lossOf(reading, [1]);
//   const { dStates } = backThroughTime(reading, { dSums });
//   rowNorms(dStates.lstm_1.h, units);                        // the gradient's norm at each step
//
// d_z stands for the gradient of the loss by z, here dZ.

/**
 * What a softmax answer costs: −log of the probability of the right class.
 * @param {ArrayLike<number>} sums (outputs,), before the softmax.
 * @param {number} target the right class.
 * @returns {number} in nats; divide by Math.LN2 for bits.
 */
export function crossEntropy(sums, target) {
  const largest = Math.max(...sums);
  let total = 0;
  for (let j = 0; j < sums.length; j++) total += Math.exp(sums[j] - largest);
  return Math.log(total) + largest - sums[target];
}

/**
 * What a network's answers cost, by the head's own loss, and how that changes with the head's weighted sums.
 * @param {Reading} reading from `network.forward`.
 * @param {ArrayLike<number>} targets softmax: the class of each answer; else a number for each output.
 * @returns {{loss: number, dSums: Float32Array}} dSums of the shape of `reading.sums`.
 * @throws {Error} for another number of targets, or a class that is none.
 */
export function lossOf({ network, sums, answers }, targets) {
  const { outputs, activation, loss: kind, reduction } = network.head;
  const wanted = activation === "softmax" ? sums.length / outputs : sums.length;
  if (targets.length !== wanted) throw new Error(`there are ${targets.length} targets, expected ${wanted}`);
  const share = reduction === "sum" ? 1 : 1 / wanted, dSums = answers.slice();
  let loss = 0;
  for (let k = 0; k < wanted; k++) {
    const y = answers[k], a = sums[k], target = targets[k];
    if (activation === "softmax") {
      if (!(target >= 0 && target < outputs)) throw new Error(`there is no class ${target} of ${outputs}`);
      loss += crossEntropy(sums.subarray(k * outputs, (k + 1) * outputs), target);
      dSums[k * outputs + target] -= 1;
    } else if (kind === "binary_crossentropy") {
      loss += Math.max(a, 0) - a * target + Math.log1p(Math.exp(-Math.abs(a)));
      dSums[k] -= target;
    } else {
      const factor = kind === "half_squared_error" ? 0.5 : 1;
      loss += factor * (y - target) ** 2;
      dSums[k] = 2 * factor * (y - target) * ACTIVATIONS[activation][1](y);
    }
  }
  return { loss: loss * share, dSums: dSums.map((d) => d * share) };
}

/**
 * The gradients of a loss. Give one or more of its gradients by what comes out; they add up.
 *
 * What a hook has changed, or marked as held, counts as constant: no gradient passes it.
 * @param {Reading} reading from `network.forward`.
 * @param {object} gradients dSums: of the shape of `reading.sums`; dOutputs: (time, width), by what the last
 *   layer gives out at each step; dLast: (width,), by where it ends.
 * @returns {object} dWeights: by name (lstm_1.W_h, head.W_y, embedding), of the weights' shapes; dInputs:
 *   (time, features), by the vectors read; dStates: {lstm_1: {h, c}}, each (time, units), by the state after
 *   each step, in the order of time; dInitial: the same by the state before the first step, each (units,).
 */
export function backThroughTime(reading, { dSums, dOutputs, dLast }) {
  const { network, steps, runs } = reading, { W_y, outputs, weights } = network.head, width = W_y.length;
  const dWeights = zerosLike(weights, "head."), dStates = {}, dInitial = {};
  let d = new Float32Array(steps * width), dEnd = new Float32Array(width);
  if (dOutputs) d.set(dOutputs);
  if (dLast) dEnd.set(dLast);
  const [read, dRead] = network.everyStep ? [reading.outputs, d] : [reading.last, dEnd];
  for (let t = 0, at = 0; dSums && at < dSums.length; t++, at += outputs) {
    addOuter(dWeights["head.W_y"], outputs, read, t * width, width, dSums, at, 0, outputs);
    if (weights.b_y) addTo(dWeights["head.b_y"], 0, dSums, at, outputs);
    addBack(dRead, t * width, W_y, dSums, at, 0, outputs);
  }
  for (const layer of [...runs].reverse()) {
    const wide = d.length / steps, dBelow = new Float32Array(steps * layer[0].cell.features);
    let column = 0;
    for (const run of layer) {
      const { name, units } = run.cell, mine = new Float32Array(steps * units); // this cell's part of d
      for (let t = 0, k = column; t < steps; t++, k += wide) mine.set(d.subarray(k, k + units), t * units);
      const back = cellBackThroughTime(run, mine, dEnd && dEnd.subarray(column, column + units));
      addTo(dBelow, 0, back.dInputs, 0, dBelow.length);
      Object.assign(dWeights, back.dWeights);
      [dStates[name], dInitial[name]] = [back.dStates, back.dInitial];
      column += units;
    }
    [d, dEnd] = [dBelow, null];
  }
  if (network.embedding) {
    const features = network.features, dEmbedding = new Float32Array(network.embedding.length * features);
    reading.ids.forEach((id, t) => addTo(dEmbedding, id * features, d, t * features, features));
    dWeights.embedding = dEmbedding;
  }
  return { dWeights, dInputs: d, dStates, dInitial };
}

// One cell, the steps in reverse. dOutputs (time, units) is in the order of time; dLast (units,) is by h
// where the cell ended, or null.
function cellBackThroughTime(run, dOutputs, dLast) {
  const { cell, steps } = run, { name, units, columns, features, stateNames, weights } = cell;
  const zeros = (size) => Object.fromEntries(stateNames.map((state) => [state, new Float32Array(size)]));
  const d = zeros(units), dStates = zeros(steps * units); // by the state now; by the state after each step
  const dWeights = zerosLike(weights, "");
  const dA = new Float32Array(columns); // by the input's part of the weighted sums
  const dInputs = new Float32Array(steps * features);
  if (dLast) d.h.set(dLast);
  for (let t = steps - 1; t >= 0; t--) {
    const time = run.turned(t);
    addTo(d.h, 0, dOutputs, time * units, units);
    for (const state of stateNames) {
      dStates[state].set(d[state], time * units);
      dropHeld(run, t, state, d[state], 0);
    }
    STEPS_BACK[cell.kind](run, t, d, dA, dWeights);
    addOuter(dWeights.W_x, columns, run.x, time * features, features, dA, 0, 0, columns);
    if (dWeights.b) addTo(dWeights.b, 0, dA, 0, columns);
    addBack(dInputs, time * features, cell.W_x, dA, 0, 0, columns);
  }
  const named = Object.entries(dWeights).map(([weight, array]) => [`${name}.${weight}`, array]);
  return { dWeights: Object.fromEntries(named), dInputs, dStates, dInitial: d };
}

// One step back, by the kind of cell. From d, the gradient by the state after the step: dA, that by the
// input's part of the weighted sums, (blocks * units,), is set; those of the weights on the state are added to;
// and d becomes the gradient by the state before. n is the number of units.
const STEPS_BACK = {
  simple_rnn({ cell, gates: a, h }, t, d, dA, dWeights) {
    const n = cell.units, at = t * n, [f, slope] = ACTIVATIONS[cell.activation];
    // Not from h, which a hook may have changed.
    for (let j = 0; j < n; j++) dA[j] = d.h[j] * slope(f(a[at + j]));
    addOuter(dWeights.W_h, n, h, at, n, dA, 0, 0, n);
    d.h.fill(0);
    addBack(d.h, 0, cell.W_h, dA, 0, 0, n); // through W_h
  },

  lstm(run, t, d, dA, dWeights) {
    const { cell, gates: g, aside: tanhC, h, c } = run, n = cell.units, before = t * n, at = 4 * before;
    for (let j = 0; j < n; j++) {
      const i = g[at + j], f = g[at + n + j], candidate = g[at + 2 * n + j], o = g[at + 3 * n + j];
      const shown = tanhC[before + j];
      const dC = d.c[j] + d.h[j] * o * (1 - shown * shown); // along the cell state, and through h
      dA[j] = dC * candidate * i * (1 - i);
      dA[n + j] = dC * c[before + j] * f * (1 - f);
      dA[2 * n + j] = dC * i * (1 - candidate * candidate);
      dA[3 * n + j] = d.h[j] * shown * o * (1 - o);
      d.c[j] = dC * f; // the forget gate, and no weight
    }
    cell.gateNames.forEach((name, block) => dropHeld(run, t, name, dA, block * n));
    addOuter(dWeights.W_h, 4 * n, h, before, n, dA, 0, 0, 4 * n);
    d.h.fill(0);
    addBack(d.h, 0, cell.W_h, dA, 0, 0, 4 * n); // through all four weighted sums
  },

  gru(run, t, d, dA, dWeights) {
    const { cell, gates: g, aside: recall, h } = run, n = cell.units, before = t * n, at = 3 * before;
    const seen = new Float32Array(n), dSeen = new Float32Array(n); // r_t h_{t−1}, and the gradient by it
    const kept = new Float32Array(n); // the gradient that goes past the weights
    for (let j = 0; j < n; j++) {
      const z = g[at + j], r = g[at + n + j], candidate = g[at + 2 * n + j];
      dA[j] = d.h[j] * (h[before + j] - candidate) * z * (1 - z);
      dA[2 * n + j] = d.h[j] * (1 - z) * (1 - candidate * candidate);
      kept[j] = d.h[j] * z;
      seen[j] = r * h[before + j];
    }
    dropHeld(run, t, "candidate", dA, 2 * n);
    if (!cell.reset_after) addBack(dSeen, 0, cell.W_h, dA, 0, 2 * n, 3 * n);
    for (let j = 0; j < n; j++) {
      const r = g[at + n + j];
      const dR = cell.reset_after ? dA[2 * n + j] * recall[before + j] : dSeen[j] * h[before + j];
      dA[n + j] = dR * r * (1 - r);
      kept[j] += dSeen[j] * r;
    }
    dropHeld(run, t, "update", dA, 0);
    dropHeld(run, t, "reset", dA, n);
    d.h.set(kept);
    if (cell.reset_after) {
      // By h_{t−1} W_h + b_h, (3 * units,): the candidate's part went through the reset gate.
      const dH = dA.slice();
      for (let j = 0; j < n; j++) dH[2 * n + j] *= g[at + n + j];
      addOuter(dWeights.W_h, 3 * n, h, before, n, dH, 0, 0, 3 * n);
      if (dWeights.b_h) addTo(dWeights.b_h, 0, dH, 0, 3 * n);
      addBack(d.h, 0, cell.W_h, dH, 0, 0, 3 * n);
    } else {
      addOuter(dWeights.W_h, 3 * n, h, before, n, dA, 0, 0, 2 * n);
      addOuter(dWeights.W_h, 3 * n, seen, 0, n, dA, 0, 2 * n, 3 * n);
      addBack(d.h, 0, cell.W_h, dA, 0, 0, 2 * n);
    }
  },
};

// No gradient into what a hook held at row t of a run: d, from `at` on, is (units,).
function dropHeld(run, t, name, d, at) {
  if (!run.held) return;
  const held = run.heldRow(name, t);
  for (let j = 0; j < held.length; j++) if (held[j]) d[at + j] = 0;
}

function zerosLike(arrays, prefix) {
  const zeros = Object.entries(arrays).map(([name, { length }]) => [prefix + name, new Float32Array(length)]);
  return Object.fromEntries(zeros);
}

// The way back through y = x W: dX[k] += sum of W[k][j] dY[j] over the columns from ≤ j < to.
function addBack(dX, xAt, W, dY, yAt, from, to) {
  for (let k = 0; k < W.length; k++) {
    const A = W[k];
    let sum = 0;
    for (let j = from; j < to; j++) sum += A[j] * dY[yAt + j];
    dX[xAt + k] += sum;
  }
}

// And dW[k][j] += x[k] dY[j], for a matrix of so many rows and columns.
function addOuter(dW, columns, x, xAt, rows, dY, yAt, from, to) {
  for (let k = 0; k < rows; k++) {
    const a = x[xAt + k], row = k * columns;
    if (a !== 0) for (let j = from; j < to; j++) dW[row + j] += a * dY[yAt + j];
  }
}

/**
 * The L2 norm of each row, for gradient norms by step.
 * @param {Float32Array} array (time, width)
 * @param {number} width
 * @returns {Float32Array} (time,)
 */
export function rowNorms(array, width) {
  const norms = new Float32Array(array.length / width);
  for (let t = 0; t < norms.length; t++) norms[t] = Math.hypot(...array.subarray(t * width, (t + 1) * width));
  return norms;
}
