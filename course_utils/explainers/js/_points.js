// Two groups of points in a plane, the same as in Python (points.py), and a canvas that shows what a network makes of
// that plane. A fragment, to be taken in after _sampling.js and _figure.js.

const POINTS = 120;
const REACH = 2.6; // the plane goes from −REACH to REACH
const SIDE = 49; // places on each side of the plane at which a network is asked
const KEY = "● group 0, ◆ group 1; a ring: on the wrong side.";

// Each takes a point's group, 0 or 1, and two sources of random numbers.
const SHAPES = {
  clouds(group, uniform, normal) {
    const side = 2 * group - 1;
    return [0.85 * side + 0.6 * normal(), 0.5 * side + 0.6 * normal()];
  },
  xor(group, uniform) {
    const x = 0.25 + 1.9 * uniform();
    return [x, (0.25 + 1.9 * uniform()) * (1 - 2 * group)];
  },
  circles(group, uniform, normal) {
    return onCircle((group ? 2 : 0.8) + 0.2 * normal(), 2 * Math.PI * uniform());
  },
  moons(group, uniform, normal) {
    const [x, y] = onCircle(1.5, Math.PI * uniform());
    const side = 1 - 2 * group;
    return [side * (x - 0.55) + 0.15 * normal(), side * (y - 0.45) + 0.15 * normal()];
  },
  spiral(group, uniform, normal) {
    const out = uniform();
    return onCircle(0.25 + 1.95 * out, 6.5 * out + Math.PI * group).map((x) => x + 0.06 * normal());
  },
};

function onCircle(radius, turn) {
  return [radius * Math.cos(turn), radius * Math.sin(turn)];
}

/** The points of a data set, [x1, x2] each; point i is of group i % 2. */
function toyPoints(data) {
  const uniform = seededRandom(1);
  // Box and Muller (1958).
  const normal = () => onCircle(Math.sqrt(-2 * Math.log(1 - uniform())), 2 * Math.PI * uniform())[0];
  const points = [];
  for (let i = 0; i < POINTS; i++) {
    points.push(data === "xor" && i % 4 > 1 ? points[i - 2].map((x) => -x) : SHAPES[data](i % 2, uniform, normal));
  }
  return points;
}

function squash(sum) {
  return 1 / (1 + Math.exp(-sum));
}

/** The loss of the answer sigmoid(sum) to a point of this group: binary cross-entropy, without overflow. */
function lossAt(sum, group) {
  return Math.max(sum, 0) + Math.log1p(Math.exp(-Math.abs(sum))) - group * sum;
}

/** The places of the plane, row by row from the top, [x1, x2] each. */
function placesAround(middle) {
  const at = (k) => (2 * REACH * k) / (SIDE - 1) - REACH;
  return Array.from({ length: SIDE * SIDE }, (_, k) => [middle + at(k % SIDE), middle - at(Math.floor(k / SIDE))]);
}

