// One question, alive in JupyterLab and on the site: asked, answered, judged from what lies sealed in its state, kept.
//
// The verdict is that of `judge.py`, to the digit. In JupyterLab Python keeps the answer; on the site the browser does.
//#include _figure.js
//#include _strings.js
//#include _sha256.js
//#include _normalise.js

const STORE = "unrolled-quiz"; // the key in the browser, and the event on the window after a change
const MOST_ATTEMPTS = 10_000;
const KEY_LENGTH = 16;
const BLOCKS = /^(?:P|PRE|UL|OL|BLOCKQUOTE|DIV|HR|TABLE|H\d)$/;

// Names for labels to point at; in JupyterLab each question has a module of its own, so not only a number.
const RUN = Math.random().toString(36).slice(2, 8);
let named = 0;
function newId() {
  named += 1;
  return `quiz-${RUN}-${named}`;
}

// What is asked, and what an answer is worth.

function key(...parts) {
  return digest(...parts).slice(0, KEY_LENGTH);
}

function unseal(name, sealed) {
  const bytes = Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0));
  let block;
  for (let at = 0; at < bytes.length; at += 1) {
    if (at % 32 === 0) block = digestBytes("sealed", name, String(at / 32));
    bytes[at] ^= block[at % 32];
  }
  return JSON.parse(new TextDecoder().decode(bytes));
}

function seededOrder(ids, seed, context) {
  const ranks = new Map(ids.map((id) => [id, digest(seed, context, id)]));
  return [...ids].sort((one, other) => (ranks.get(one) < ranks.get(other) ? -1 : 1));
}

function idsOf(parts) {
  return parts.map(({ id }) => id);
}

/** The question that is shown at a place: the one that was answered there, or what is drawn for this seed. */
function drawn(place, seed, record) {
  const answered = place.questions.find(({ id }) => id === record?.question);
  if (answered || place.questions.length === 1) return answered ?? place.questions[0];
  const order = seededOrder(idsOf(place.questions), seed, place.pool);
  return place.questions.find(({ id }) => id === order[place.index]);
}

function isSelection(chosen, ids) {
  return Array.isArray(chosen) && chosen.every((id) => ids.includes(id)) && new Set(chosen).size === chosen.length;
}

/** Whether something can be an answer to this question. */
function isAnswer(asked, given) {
  const isText = typeof given === "string" && !isTooLong(given) && !/\p{Surrogate}/u.test(given);
  switch (asked.type) {
    case "single":
      return idsOf(asked.options).includes(given);
    case "several":
      return isSelection(given, idsOf(asked.options)) && given.length > 0;
    case "order":
      return isSelection(given, idsOf(asked.options)) && given.length === asked.options.length;
    case "match": {
      const rights = idsOf(asked.right);
      const isMapping = typeof given === "object" && given !== null;
      return isMapping && asked.left.every(({ id }) => Object.hasOwn(given, id) && rights.includes(given[id]));
    }
    case "number":
      return isText && readNumber(given, asked.unit) !== null;
    default:
      return isText && normalOutput(given) !== "";
  }
}

function mean(flags) {
  return flags.filter(Boolean).length / flags.length;
}

/**
 * The verdict on something that is an answer.
 *
 * `share` is the part of the points, null where only the grader knows; `reasons` are HTML; `hits` says which parts of the
 * answer are right, by the id of an option (a left one where things are matched).
 */
