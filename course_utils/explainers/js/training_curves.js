//#include _figure.js
//#include _plot.js

// The stored trainings, epoch by epoch: guess from the beginning how each ends.

const FIRST = 2; // epochs to guess from
const GUESSING = Math.log(2); // what it costs to answer 50 % to every review
const LABELS = ["fine", "overfitting", "underfitting", "diverging"];
const MEASURES = {
  loss: { name: "Loss", mark: GUESSING, write: (loss) => fixed(loss) },
  accuracy: { name: "Accuracy", mark: 0.5, write: (share) => `${fixed(100 * share, 1)} %` },
};
const RULE =
  "The rule, from the top: diverging, if the last training loss is above the first or above 0.69, what guessing costs; " +
  "underfitting, if the best validation accuracy is at most 55 %; overfitting, if the validation loss ends more than 10 % " +
  "above its best while the training loss has fallen since; else fine.";

/** What the rule says of a whole training, and why; as `judge` in Python. */
function judge({ loss, val_loss: valLoss, val_accuracy: valAccuracy }) {
  const [first, last, end] = [loss[0], loss.at(-1), valLoss.at(-1)];
  const best = Math.min(...valLoss);
  const at = valLoss.indexOf(best);
  const reached = Math.max(...valAccuracy);
  const say = (label, why) => ({ label, best: at + 1, reason: `${why}: ${label}.` });
  if (!(last <= first)) return say("diverging", `Training loss rose from ${fixed(first)} to ${fixed(last)}`);
  if (last > GUESSING) return say("diverging", `Training loss ends at ${fixed(last)}, above the ${fixed(GUESSING)} that guessing costs`);
  if (reached <= 0.55) return say("underfitting", `Validation accuracy reached ${MEASURES.accuracy.write(reached)} at best, and guessing gives 50 %`);
  if (end > 1.1 * best && last < loss[at]) return say("overfitting", `Training loss fell to ${fixed(last)} while validation loss rose from its best ${fixed(best)} in epoch ${at + 1} to ${fixed(end)}`);
  if (end === best) return say("fine", `Validation loss ends at its best, ${fixed(best)}`);
  return say("fine", `Validation loss ends at ${fixed(end)}, ${fixed(100 * (end / best - 1), 0)} % above its best ${fixed(best)} in epoch ${at + 1}`);
}

