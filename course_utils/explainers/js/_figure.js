// What the living figures share. This text is put into each module: nothing here is imported or exported.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** An HTML element: `element("p", { class: "cw-note" }, "text", node)`; `onclick` and the like add a listener. */
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element, made in the same way. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A number with a real minus sign, and no sign where it rounds to zero. */
function fixed(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A gradient: three digits, and where those would all be zero, its power of ten: 4·10⁻⁵. */
function tiny(value) {
  if (Number(value.toFixed(3)) !== 0 || Math.abs(value) < 1e-12) return fixed(value, 3);
  const [digit, power] = value.toExponential(0).split("e-");
  return `${digit.replace("-", "−")}·10⁻${[...power].map((each) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[each]).join("")}`;
}

/** The same with its sign always shown, for what is added to something. */
function signed(value) {
  const text = tiny(value);
  return value > 1e-12 ? `+${text}` : text;
}

/** The shortest text of a number, for links and fields: 0.2, not 0.20000000000000001. */
function plain(value) {
  return String(Number(value.toPrecision(12)));
}

/** What a symbol is about, and so its colour. */
function roleOf(symbol) {
  if (symbol.startsWith("dL/")) return "gradient";
  if (/^(x_|w_x)/.test(symbol)) return "input";
  if (/^(h_|w_h)/.test(symbol)) return "state";
  return symbol === "L" || symbol === "target" ? "output" : "plain";
}

/** A symbol as it is printed: `dL/dh_2` gives a coloured dL/dh with a small lowered 2. */
function symbol(name) {
  const [letter, index] = name.split("_");
  const node = element("span", { class: `cw-symbol cw-${roleOf(name)}` });
  node.append(element("i", {}, letter));
  if (index) node.append(element("sub", {}, index));
  return node;
}

/** Text with the symbols in it printed as symbols: nodes for `append`. */
function rich(text) {
  const parts = text.split(/(dL\/d[whx]_\w+|\b[whx]_\w+|\bL\b|\btarget\b)/);
  return parts.map((part, index) => (index % 2 ? symbol(part) : part)).filter((part) => part !== "");
}

/** A value in the colour of what it is the value of. */
function value(role, text) {
  return element("span", { class: `cw-value cw-${role}` }, text);
}

function button(label, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, label);
}

/** The one sentence that is read out: what just happened. While somebody drags, it waits until they rest. */
function statusLine() {
  const node = element("p", { class: "cw-status", role: "status" });
  let timer;
  return {
    node,
    say(...content) {
      clearTimeout(timer);
      node.replaceChildren(...content);
    },
    sayLater(makeContent, delay = 350) {
      clearTimeout(timer);
      timer = setTimeout(() => node.replaceChildren(...makeContent()), delay);
    },
    stop: () => clearTimeout(timer),
  };
}

/**
 * A labelled slider with its value beside it.
 *
 * @param options.name what is set: a symbol, such as `w_h`, or with `label` any name
 * @param options.label what to print instead of the symbol
 * @param options.note after the name
 * @param options.role whose colour it has; that of the symbol, if nothing is said
 * @param options.write how the value is written; two digits, if nothing is said
 */
function slider({ name, label, note, role = roleOf(name), range: [min, max, step], write = fixed, oninput }) {
  const input = element("input", { type: "range", min, max, step });
  // Not an <output>: that would be a second line that is read out. The slider itself says its value.
  const shown = element("span", { class: "cw-slider-value", "aria-hidden": "true" });
  const node = element(
    "label",
    { class: `cw-slider cw-${role}`, "data-field": name },
    element("span", { class: "cw-slider-name" }, label ?? symbol(name), note ? ` ${note}` : ""),
    shown,
    input,
  );
  input.addEventListener("input", () => oninput(Number(input.value)));
  return {
    node,
    input,
    show(number) {
      input.value = number;
      shown.textContent = write(number);
      input.setAttribute("aria-valuetext", write(number));
      // How full the track is, for the style sheet.
      input.style.setProperty("--filled", `${(100 * (number - min)) / (max - min)}%`);
    },
  };
}

/** A labelled field for one number; what cannot be read leaves the figure as it is. */
function numberInput({ name, range: [min, max, step], oninput }) {
  const input = element("input", { type: "number", min, max, step, inputmode: "decimal" });
  const node = element("label", { class: `cw-field cw-${roleOf(name)}`, "data-field": name }, symbol(name), input);
  input.addEventListener("input", () => {
    const number = input.valueAsNumber;
    const fits = number >= min && number <= max;
    input.setAttribute("aria-invalid", String(!fits));
    if (fits) oninput(number);
  });
  return {
    node,
    input,
    show(number) {
      // Not while somebody types: "0." is on its way to "0.5".
      if (input.valueAsNumber !== number && !(document.activeElement === input && input.value === "")) {
        input.value = plain(number);
      }
      input.setAttribute("aria-invalid", "false");
    },
  };
}