function judge(asked, given) {
  if (asked.mode === "exam") return { share: null, reasons: [], hits: {} };
  const { id: name, keys, scoring = "all-or-nothing" } = asked;
  const hidden = unseal(name, asked.sealed);
  const partly = scoring !== "all-or-nothing";
  const told = (share, ids, isHit) => {
    const hits = Object.fromEntries(ids.map((id, at) => [id, isHit(id, at)]));
    return { share: share(Object.values(hits)), reasons: ids.map((id) => hidden.reasons[id]), hits };
  };
  const inParts = (hits) => (partly ? mean(hits) : Number(hits.every(Boolean)));
  switch (asked.type) {
    case "single":
      return told(mean, [given], (id) => keys.includes(key(name, id)));
    case "several": {
      const chosen = idsOf(asked.options).filter((id) => given.includes(id));
      const share = (hits) => {
        const right = hits.filter(Boolean).length;
        const wrong = hits.length - right;
        const missed = keys.length - right;
        if (scoring === "per-option") return (asked.options.length - wrong - missed) / asked.options.length;
        if (scoring === "right-minus-wrong") return Math.max(0, right - wrong) / keys.length;
        return Number(wrong + missed === 0);
      };
      return told(share, chosen, (id) => keys.includes(key(name, id)));
    }
    case "order":
      return told(inParts, given, (id, at) => keys[at] === key(name, String(at), id));
    case "match":
      return told(inParts, idsOf(asked.left), (id) => keys.includes(key(name, id, given[id])));
    case "number":
      return judgeNumber(hidden, readNumber(given, asked.unit));
    default:
      return judgeText(asked, hidden, given);
  }
}

function judgeNumber(hidden, number) {
  const isNear = (answer) => {
    const allowed = Math.max(hidden.absolute, hidden.relative * Math.abs(answer));
    return Math.abs(number - answer) <= allowed + 1e-9 * Math.max(1, Math.abs(answer));
  };
  if (isNear(hidden.answer)) return { share: 1, reasons: [hidden.reason], hits: {} };
  const mistake = hidden.mistakes.find(({ answer }) => isNear(answer));
  return { share: 0, reasons: [mistake ? mistake.html : hidden.other], hits: {} };
}

function judgeText(asked, hidden, given) {
  const normal = (text) =>
    asked.type === "output" ? normalOutput(text) : normalText(text, asked.caseSensitive, asked.ignoreSpaces);
  if (asked.keys.includes(key(asked.id, normal(given)))) return { share: 1, reasons: [hidden.reason], hits: {} };
  const mistake = hidden.mistakes.find(({ text }) => normal(text) === normal(given));
  if (!mistake && asked.open) return { share: null, reasons: [], hits: {} };
  return { share: 0, reasons: [mistake ? mistake.html : hidden.other], hits: {} };
}

/** The points of a share, to two digits, at this attempt (from 1). */
function pointsOf(asked, share, attempt) {
  if (attempt > (asked.most ?? Infinity)) return 0;
  const decay = asked.decay ?? [1];
  const points = asked.points * share * decay[Math.min(attempt, decay.length) - 1];
  return Math.floor(points * 100 + 0.5) / 100;
}

/** What a kept answer comes to: its verdict, its points (null where only the grader knows), and whether more can come. */
function worthOf(asked, record) {
  const told = isAnswer(asked, record.value) ? judge(asked, record.value) : { share: 0, reasons: [], hits: {} };
  const points = told.share === null ? null : pointsOf(asked, told.share, record.attempt);
  const right = told.share === 1;
  return { told, points, right, done: right || told.share === null || record.attempts >= (asked.most ?? Infinity) };
}

/** What is to be kept after one more answer: of those that have points, the best. */
function recordAfter(asked, record, given) {
  const attempt = Math.min((record?.attempts ?? 0) + 1, MOST_ATTEMPTS);
  const next = { question: asked.id, value: given, attempt, attempts: attempt };
  const before = record ? worthOf(asked, record).points : null;
  const now = worthOf(asked, next).points;
  return before !== null && now !== null && before >= now ? { ...record, attempts: attempt } : next;
}

// Where answers are kept.

function cleanRecord(found) {
  const isCount = (number) => Number.isInteger(number) && number >= 1 && number <= MOST_ATTEMPTS;
  if (typeof found?.question !== "string" || found.value === undefined) return null;
  const attempt = isCount(found.attempt) ? found.attempt : 1;
  const attempts = isCount(found.attempts) ? Math.max(attempt, found.attempts) : attempt;
  return { question: found.question, value: found.value, attempt, attempts };
}

// All answers of this browser, where it will not keep them: blocked, or full. They last as long as the page.
let unkept = null;
let warned = false;

function isContent(found) {
  if (found?.version !== 1 || typeof found.seed !== "string" || found.seed === "") return false;
  return typeof found.answers === "object" && found.answers !== null && !Array.isArray(found.answers);
}

