"""The stack of layers in Chromium: what it says is what Keras says."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

import keras
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of
from playwright.sync_api import Locator, expect

from course_utils.explainers import Shapes

pytestmark = pytest.mark.needs_browser

READ = """async states => {
  const results = [];
  const figure = document.querySelector('.cw-figure');
  const texts = (where, css) => [...where.querySelectorAll(css)].map(node => node.textContent);
  for (const state of states) {
    location.hash = state;
    await new Promise(resolve => addEventListener('hashchange', resolve, { once: true }));
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const rows = [...figure.querySelectorAll('.cw-shapes-rows li:not([hidden])')];
    const error = figure.querySelector('.cw-shapes-error');
    results.push({
      code: figure.querySelector('.cw-shapes-code:not(.cw-shapes-error)').textContent,
      names: rows.map(row => row.querySelector('.cw-shapes-head b').textContent),
      shapes: rows.flatMap(row => texts(row, 'code')),
      counts: rows.flatMap(row => [...row.querySelectorAll('data')].map(data => Number(data.value))),
      formulas: rows.flatMap(row => row.querySelector('.cw-shapes-head').childNodes[1]?.textContent ?? []),
      error: error.hidden ? '' : error.textContent,
      told: figure.querySelector('[role=status]').textContent,
    });
  }
  return results;
}"""


def build(figure: Locator) -> None:
    figure.locator(".cw-stepping .cw-main").click()


def layer(figure: Locator, number: int) -> Locator:
    return figure.get_by_role("group", name=f"Recurrent layer {number}")


def random_state(rng: random.Random) -> dict[str, object]:
    def written(last: bool) -> str:
        kind, units = rng.choice(["rnn", "lstm", "gru"]), rng.choice([1, 2, rng.randint(3, 128)])
        output = "seq" if rng.random() < (0.5 if last else 0.75) else "last"
        return f"{kind}:{units}:{output}{rng.choice(['', ':bi'])}"

    count = rng.randint(1, 4)
    return {
        "stack": ",".join(written(index == count - 1) for index in range(count)),
        "source": rng.choice(["words", "numbers"]),
        "time": rng.randint(1, 60),
        "features": rng.randint(1, 40),
        "vocabulary": rng.randint(2, 300),
        "outputs": rng.randint(1, 9),
        "position": 2,
    }


def test_keras_says_the_same_of_forty_stacks(watch: Any, folder_site: Site) -> None:
    rng = random.Random(1)
    states = [random_state(rng) for _ in range(40)]
    watch.page.goto(folder_site.write("forty", Shapes()))
    figure_of(watch.page, "shapes")
    found = watch.page.evaluate(READ, [f"#shapes?{urlencode(state)}" for state in states])
    refused = 0
    for state, ours in zip(states, found, strict=True):
        keras.utils.clear_session()
        scope: dict[str, Any] = {}
        try:
            exec(ours["code"], scope)
        except ValueError as error:
            refused += 1
            assert ours["error"] == f"ValueError: {error}", state
            assert ours["counts"] == [], state
            assert "Keras refuses" in ours["told"], state
            continue
        layers = scope["model"].layers
        assert ours["error"] == "", state
        assert ours["names"] == ["input", *(each.name for each in layers)], state
        assert ours["shapes"][1:] == [str(each.output.shape) for each in layers], state
        assert ours["shapes"][0] == str(scope["model"].input_shape), state
        assert ours["counts"] == [each.count_params() for each in layers], state
        for formula, count in zip(ours["formulas"], ours["counts"], strict=True):
            assert eval(formula.replace("·", "*").replace(",", "").rstrip("= ")) == count, formula
        assert f"{scope['model'].count_params():,} parameters" in ours["told"], state
    assert 8 <= refused <= 32, "the random stacks should be of both kinds"
    assert watch.troubles == []


def test_predict_build_count_and_ask_again(watch: Any, site: Site) -> None:
    page = watch.page
    page.goto(site.write("path", Shapes()))
    figure = figure_of(page, "shapes")
    expect(figure.get_by_role("group", name="Will Keras accept this stack?")).to_be_visible()
    expect(figure.locator(".cw-shapes-rows code")).to_have_count(0)
    figure.get_by_role("radio", name="no").check()
    build(figure)
    expect(status_of(figure)).to_have_text(
        "You said no; it is yes. Keras accepts it: (None, 200) becomes (None, 1), one answer a sequence."
    )
    expect(figure.locator(".cw-shapes-rows code")).to_have_text(
        ["(None, 200)", "(None, 200, 128)", "(None, 200, 64)", "(None, 32)", "(None, 1)"]
    )
    expect(figure.locator(".cw-shapes-rows data")).to_have_count(0)
    expect(
        figure.get_by_role("group", name="lstm: 64 units on 128 features. How many parameters?")
    ).to_be_visible()
    figure.get_by_role("radio", name="49,408").check()
    build(figure)
    expect(status_of(figure)).to_contain_text("You said 49,408: right.")
    expect(status_of(figure)).to_contain_text(
        "It has 1,341,857 parameters; no layer has more than embedding, with 1,280,000."
    )
    expect(figure.locator(".cw-shapes-rows")).to_contain_text("4 · (128 + 64 + 1) · 64 = 49,408")
    figure.get_by_role("button", name="Ask again").click()
    expect(figure.locator(".cw-shapes-rows code")).to_have_count(0)
    assert watch.troubles == []


def test_a_layer_without_its_sequence_is_refused_until_it_has_it(watch: Any, site: Site) -> None:
    page = watch.page
    page.goto(site.write("refused", Shapes(position=2)))
    figure = figure_of(page, "shapes")
    layer(figure, 1).get_by_label("return_sequences").uncheck()
    expect(figure.locator(".cw-shapes-error")).to_have_text(
        "ValueError: Input 0 with name 'None' of layer 'lstm_1' is incompatible with the layer: "
        "expected ndim=3, found ndim=2. Full shape received: (None, 64)"
    )
    expect(status_of(figure)).to_have_text(
        "Keras refuses: lstm_1 reads a sequence, but lstm gives only its last state, (None, 64). "
        "Tick return_sequences for lstm."
    )
    expect(figure.locator(".cw-shapes-rows data")).to_have_count(0)
    layer(figure, 1).get_by_label("return_sequences").check()
    expect(figure.locator(".cw-shapes-error")).to_be_hidden()
    expect(figure.locator(".cw-shapes-rows data")).to_have_count(4)
    layer(figure, 1).get_by_label("bidirectional").check()
    layer(figure, 2).get_by_label("cell").select_option("GRU")
    expect(figure.locator(".cw-shapes-code").last).to_contain_text(
        "keras.layers.Bidirectional(keras.layers.LSTM(64, return_sequences=True)),\n    keras.layers.GRU(32),"
    )
    expect(figure.locator(".cw-shapes-rows")).to_contain_text("2 · 4 · (128 + 64 + 1) · 64 = 98,816")
    expect(figure.locator(".cw-shapes-rows")).to_contain_text("3 · (128 + 32 + 2) · 32 = 15,552")
    assert watch.troubles == []


def test_layers_come_and_go_and_numbers_out_of_range_change_nothing(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("edit", Shapes("rnn:8:last", "numbers", 12, 3, position=1)))
    figure = figure_of(page, "shapes")
    rows = figure.locator(".cw-shapes-rows li:visible")
    expect(rows).to_have_count(3)
    expect(figure.get_by_role("button", name="Remove")).to_have_count(0)
    expect(figure.get_by_label("vocabulary")).to_be_hidden()
    for count in (4, 5, 6, 6):
        figure.get_by_role("button", name="Add a layer").click(force=True)
        expect(rows).to_have_count(count)
    expect(status_of(figure)).to_contain_text("Keras refuses: simple_rnn_1 reads a sequence")
    layer(figure, 4).get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(5)
    expect(figure.get_by_role("button", name="Add a layer")).to_be_focused()
    units = layer(figure, 1).get_by_label("units")
    for wrong in ("0", "129", "2.5", ""):
        units.fill(wrong)
        expect(units).to_have_attribute("aria-invalid", "true")
    expect(figure.locator(".cw-shapes-code").last).to_contain_text("SimpleRNN(8)")
    units.fill("128")
    expect(units).to_have_attribute("aria-invalid", "false")
    expect(figure.locator(".cw-shapes-code").last).to_contain_text("SimpleRNN(128)")
    figure.get_by_label("input").select_option("ids of words")
    expect(figure.get_by_label("vocabulary")).to_be_visible()
    expect(figure.locator(".cw-shapes-code").last).to_contain_text("keras.layers.Embedding(10000, 3)")
    assert watch.troubles == []


def test_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", Shapes(source="numbers", time=5, features=2)))
    figure = figure_of(page, "shapes")
    for _ in range(5):  # input, time, features, cell, units
        page.keyboard.press("Tab")
    expect(layer(figure, 1).get_by_label("units")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(figure.locator(".cw-shapes-code").last).to_contain_text("LSTM(63, return_sequences=True)")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.locator(".cw-shapes-code").last).to_contain_text("LSTM(63),")
    for _ in range(9):  # bidirectional, Remove, the second layer's five, outputs, Add
        page.keyboard.press("Tab")
    expect(figure.get_by_role("button", name="Add a layer")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(figure.get_by_role("radio", name="no")).to_be_checked()
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said no: right. Keras refuses: lstm_1 reads a sequence")
    assert watch.troubles == []


@pytest.mark.alone
def test_turning_a_number_holds_nothing_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("turn", Shapes("lstm:1:seq:bi,gru:1:seq,rnn:1:seq,lstm:1:last", position=2)))
    figure = figure_of(page, "shapes")
    units = layer(figure, 1).get_by_label("units")
    units.focus()

    def turn() -> None:
        for _ in range(40):
            page.keyboard.press("ArrowUp")

    expect_no_long_task(page, turn)
    assert int(units.input_value()) > 40
    assert watch.troubles == []