function render({ model, el }) {
  const runs = JSON.parse(new TextDecoder().decode(model.get("runs")));
  const figure = openFigure({ model, el, title: "Trainings to judge", draw, onlink: () => tell("The link set this state. ") });
  const { root, status, state, set } = figure;
  const largest = Math.max(...Object.values(runs).flatMap(({ loss, val_loss: valLoss }) => [...loss, ...valLoss]));

  function now() {
    const { run: name, measure, epochs } = state();
    const run = runs[name];
    const count = run.loss.length;
    const shown = Math.min(epochs, count);
    const [training, validation] = [run[measure], run[`val_${measure}`]].map((all) => all.slice(0, shown));
    return { run, measure, count, shown, isOver: shown === count, training, validation, ...judge(run) };
  }

  function sentence(before) {
    const { measure, shown, isOver, training, validation, reason } = now();
    if (isOver) return before + reason;
    const { write } = MEASURES[measure];
    const moved = (all) => {
      const [old, last] = all.slice(-2);
      return all.length < 2 ? `is ${write(last)}` : `went from ${write(old)} to ${write(last)}`;
    };
    return `${before}Epoch ${shown}: training ${measure} ${moved(training)}, validation ${measure} ${moved(validation)}.`;
  }

  // The sentence follows the state, also where Python or another view has changed it.
  let toldOf;
  function tell(before = "") {
    toldOf = JSON.stringify(state());
    status.say(sentence(before));
  }

  const names = Object.keys(runs);
  const runList = choiceList({ label: "Training", options: names.map((name) => [name, runs[name].title]), oninput: open });
  const measureList = choiceList({
    label: "Show", options: Object.entries(MEASURES).map(([word, { name }]) => [word, name]), oninput: (measure) => change({ measure }),
  });
  const asking = question();
  const stepButton = element("button", { type: "submit", class: "cw-main" }, "Next epoch");
  const restButton = button("Show the rest", () => goTo(now().count));
  const form = element("form", { class: "cw-stepping", onsubmit: onStep }, asking.node, element("div", { class: "cw-buttons" },
    stepButton, restButton, button("Start over", () => open(state().run)),
    button("Next training", () => open(names[(names.indexOf(state().run) + 1) % names.length]))));

  function change(changes, before) {
    set(changes);
    tell(before);
  }

  let asked;
  function open(run) {
    asked = undefined;
    change({ run, epochs: FIRST });
  }

  function onStep(event) {
    event.preventDefault();
    goTo(now().shown + 1);
  }

  function goTo(epochs) {
    const { isOver, count, label } = now();
    const guess = asking.guess();
    if (isOver) status.say("That was the last epoch: start over, or take the next training.");
    else change({ epochs }, epochs === count && guess ? verdict(guess, label) : "");
  }

  const plot = linePlot({ label: "The training", height: 260 });
  const note = element("p", { class: "cw-note" });
  const phase = element("p", { class: "cw-phase" });
  const table = numbersTable(["epoch", "training loss", "validation loss", "training accuracy", "validation accuracy"], () => {
    const { run, shown } = now();
    return run.loss.slice(0, shown).map((loss, k) => [String(k + 1), loss, run.val_loss[k], run.accuracy[k], run.val_accuracy[k]]);
  });
  root.append(
    element("div", { class: "cw-top" }, element("p", { class: "cw-title" }, "How does this training end?"), phase),
    element("div", { class: "cw-row cw-training-curves-pick" }, runList.node, measureList.node),
    note,
    element("p", {}, value("input", "● training, solid"), " · ", value("state", "● validation, dashed")),
    plot.node,
    form,
    status.node,
    element("p", { class: "cw-note cw-row" }, RULE),
    element("div", { class: "cw-foot" }, table.node, figure.linkButton),
  );

  function drawPlot({ measure, count, shown, isOver, training, validation, best }) {
    const { name, mark, write } = MEASURES[measure];
    const width = Math.max(280, root.clientWidth - 32);
    const line = (values, role, dashed) => {
      const points = values.map((y, k) => [k + 1, y]);
      return [{ points, role, dashed }, { points, role, dots: true }];
    };
    // The scales are those of all trainings, and so give nothing away.
    plot.draw({
      width,
      x: { range: [1, count], label: "epoch", ticks: Array.from({ length: count }, (_, k) => k + 1) },
      y: { range: measure === "loss" ? [0, Math.ceil(5 * largest) / 5] : [0.4, 1], write: measure === "loss" ? write : (share) => `${Math.round(100 * share)} %` },
      series: [...line(training, "input"), ...line(validation, "state", true)],
      marks: [{ y: mark, name: "guessing" }, ...(isOver && measure === "loss" ? [{ x: best, name: "best" }] : [])],
      describe: `${name} in ${shown} of ${count} epochs: training ${training.map(write).join(", ")}; validation ${validation.map(write).join(", ")}.`,
    });
  }

  function draw() {
    const current = now();
    const { run, count, shown, isOver } = current;
    drawPlot(current);
    note.textContent = `${run.model}. ${run.recipe}`;
    phase.textContent = `${shown} of ${count} epochs`;
    runList.show(state().run);
    measureList.show(state().measure);
    for (const each of [stepButton, restButton]) each.setAttribute("aria-disabled", isOver);
    const wanted = `${state().run} ${isOver}`;
    if (wanted !== asked) asking.ask(...(isOver ? ["That was the last epoch.", []] : ["How will it look in the end?", LABELS]));
    asked = wanted;
    table.show();
    if (JSON.stringify(state()) !== toldOf) tell();
  }

  const observer = new ResizeObserver(draw);
  observer.observe(root);
  draw();
  return () => {
    observer.disconnect();
    figure.close();
  };
}

export default { render };