function writeContent(content) {
  try {
    localStorage.setItem(STORE, JSON.stringify(content));
    unkept = null;
  } catch {
    unkept = content;
  }
  return content;
}

function readContent() {
  if (unkept) return unkept;
  let found = null;
  try {
    found = JSON.parse(localStorage.getItem(STORE));
  } catch {
    // Damaged or blocked: as good as none, and writing tells which.
  }
  if (isContent(found)) return found;
  const seed = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0"));
  return writeContent({ version: 1, seed: seed.join(""), answers: {} });
}

/** The answers of one place in this browser. */
function browserAnswers(place) {
  return {
    seed: readContent().seed,
    read() {
      const { answers } = readContent();
      return Object.hasOwn(answers, place) ? cleanRecord(answers[place]) : null;
    },
    write(record, { points, right, done }) {
      const content = readContent();
      const answers = { ...content.answers, [place]: { ...record, points, right, done } };
      const detail = writeContent({ ...content, answers });
      window.dispatchEvent(new CustomEvent(STORE, { detail }));
    },
    problem(words) {
      if (!unkept || warned) return "";
      warned = true;
      return words.notKept;
    },
    watch(listener) {
      const onStorage = (event) => {
        if (event.key === STORE || event.key === null) listener();
      };
      window.addEventListener("storage", onStorage);
      window.addEventListener(STORE, listener);
      return () => {
        window.removeEventListener("storage", onStorage);
        window.removeEventListener(STORE, listener);
      };
    },
  };
}

/** The same, where Python keeps them. */
function notebookAnswers(model) {
  return {
    seed: model.get("seed"),
    read: () => cleanRecord(model.get("answer")),
    write(record) {
      model.set("answer", record);
      model.save_changes();
    },
    problem(words) {
      const problem = model.get("problem");
      return problem ? fillIn(words.notSaved, { problem }) : "";
    },
    watch(listener) {
      const onProblem = () => listener("problem");
      model.on("change:answer", listener);
      model.on("change:problem", onProblem);
      return () => {
        model.off("change:answer", listener);
        model.off("change:problem", onProblem);
      };
    },
  };
}

// What is to be seen.

function fillIn(text, words) {
  return text.replace(/\{(\w+)\}/g, (_, name) => words[name]);
}

/** Markup that the publisher made of Markdown without HTML; an answer never comes this way. */
function markup(tag, attributes, text) {
  const node = element(tag, attributes);
  node.innerHTML = text;
  return node;
}