/** A labelled list to choose from: `options` are words, or pairs of a word and what to print. */
function choiceList({ label, options, oninput }) {
  const pairs = options.map((each) => [each].flat());
  const list = element("select", {}, ...pairs.map(([word, text = word]) => element("option", { value: word }, text)));
  list.addEventListener("input", () => oninput(list.value));
  return {
    node: element("label", { class: "cw-field" }, label, list),
    input: list,
    show(word) {
      list.value = word;
    },
  };
}

/** A labelled box to tick. */
function tickBox({ label, oninput }) {
  const input = element("input", { type: "checkbox" });
  input.addEventListener("input", () => oninput(input.checked));
  return {
    node: element("label", { class: "cw-choice" }, input, label),
    input,
    show(flag) {
      input.checked = flag;
    },
  };
}

/** A labelled field for a text, of one line or of more. */
function textInput({ label, longest, rows = 1, oninput }) {
  const input = element(rows > 1 ? "textarea" : "input", {
    ...(rows > 1 ? { rows } : { type: "text" }),
    maxlength: longest,
    spellcheck: "false",
    autocomplete: "off",
  });
  input.addEventListener("input", () => oninput(input.value));
  return {
    node: element("label", { class: "cw-text" }, element("span", {}, label), input),
    input,
    show(text) {
      if (input.value !== text) input.value = text;
    },
  };
}

let questions = 0;

/**
 * A question to answer before the figure does: radio buttons, side by side.
 *
 * `ask(text, options)` puts another question and forgets the last guess; `guess()` is the word chosen, or undefined.
 */
function question(onguess = () => {}) {
  const legend = element("legend");
  const choices = element("span");
  const node = element("fieldset", { class: "cw-question" }, legend, choices);
  const name = `guess-${(questions += 1)}`;
  // Choices are used again, so that whoever has the focus on one keeps it.
  function choiceAt(index) {
    if (choices.children[index]) return choices.children[index];
    const input = element("input", { type: "radio", name, oninput: () => onguess(input.value) });
    return choices.appendChild(element("label", { class: "cw-choice" }, input, element("span")));
  }
  return {
    node,
    ask(text, options) {
      legend.replaceChildren(...rich(text));
      options.forEach((_, index) => choiceAt(index));
      [...choices.children].forEach(({ classList, firstChild, lastChild }, index) => {
        const option = options[index] ?? "";
        classList.toggle("is-hidden", option === "");
        firstChild.checked = false;
        firstChild.value = lastChild.textContent = option;
      });
    },
    guess: () => choices.querySelector(":checked")?.value,
  };
}

/** What a guess is told, before the answer's own sentence. */
function verdict(guess, answer) {
  return guess === answer ? `You said ${guess}: right. ` : `You said ${guess}; it is ${answer}. `;
}

/**
 * All numbers as a table, for whoever does not see the drawing, and in full.
 *
 * @param head what stands above the columns: texts with symbols
 * @param makeRows called while the table is open: rows of a row's name and then its cells, each a number (or a number
 *   and its digits), or a text
 */
function numbersTable(head, makeRows, summary = "The numbers as a table") {
  const body = element("tbody");
  const top = element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, ...rich(name))));
  const node = element(
    "details",
    { class: "cw-details" },
    element("summary", {}, summary),
    element("div", { class: "cw-scroll", tabindex: 0, role: "group", "aria-label": summary },
      element("table", {}, element("thead", {}, top), body)),
  );
  const cell = (content) => {
    if (typeof content === "string") return element("td", {}, content);
    const [number, digits = 4] = [content].flat();
    return element("td", {}, element("data", { value: number }, fixed(number, digits)));
  };
  function show() {
    if (!node.open) return;
    body.replaceChildren(
      ...makeRows().map(([name, ...cells]) =>
        element("tr", {}, element("th", { scope: "row" }, ...rich(name)), ...cells.map(cell)),
      ),
    );
  }
  node.addEventListener("toggle", show);
  return { node, show };
}

/**
 * Keep JupyterLab's one-key shortcuts from taking the keys that a control needs, save Ctrl+S. It asks the focused element.
 *
 * Returns what ends that.
 */
function keepKeys(root) {
  const suppress = ({ target }, isOn) => target.toggleAttribute("data-lm-suppress-shortcuts", isOn);
  function onKey(event) {
    const isSaving = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
    if (root.contains(event.target)) suppress(event, !isSaving);
  }
  root.addEventListener("focusin", (event) => suppress(event, true));
  // Before JupyterLab, which listens at the document.
  window.addEventListener("keydown", onKey, true);
  return () => window.removeEventListener("keydown", onKey, true);
}

function prefersStillness() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// The state of a figure as a link writes it. A field reads text (undefined: it does not fit), checks, and writes.

function isBetween(number, [min, max]) {
  return typeof number === "number" && number >= min && number <= max;
}

function numberField(range) {
  return {
    read: (text) => (text.trim() !== "" && isBetween(Number(text), range) ? Number(text) : undefined),
    fits: (number) => isBetween(number, range),
    write: plain,
  };
}

