// Drawing the next character: temperature, top-k and top-p, with random numbers that a seed fixes.
//
// A fragment: a widget's module takes it in by `//#include _sampling.js`. It imports nothing.

/**
 * Random numbers that a seed fixes: the generator mulberry32, 32 bits of state, the same in every browser.
 * @param {number} seed a whole number.
 * @returns {() => number} from 0 to under 1.
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * How probable each class is to be drawn.
 * @param {ArrayLike<number>} sums (outputs,), the logits.
 * @param {object} [options] temperature: the sums are divided by it, 0 takes the largest; topK: only the k
 *   most probable, 0 for all; topP: of these, the fewest whose probabilities together reach p. Of equals, the
 *   first.
 * @returns {Float32Array} (outputs,), zero for what cannot be drawn.
 * @throws {Error} for a negative temperature or topK, a topP that is not over 0, or sums that are not finite.
 */
export function samplingProbabilities(sums, { temperature = 1, topK = 0, topP = 1 } = {}) {
  if (!(temperature >= 0 && topK >= 0 && topP > 0)) {
    throw new Error(`temperature ${temperature} and topK ${topK} must be at least 0, topP ${topP} over 0`);
  }
  const classes = sums.length, count = temperature === 0 ? 1 : Math.min(topK || classes, classes);
  let largest = -Infinity;
  for (let j = 0; j < classes; j++) largest = Math.max(largest, sums[j]); // NaN stays
  if (!Number.isFinite(largest)) throw new Error("the sums are not finite");
  const chances = new Float64Array(classes); // (outputs,), not yet divided by their sum
  for (let j = 0; j < classes; j++) chances[j] = Math.exp((sums[j] - largest) / (temperature || 1));

  let total = 0;
  const probabilities = new Float32Array(classes);
  if (count === classes && topP >= 1) {
    for (let j = 0; j < classes; j++) total += chances[j];
    for (let j = 0; j < classes; j++) probabilities[j] = chances[j] / total;
    return probabilities;
  }
  const order = Array.from(chances.keys()).sort((j, k) => sums[k] - sums[j] || j - k).slice(0, count);
  const enough = topP * order.reduce((sum, j) => sum + chances[j], 0);
  const kept = order.filter((j) => {
    if (total >= enough) return false;
    total += chances[j];
    return true;
  });
  for (const j of kept) probabilities[j] = chances[j] / total;
  return probabilities;
}

/**
 * Draw a class.
 * @param {ArrayLike<number>} sums (outputs,), the logits.
 * @param {object} options as in `samplingProbabilities`.
 * @param {() => number} random from `seededRandom`; one number is taken from it.
 * @returns {number} the class.
 */
export function sample(sums, options, random) {
  const chances = samplingProbabilities(sums, options);
  let left = random(), drawn = 0;
  for (let j = 0; j < chances.length && left >= 0; j++) {
    if (chances[j] > 0) [drawn, left] = [j, left - chances[j]];
  }
  return drawn;
}