function shortText(node) {
  const text = node.textContent.trim().replace(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** ✓ or ✗ with its word, beside a part of an answer. */
function tag() {
  const node = element("span", { class: "quiz-tag" });
  return {
    node,
    show(hit, right, wrong) {
      node.textContent = hit ? right : wrong;
      node.className = `quiz-tag ${hit ? "is-right" : "is-wrong"}`;
    },
    clear() {
      node.textContent = "";
    },
  };
}

/** The reason of one part, which its control names as its description. */
function reasonOf(control) {
  const id = newId();
  const node = element("div", { class: "quiz-reason", id });
  return {
    node,
    show(text) {
      node.innerHTML = text;
      control?.setAttribute("aria-describedby", id);
    },
    clear() {
      node.replaceChildren();
      control?.removeAttribute("aria-describedby");
    },
  };
}

// A control: `read()` gives { value } or what is missing { missing, at }; `write(value)` shows an answer, or none;
// `mark(hits, reasons)` shows what is right; `change(target)` takes back what a change has made untrue.

function choices(asked, words, seed) {
  const isSingle = asked.type === "single";
  const name = newId();
  const ids = idsOf(asked.options);
  const texts = Object.fromEntries(asked.options.map((each) => [each.id, each.html]));
  const rows = (asked.shuffle ? seededOrder(ids, seed, asked.id) : ids).map((id) => {
    const input = element("input", { type: isSingle ? "radio" : "checkbox", name, value: id });
    const text = markup("span", { class: "quiz-text" }, texts[id]);
    const mark = tag();
    const reason = reasonOf(input);
    const label = element("label", { class: "quiz-option" }, input, text, mark.node);
    return { id, input, mark, reason, node: element("div", { class: "quiz-row" }, label, reason.node) };
  });
  return {
    node: element("div", { class: "quiz-rows" }, ...rows.map(({ node }) => node)),
    read() {
      const chosen = ids.filter((id) => rows.find((row) => row.id === id).input.checked);
      if (!chosen.length) return { missing: words.missingChoice, at: rows[0].input };
      return { value: isSingle ? chosen[0] : chosen };
    },
    write(given) {
      for (const { id, input } of rows) input.checked = [given].flat().includes(id);
    },
    mark(hits, reasons) {
      for (const { id, mark, reason } of rows) {
        mark.clear();
        reason.clear();
        if (!Object.hasOwn(hits, id)) continue;
        mark.show(hits[id], words.isRight, words.isWrong);
        // The one reason of a single choice is read out with the verdict.
        if (!isSingle) reason.show(reasons[id]);
      }
    },
    change(target) {
      for (const { input, mark } of rows) {
        if (isSingle || input === target) mark.clear();
      }
    },
  };
}

function ordering(asked, words, seed, onmove) {
  const items = new Map();
  const list = element("ol", { class: "quiz-rows" });
  const start = seededOrder(idsOf(asked.options), seed, asked.id);

  function moved(item) {
    const rows = [...list.children];
    for (const { node, up, down, mark } of items.values()) {
      up.setAttribute("aria-disabled", String(node === rows[0]));
      down.setAttribute("aria-disabled", String(node === rows.at(-1)));
      mark.clear();
    }
    if (item) onmove({ item: shortText(item.text), position: rows.indexOf(item.node) + 1, count: rows.length });
  }

  /** The neighbour goes past the item, which so keeps the focus. */
  function move(item, step) {
    const other = step < 0 ? item.node.previousElementSibling : item.node.nextElementSibling;
    if (other) item.node[step < 0 ? "after" : "before"](other);
    moved(item);
  }

  function follow(item, { clientY }) {
    const isPast = (other, step) => {
      const { top, height } = other.getBoundingClientRect();
      return step * (clientY - top - height / 2) > 0;
    };
    const { previousElementSibling: before, nextElementSibling: after } = item.node;
    if (before && isPast(before, -1)) move(item, -1);
    else if (after && isPast(after, 1)) move(item, 1);
  }

  for (const { id, html } of asked.options) {
    const text = markup("div", { class: "quiz-text" }, html);
    const mark = tag();
    const reason = reasonOf();
    const grip = element("span", { class: "quiz-grip", "aria-hidden": "true" }, "⠿");
    const item = { id, text, mark, reason };
    const arrow = (word, sign, step) =>
      button(sign, () => move(item, step), { "aria-label": `${word}: ${shortText(text)}` });
    item.up = arrow(words.up, "↑", -1);
    item.down = arrow(words.down, "↓", 1);
    const moves = element("span", { class: "quiz-moves" }, item.up, item.down);
    item.node = element("li", { class: "quiz-item", "data-id": id }, grip, text, mark.node, moves, reason.node);
    item.node.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!event.altKey || !step) return;
      event.preventDefault();
      move(item, step);
    });
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
    });
    grip.addEventListener("pointermove", (event) => {
      if (grip.hasPointerCapture(event.pointerId)) follow(item, event);
    });
    items.set(id, item);
  }

  return {
    node: element("div", {}, list, element("p", { class: "quiz-aside" }, words.moving)),
    read: () => ({ value: [...list.children].map((row) => row.dataset.id) }),
    write(given) {
      list.replaceChildren(...(given ?? start).map((id) => items.get(id).node));
      moved();
    },
    mark(hits, reasons) {
      for (const { id, mark, reason } of items.values()) {
        mark.clear();
        reason.clear();
        if (!Object.hasOwn(hits, id)) continue;
        mark.show(hits[id], words.inPlace, words.notInPlace);
        reason.show(reasons[id]);
      }
    },
    change() {},
  };
}