function wholeField(range) {
  const field = numberField(range);
  const fits = (number) => Number.isInteger(number) && field.fits(number);
  return { ...field, fits, read: (text) => (fits(field.read(text)) ? Number(text) : undefined) };
}

function numbersField(range) {
  const [, , , least, most] = range;
  const one = numberField(range);
  const fits = (list) =>
    Array.isArray(list) && list.length >= least && list.length <= most && list.every(one.fits);
  return {
    read(text) {
      const list = text.split(",").map(one.read);
      return fits(list) ? list : undefined;
    },
    fits,
    write: (list) => list.map(plain).join(","),
  };
}

function choiceField(options) {
  const fits = (word) => options.includes(word);
  return { read: (text) => (fits(text) ? text : undefined), fits, write: String };
}

function flagField() {
  return { read: (text) => ({ 0: false, 1: true })[text], fits: (flag) => typeof flag === "boolean", write: Number };
}

function textField([longest, pattern]) {
  // Counted as Python counts: by characters, not by halves of one.
  const fits = (text) =>
    typeof text === "string" && [...text].length <= longest && (!pattern || new RegExp(`^(?:${pattern})$`, "su").test(text));
  return { read: (text) => (fits(text) ? text : undefined), fits, write: encodeURIComponent };
}

// By the names of the traits' classes.
const FIELDS = {
  Number: numberField,
  Whole: wholeField,
  Numbers: numbersField,
  Choice: choiceField,
  Flag: flagField,
  Text: textField,
};

/**
 * Everything about a figure that is not its subject: its frame, its state, its links, its end.
 *
 * @param options.model anywidget's model, or the page's
 * @param options.el where the figure goes
 * @param options.title what the figure is called
 * @param options.draw called once in each animation frame in which the state has changed
 * @param options.onlink called after a link has set the state, with the parts it set
 */
function openFigure({ model, el, title, draw, onlink }) {
  const ranges = model.get("ranges");
  const names = Object.keys(ranges);
  const fields = Object.fromEntries(names.map((each) => [each, FIELDS[model.get("kinds")[each]](ranges[each])]));
  for (const name of names) {
    if (!fields[name].fits(model.get(name))) throw new Error(`its state is damaged: "${name}"`);
  }
  const name = model.get("name");
  const status = statusLine();
  const root = element("div", { class: "cw cw-figure", role: "group", "aria-label": title, "data-figure": name });
  const releaseKeys = keepKeys(root);
  el.append(root);

  let frame = 0;
  function redraw() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  }

  function state() {
    return Object.fromEntries(names.map((each) => [each, model.get(each)]));
  }

  function set(changes) {
    for (const [key, content] of Object.entries(changes)) model.set(key, content);
    model.save_changes();
  }

  /** The whole state as an address: `#unroll?w_h=0.2&…`. */
  function link() {
    const query = names.map((each) => `${each}=${fields[each].write(model.get(each))}`).join("&");
    return `#${name}?${query}`;
  }

  /** Set the state that a link describes, all of it or, where something does not fit, none. */
  function follow(query) {
    const changes = {};
    for (const [key, text] of new URLSearchParams(query)) {
      const content = fields[key]?.read(text);
      if (content === undefined) {
        status.say(`The link does not fit this figure: ${key} = ${text}.`);
        return;
      }
      changes[key] = content;
    }
    set(changes);
    onlink(changes);
    if (document.querySelector(`[data-figure="${name}"]`) === root) {
      root.scrollIntoView({ block: "nearest", behavior: prefersStillness() ? "auto" : "smooth" });
    }
  }

  const queryOf = (hash) => (hash.startsWith(`#${name}?`) ? hash.slice(name.length + 2) : undefined);

  function onClick(event) {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const target = event.target.closest?.("a[href^='#']");
    const query = target && queryOf(target.getAttribute("href"));
    if (query === undefined || query === null) return;
    // Neither the page nor JupyterLab goes anywhere.
    event.preventDefault();
    follow(query);
  }

  function onAddress() {
    const query = queryOf(location.hash);
    if (query !== undefined) follow(query);
  }

  async function copyLink() {
    const onSite = root.closest(".course-widget") !== null;
    if (onSite) history.replaceState(null, "", link());
    const text = onSite ? location.href : link();
    try {
      await navigator.clipboard.writeText(text);
      status.say(onSite ? "The page’s address now leads to this state, and is copied." : `Copied: ${text}`);
    } catch {
      status.say(onSite ? "The page’s address now leads to this state." : `The link to this state: ${text}`);
    }
  }

  for (const each of names) model.on(`change:${each}`, redraw);
  document.addEventListener("click", onClick, true);
  window.addEventListener("hashchange", onAddress);

  return {
    root,
    status,
    state,
    set,
    linkButton: button("Link to this state", copyLink),
    close() {
      releaseKeys();
      cancelAnimationFrame(frame);
      status.stop();
      for (const each of names) model.off(`change:${each}`, redraw);
      document.removeEventListener("click", onClick, true);
      window.removeEventListener("hashchange", onAddress);
    },
  };
}
