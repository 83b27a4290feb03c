// How far a reader is: a line under a page's title, marks in the list of chapters, and what can be done with the answers.
//
// A classic script on every page of the site. It asks nobody: which questions are where is put in when the site is built,
// and what was answered lies in the browser, with its points, as `quiz.js` keeps it.
//#include _strings.js

const PLACES = "PLACES"; // of each page the places of its questions, each with its points: null where nobody says them
const STORE = "unrolled-quiz";
const FILE = "quiz_answers.json"; // so that a notebook finds them, if the file is put beside it
const root = new URL("..", document.currentScript.src).href;
const words = { ...STRINGS.en, ...STRINGS[document.documentElement.lang] };

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function fillIn(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The name of a page by its address: `notebooks/03_unrolling/unrolling`. */
function pageOf(address) {
  const [path] = new URL(address, location.href).href.split(/[?#]/);
  return path.startsWith(root) ? decodeURI(path.slice(root.length)).replace(/\.html$/, "") : "";
}

/** What is kept: from the browser, or from a question where the browser keeps nothing. */
let unkept = null;
function readContent() {
  if (unkept) return unkept;
  try {
    const found = JSON.parse(localStorage.getItem(STORE));
    if (found?.version === 1 && typeof found.answers === "object" && found.answers !== null) return found;
  } catch {
    // Damaged or blocked: as good as none.
  }
  return { version: 1, answers: {} };
}

function hasQuestions(page) {
  return Object.hasOwn(PLACES, page);
}

/** How many questions there are on these pages, how many are right and done, and the points. */
function sumOf(pages) {
  const { answers } = readContent();
  const sum = { count: 0, right: 0, done: 0, points: 0, most: 0 };
  for (const page of pages) {
    for (const [place, most] of Object.entries(PLACES[page])) {
      const record = Object.hasOwn(answers, place) ? answers[place] : null;
      const points = Number(record?.points);
      sum.count += 1;
      sum.most += most ?? 0;
      sum.done += record?.done === true ? 1 : 0;
      sum.right += record?.right === true || (most === null && record?.done === true) ? 1 : 0;
      sum.points += points > 0 ? Math.min(points, most ?? 0) : 0;
    }
  }
  return sum;
}

function sentence(text, sum) {
  const write = (points) => String(Math.round(points * 100) / 100).replace(".", words.decimal);
  const values = { points: write(sum.points), most: write(sum.most) };
  const points = fillIn(sum.most === 1 ? words.pointsOfOne : words.pointsOfMany, values);
  if (sum.most === 0) return fillIn(words.progressSaved, sum);
  return fillIn(text, { ...sum, points });
}

/** A tick for a finished chapter, and for one that is begun how much of it is done. */
function markChapters() {
  for (const link of document.querySelectorAll("nav.bd-links a[href]")) {
    link.querySelector(".quiz-tick")?.remove();
    const page = pageOf(link.getAttribute("href"));
    if (!hasQuestions(page)) continue;
    const sum = sumOf([page]);
    if (sum.done === 0) continue;
    const isFinished = sum.done === sum.count;
    const told = isFinished ? words.finished : fillIn(words.begun, sum);
    link.append(
      element("span", { class: "quiz-tick" }, " ",
        element("span", { "aria-hidden": "true" }, isFinished ? "✓" : `${sum.done}/${sum.count}`),
        element("span", { class: "quiz-hidden" }, ` (${told})`)),
    );
  }
}

function exportAnswers() {
  const text = JSON.stringify(readContent(), null, 1);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  element("a", { href: address, download: FILE }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const page = pageOf(location.href);
const line = element("span", {});
const whole = element("p", {});
const said = element("p", { role: "status" });

function reset(pages, question) {
  if (!window.confirm(question)) return;
  const gone = pages.flatMap((each) => Object.keys(PLACES[each]));
  const content = readContent();
  const answers = Object.fromEntries(Object.entries(content.answers).filter(([place]) => !gone.includes(place)));
  try {
    localStorage.setItem(STORE, JSON.stringify({ ...content, answers }));
  } catch {
    location.reload(); // nothing is kept: a fresh page has no answers
    return;
  }
  unkept = null;
  said.textContent = words.wasReset;
  // The browser tells the other tabs; the questions of this page are told here.
  window.dispatchEvent(new StorageEvent("storage", { key: STORE }));
}

function show() {
  markChapters();
  if (!hasQuestions(page)) return;
  line.textContent = sentence(words.progress, sumOf([page]));
  whole.textContent = sentence(words.courseProgress, sumOf(Object.keys(PLACES)));
}

const title = document.querySelector("article h1");
if (title && hasQuestions(page)) {
  const button = (label, onclick) => element("button", { type: "button", onclick }, label);
  const buttons = element("p", { class: "quiz-progress-buttons" },
    button(words.export, exportAnswers),
    button(words.resetPage, () => reset([page], words.sureOfPage)),
    button(words.resetAll, () => reset(Object.keys(PLACES), words.sureOfAll)));
  const menu = element("details", {}, element("summary", {}, words.myAnswers),
    element("div", {}, whole, element("p", {}, words.whereKept), buttons, said));
  title.after(element("div", { class: "quiz-progress" }, line, menu));
}
window.addEventListener(STORE, (event) => {
  said.textContent = "";
  try {
    unkept = localStorage.getItem(STORE) === JSON.stringify(event.detail) ? null : event.detail;
  } catch {
    unkept = event.detail;
  }
  show();
});
window.addEventListener("storage", (event) => {
  if (event.key === STORE || event.key === null) show();
});
show();