/** Clear a canvas and make it this large in CSS pixels; gives a pen, and the theme's colours. */
function startCanvas(node, width, height) {
  const dense = window.devicePixelRatio || 1;
  const [wide, high] = [width, height].map((length) => Math.round(length * dense));
  // To set a size, even the same one, takes a new picture each time.
  if (node.width !== wide) node.width = wide;
  if (node.height !== high) node.height = high;
  node.style.width = `${width}px`;
  const style = getComputedStyle(node);
  const pen = node.getContext("2d");
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `13px ${style.fontFamily}`;
  const names = ["ink", "line", "paper", "input", "state"];
  return { pen, colours: Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--cw-${name}`)])) };
}

const BRUSH = element("canvas", { width: SIDE, height: SIDE }).getContext("2d");
const IMAGE = BRUSH.createImageData(SIDE, SIDE);

/**
 * A square of the plane: numbers from −1 (the colour of inputs) over 0 (none) to 1 (that of states).
 * Of `values`, with `count` at each place, it shows number `unit`; sums first become 2 sigmoid(sum) − 1.
 */
function paintSquare({ pen, colours }, [left, top, size], values, areSums, count = 1, unit = 0) {
  const { data } = IMAGE;
  const [below, above] = [colours.input, colours.state].map((each) =>
    each.match(/\w\w/g).map((pair) => parseInt(pair, 16)),
  );
  for (let k = 0; k < SIDE * SIDE; k++) {
    const each = values[k * count + unit];
    const shown = areSums ? 2 * squash(each) - 1 : each;
    const tone = shown < 0 ? below : above;
    for (let part = 0; part < 3; part++) data[4 * k + part] = tone[part];
    data[4 * k + 3] = 130 * Math.min(1, Math.abs(shown));
  }
  BRUSH.putImageData(IMAGE, 0, 0);
  pen.clearRect(left, top, size, size);
  // The middle of the outermost pixels is on the rim.
  pen.drawImage(BRUSH.canvas, 0.5, 0.5, SIDE - 1, SIDE - 1, left, top, size, size);
  pen.strokeStyle = colours.line;
  pen.strokeRect(left, top, size, size);
}

/** The line on which the values are zero, piece by piece through each cell of four places. */
function strokeBorder(pen, values, size) {
  const cell = size / (SIDE - 1);
  const corners = [0, 1, SIDE + 1, SIDE];
  pen.beginPath();
  for (let k = 0; k < SIDE * (SIDE - 1); k++) {
    if (k % SIDE === SIDE - 1) continue;
    let isOn = false;
    corners.forEach((corner, side) => {
      const next = (side + 1) % 4;
      const [from, to] = [k + corner, k + corners[next]];
      if (values[from] < 0 === values[to] < 0) return;
      const share = values[from] / (values[from] - values[to]);
      const along = (of) => cell * (of(from) + share * (of(to) - of(from)));
      pen[isOn ? "lineTo" : "moveTo"](along((at) => at % SIDE), along((at) => Math.floor(at / SIDE)));
      isOn = !isOn;
    });
  }
  pen.stroke();
}

/**
 * The plane with its points: circles are group 0, diamonds group 1, and a point on the wrong side has a ring.
 * `sums` and, dashed, `before` are a network's at `placesAround(middle)`: where they are 0 is the border.
 */
function drawPlane(node, { size, sums, before, points, isRight, middle = 0, describe }) {
  node.setAttribute("aria-label", describe);
  const canvas = startCanvas(node, size, size);
  const { pen, colours } = canvas;
  paintSquare(canvas, [0, 0, size], sums, true);
  pen.strokeStyle = pen.fillStyle = colours.ink;
  pen.fillText("x₂ ↑", 6, 16);
  pen.fillText("x₁ →", size - 32, size - 7);
  pen.lineWidth = 1.5;
  if (before) {
    pen.setLineDash([5, 4]);
    strokeBorder(pen, before, size);
    pen.setLineDash([]);
  }
  pen.lineWidth = 2.5;
  strokeBorder(pen, sums, size);
  pen.lineWidth = 1.2;
  points.forEach((point, i) => {
    const [x, y] = point.map((each) => ((each - middle + REACH) / (2 * REACH)) * size);
    const round = (radius) => {
      pen.beginPath();
      pen.ellipse(x, size - y, radius, radius, 0, 0, 7);
    };
    round(4);
    if (i % 2) {
      pen.beginPath();
      for (const [dx, dy] of [[0, 5.5], [5.5, 0], [0, -5.5], [-5.5, 0]]) pen.lineTo(x + dx, size - y + dy);
      pen.closePath();
    }
    pen.fillStyle = i % 2 ? colours.state : colours.input;
    pen.strokeStyle = colours.paper;
    pen.fill();
    pen.stroke();
    if (isRight(i)) return;
    round(8);
    pen.strokeStyle = colours.ink;
    pen.stroke();
  });
}