function matching(asked, words) {
  // A list of choices holds plain text: where that is not enough, it names what stands above.
  const isListed = asked.right.some(({ html }) => /<(?:math|pre|ul|ol|p)\b/.test(html));
  const rights = asked.right.map(({ id, html }) => {
    return { id, html, text: isListed ? id : shortText(markup("span", {}, html)) };
  });
  const rows = asked.left.map(({ id, html }) => {
    const name = newId();
    const list = element("select", { id: name }, element("option", { value: "" }, words.choose));
    list.append(...rights.map((right) => element("option", { value: right.id }, right.text)));
    const label = markup("label", { class: "quiz-text", for: name }, html);
    const mark = tag();
    const reason = reasonOf(list);
    return { id, list, label, mark, reason, node: element("div", { class: "quiz-pair" }, label, list, mark.node, reason.node) };
  });
  const node = element("div", { class: "quiz-rows" });
  if (isListed) {
    const listed = rights.map(({ id, html }) => element("li", {}, element("b", {}, id), markup("span", {}, html)));
    node.append(element("ul", { class: "quiz-rights" }, ...listed));
  }
  node.append(...rows.map((row) => row.node));
  return {
    node,
    read() {
      const empty = rows.find(({ list }) => list.value === "");
      if (empty) return { missing: fillIn(words.missingMatch, { item: shortText(empty.label) }), at: empty.list };
      return { value: Object.fromEntries(rows.map(({ id, list }) => [id, list.value])) };
    },
    write(given) {
      for (const { id, list } of rows) list.value = given ? given[id] : "";
    },
    mark(hits, reasons) {
      for (const { id, mark, reason } of rows) {
        mark.clear();
        reason.clear();
        if (!Object.hasOwn(hits, id)) continue;
        mark.show(hits[id], words.isRight, words.isWrong);
        reason.show(reasons[id]);
      }
    },
    change(target) {
      rows.find(({ list }) => list === target)?.mark.clear();
    },
  };
}

function typing(asked, words) {
  const isProgram = asked.type === "output";
  const input = element(isProgram ? "textarea" : "input", {
    ...(isProgram ? { rows: 2 } : { type: "text" }),
    class: asked.type === "number" ? "is-number" : undefined,
    maxlength: LONGEST,
    autocapitalize: "off",
    autocomplete: "off",
    autocorrect: "off",
    spellcheck: "false",
  });
  const label = element("label", { class: "quiz-field" }, element("span", {}, words.answer), input);
  if (asked.unit) label.append(element("span", {}, asked.unit));
  const node = element("div", {}, label);
  // A phone's keyboard has no Shift+Enter: there Enter is a new line, and the button checks.
  if (isProgram && !window.matchMedia("(pointer: coarse)").matches) {
    const id = newId();
    node.append(element("p", { class: "quiz-aside", id }, asked.mode === "exam" ? words.newLineToSave : words.newLine));
    input.setAttribute("aria-describedby", id);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      if (!event.shiftKey) {
        input.form.requestSubmit();
        return;
      }
      // Written here: JupyterLab lets no Shift+Enter get as far as a new line.
      input.setRangeText("\n", input.selectionStart, input.selectionEnd, "end");
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  function missing() {
    const text = input.value;
    if (normalOutput(text) === "") return asked.type === "number" ? words.missingNumber : words.missingText;
    if (isTooLong(text)) return fillIn(words.tooLong, { most: LONGEST });
    if (isAnswer(asked, text)) return null;
    return asked.type === "number" ? fillIn(words.notANumber, { text: trimmed(text) }) : words.missingText;
  }
  return {
    node,
    read() {
      const problem = missing();
      input.setAttribute("aria-invalid", String(problem !== null));
      return problem === null ? { value: input.value } : { missing: problem, at: input };
    },
    write(given) {
      input.value = given ?? "";
    },
    mark() {},
    change() {
      input.removeAttribute("aria-invalid");
    },
  };
}

const CONTROLS = { single: choices, several: choices, order: ordering, match: matching };

/** The prompt: its first paragraph names the group of controls, the rest (a program, a list) stands below it. */
function promptOf(asked, words) {
  const rest = markup("div", { class: "quiz-rest", id: newId() }, asked.prompt);
  const legend = element("legend", { class: "quiz-prompt" });
  const first = rest.firstChild;
  if (first?.nodeName === "P") {
    legend.append(...first.childNodes);
    first.remove();
  } else {
    while (rest.firstChild && !BLOCKS.test(rest.firstChild.nodeName)) legend.append(rest.firstChild);
  }
  if (!legend.textContent.trim()) legend.textContent = words[asked.type];
  for (const program of rest.querySelectorAll("pre")) {
    // It may be wider than the page, and then the arrow keys scroll it.
    fill(program, { tabindex: 0, role: "group", "aria-label": words.program }, []);
  }
  const hasRest = rest.textContent.trim() !== "";
  return { legend, rest: hasRest ? rest : null };
}

function pointsText(words, most, points) {
  const write = (number) => String(number).replace(".", words.decimal);
  if (points === undefined) return most === 1 ? words.onePoint : fillIn(words.manyPoints, { points: write(most) });
  const text = most === 1 ? words.pointsOfOne : words.pointsOfMany;
  return fillIn(text, { points: write(points), most: write(most) });
}

/** One question, with all that can be done with it. */
function openQuestion(asked, place, answers) {
  const words = { ...STRINGS.en, ...STRINGS[asked.language] };
  const isExam = asked.mode === "exam";
  const hidden = isExam ? { hints: [] } : unseal(asked.id, asked.sealed);
  const most = asked.most ?? Infinity;
  let shown; // the record that is to be seen, as text
  let isClosed = false;

  // Paper has blanks, and so not the points of an answer.
  const corner = element("span", { class: "quiz-points", "data-paper": pointsText(words, asked.points) });
  const head = element("p", { class: "quiz-head" }, element("span", {}, words[asked.type]), corner);
  const { legend, rest } = promptOf(asked, words);
  const status = element("div", { class: "quiz-verdict", role: "status", tabindex: -1 });
  const explanation = element("div", { class: "quiz-explanation", hidden: true });
  if (hidden.explanation) {
    explanation.append(element("p", { class: "quiz-label" }, words.explanation), markup("div", {}, hidden.explanation));
  }

  const control = (CONTROLS[asked.type] ?? typing)(asked, words, answers.seed, (where) => {
    say("", fillIn(words.moved, where));
  });
  const hints = element("div", { class: "quiz-hints", "aria-live": "polite" });
  const hintButton = button("", revealHint, { class: "quiz-hint" });
  const checkButton = element("button", { type: "submit", class: "cw-main" }, isExam ? words.save : words.check);
  const attemptNote = element("span", { class: "quiz-aside" });
  const buttons = element("div", { class: "quiz-buttons" }, checkButton, attemptNote);
  if (hidden.hints.length) checkButton.after(hintButton);
  const fieldset = element("fieldset", { "aria-describedby": rest?.id }, legend, ...(rest ? [rest] : []), control.node);
  const node = element(
    "form",
    { class: `cw cw-figure quiz quiz-${asked.type}`, "data-figure": `quiz-${place}`, lang: asked.language, novalidate: true },
    head, fieldset, hints, buttons, status, explanation,
  );

  function say(kind, ...content) {
    const [sentence, ...more] = content;
    status.className = `quiz-verdict ${kind}`;
    status.replaceChildren(...(sentence ? [element("p", { class: "quiz-said" }, sentence), ...more] : []));
  }

  function nameHintButton() {
    const count = hidden.hints.length;
    const isLast = hints.childElementCount === count;
    hintButton.textContent = isLast ? words.noMoreHints : `${words.hint} ${hints.childElementCount + 1}/${count}`;
    hintButton.setAttribute("aria-disabled", String(isLast));
  }

  function revealHint() {
    const next = hidden.hints[hints.childElementCount];
    if (next !== undefined) hints.append(markup("div", { class: "quiz-hint-text" }, next));
    nameHintButton();
  }

  function showAttempts(record) {
    const attempt = (record?.attempts ?? 0) + 1;
    const parts = [];
    if (most < Infinity) parts.push(fillIn(words.attemptOf, { attempt, most }));
    else if (asked.decay) parts.push(fillIn(words.attempt, { attempt }));
    if (asked.decay) parts.push(fillIn(words.worth, { points: pointsText(words, pointsOf(asked, 1, attempt)) }));
    attemptNote.textContent = isClosed ? "" : parts.join(" · ");
  }

  /** Everything about what is kept, and the verdict on one answer: the kept one or, just now, a lesser one. */
  function showVerdict(record, { share, reasons, hits }, attempt) {
    const worth = worthOf(asked, record);
    const hadFocus = node.contains(document.activeElement);
    shown = JSON.stringify(record);
    isClosed = record.attempts >= most;
    corner.textContent = worth.points === null ? pointsText(words, asked.points) : pointsText(words, asked.points, worth.points);
    control.mark(hits, hidden.reasons);
    const inVerdict = control.node.querySelector(".quiz-reason:not(:empty)") ? [] : reasons;
    const more = inVerdict.map((text) => markup("div", { class: "quiz-why" }, text));
    if (share === null) {
      say("is-saved", isExam ? words.saved : words.open, ...more);
    } else {
      const points = pointsOf(asked, share, attempt);
      const [kind, word] = share === 1 ? ["is-right", words.right] : share > 0 ? ["is-partly", words.partly] : ["is-wrong", words.wrong];
      if (worth.points > points) {
        more.push(element("p", {}, fillIn(words.best, { points: pointsText(words, asked.points, worth.points) })));
      }
      say(kind, `${word} ${pointsText(words, asked.points, points)}.`, ...more);
    }
    const problem = answers.problem(words);
    if (isClosed && !worth.right) status.append(element("p", {}, words.noMoreAttempts));
    if (problem) status.append(element("p", { class: "quiz-problem" }, problem));
    explanation.hidden = !hidden.explanation || !(isClosed || share === 1);
    fieldset.disabled = isClosed;
    buttons.hidden = isClosed;
    showAttempts(record);
    // Whoever was at a control that is no more goes on where the verdict is.
    if (isClosed && hadFocus) status.focus();
  }

  /** Show what is kept, from the start or because another view or tab has changed it. */
  function adopt(record) {
    // Also told when another question was answered: what somebody is about to answer here must stay.
    if (JSON.stringify(record) === shown) return;
    const worth = record && isAnswer(asked, record.value) ? worthOf(asked, record) : null;
    control.write(worth ? record.value : undefined);
    if (worth) {
      showVerdict(record, worth.told, record.attempt);
      return;
    }
    shown = JSON.stringify(record);
    isClosed = (record?.attempts ?? 0) >= most;
    corner.textContent = pointsText(words, asked.points);
    control.mark({}, {});
    say("");
    explanation.hidden = true;
    fieldset.disabled = buttons.hidden = isClosed;
    showAttempts(record);
  }

  function check() {
    const found = control.read();
    if (found.missing) {
      say("is-missing", found.missing);
      found.at.focus();
      return;
    }
    const before = answers.read();
    const record = before?.question === asked.id ? before : null;
    if ((record?.attempts ?? 0) >= most) {
      adopt(record); // another tab has used the last attempt
      return;
    }
    const kept = recordAfter(asked, record, found.value);
    // Set first: writing tells all views, this one too.
    shown = JSON.stringify(kept);
    answers.write(kept, worthOf(asked, kept));
    showVerdict(kept, judge(asked, found.value), kept.attempts);
  }

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  fieldset.addEventListener("input", (event) => {
    control.change(event.target);
    say("");
  });
  nameHintButton();

  return {
    asked,
    node,
    adopt,
    /** Whether the last answer could be saved is known a moment after it was given. */
    showProblem() {
      status.querySelector(".quiz-problem")?.remove();
      const problem = answers.problem(words);
      if (problem) status.append(element("p", { class: "quiz-problem" }, problem));
    },
  };
}

function render({ model, el }) {
  const place = model.get("place");
  const answers = model.get("seed") === undefined ? browserAnswers(place.place) : notebookAnswers(model);
  let open = null;

  function show(what) {
    if (what === "problem") {
      open.showProblem();
      return;
    }
    const record = answers.read();
    const asked = drawn(place, answers.seed, record);
    if (open?.asked !== asked) {
      open = openQuestion(asked, place.place, answers);
      el.replaceChildren(open.node);
    }
    open.adopt(record?.question === asked.id ? record : null);
  }

  show();
  const releaseKeys = keepKeys(el);
  const endWatch = answers.watch(show);
  return () => {
    releaseKeys();
    endWatch();
  };
}

export default { render };
