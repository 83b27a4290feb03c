"""GradientFlow in the browser: the same gradients as the engine's, a guess before the answer, true sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from figure_pages import Site, dragging, expect_no_long_task, figure_of, status_of, table_of, violations
from playwright.sync_api import Locator, Page, expect

from course_utils.explainers import GradientFlow
from course_utils.explainers.gradient_flow import LONGEST, _share

pytestmark = pytest.mark.needs_browser

NAME = "gradient-flow"


def open_figure(page: Page, site: Site, figure: GradientFlow) -> Locator:
    page.goto(site.write(f"flow-{figure.mode}", figure))
    return figure_of(page, figure.name)


def keys_of(figure: Locator) -> Locator:
    return figure.locator(".cw-gradient-flow-keys")


def expected_rows(figure: GradientFlow) -> list[list[float]]:
    """What the table shows, in log₁₀; where nothing is left there is no number."""
    columns = list(figure.norms.values())
    if figure.mode == "one-unit":
        columns += [figure.factors["weights"], figure.factors["slopes"]]
    return [[float(np.log10(left)) for left in row if left > 0] for row in np.array(columns).T]


def test_guess_then_see(watch: Any, folder_site: Site, pictures: Any) -> None:
    python = GradientFlow()
    figure = open_figure(watch.page, folder_site, python)
    expect(status_of(figure)).to_contain_text("Guess how far it comes")
    # What the weights do is no secret; what comes of it is.
    expect(keys_of(figure)).to_contain_text("gradient ?")
    expect(keys_of(figure)).to_contain_text("weights alone 0.0057")
    first, *_, last = table_of(figure)
    assert len(first) == 1 and len(last) == 3
    figure.get_by_role("radio", name="a tenth to a thousandth").check()
    figure.get_by_role("button", name="Show").click()
    left, slopes = python.norms["gradient"][0], python.factors["slopes"][0]
    assert left < 1e-3
    expect(status_of(figure)).to_have_text(
        "You said a tenth to a thousandth; it is less than a thousandth. Each step back multiplies the norm by "
        f"wh = 0.90 and by the slopes, {_share(slopes ** (1 / 49))} on average (geometric mean): after 49 steps "
        f"back it is {_share(left)}: it vanishes."
    )
    expect(keys_of(figure)).to_contain_text(f"gradient {_share(left)}")
    expect(figure.get_by_role("radio").first).to_be_hidden()
    figure.screenshot(path=pictures / f"{NAME}-shown.png")
    figure.get_by_role("button", name="Guess again").click()
    expect(keys_of(figure)).to_contain_text("gradient ?")
    assert not figure.get_by_role("radio", name="a tenth to a thousandth").is_checked()
    assert watch.troubles == []


def test_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    figure = open_figure(page, folder_site, GradientFlow())
    figure.get_by_role("button", name="One small network").focus()
    for key in ("Tab", "Tab", "Tab", "Space", "Tab", "Enter"):  # the tabs, the first answer, Show
        page.keyboard.press(key)
    expect(status_of(figure)).to_contain_text("You said a tenth or more; it is less than a thousandth.")
    for key in ("Tab", "Tab", *["ArrowRight"] * 2):
        page.keyboard.press(key)
    expect(figure.get_by_role("slider", name="wh = spectral radius")).to_have_value("1")
    expect(keys_of(figure)).to_contain_text("weights alone 1")
    expect(status_of(figure)).to_contain_text("wh = 1.00")
    assert watch.troubles == []


def test_the_browser_computes_what_the_engine_computes(watch: Any, folder_site: Site) -> None:
    """To 1e-5 of the base-10 logarithm, however small the number."""
    rng = np.random.default_rng(0)
    figures = []
    for index in range(12):
        figures.append(
            GradientFlow(
                w_h=rng.uniform(0.05, 1.4),
                steps=int(rng.integers(2, 101)),
                activation=["tanh", "relu", "linear", "sigmoid"][index % 4],
                network=["one unit", "16 units"][index // 4 % 2],
                mode="one-unit" if index < 8 else "cells",
                name=f"case-{index}",
                input_size=rng.uniform(0, 2),
                seed=int(rng.integers(1, 100)),
                forget_bias=rng.uniform(-1, 5),
                update_bias=rng.uniform(-1, 5),
                revealed=True,
            )
        )
    words = ["the", "film", "was", "not", "bad", "zzyx", "Wonderful!", "'quoted'", "it's", "—", "slow,"]
    for index, length in enumerate((3, 40, 450)):
        text = " ".join(rng.choice(words, length))
        figures.append(GradientFlow(mode="trained", text=text, name=f"text-{index}", revealed=True))
    watch.page.goto(folder_site.write("flow-parity", *figures))
    for figure in figures:
        rows, expected = table_of(figure_of(watch.page, figure.name)), expected_rows(figure)
        assert [len(row) for row in rows] == [len(row) for row in expected], figure.name
        found = np.concatenate([np.array(row) for row in rows])
        wanted = np.concatenate([np.array(row) for row in expected])
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5, err_msg=figure.name)
    assert watch.troubles == []


def test_clipping_changes_the_weights_gradient(watch: Any, folder_site: Site) -> None:
    python = GradientFlow(w_h=1.2, steps=60, activation="linear", revealed=True)
    figure = open_figure(watch.page, folder_site, python)
    size = _share(python.weight_gradient_norm)
    assert python.weight_gradient_norm > 1e4
    note = figure.locator(".cw-note")
    expect(note).to_have_text(f"The gradient by all 3 weights has the norm {size}. Clipping is off.")
    figure.get_by_label("Clip the weights’ gradient to norm 1").check()
    expect(note).to_contain_text(
        f"has the norm {size}; clipped, 1. All its numbers are divided by {size}, so its direction stays."
    )
    expect(status_of(figure)).to_contain_text(f"after 59 steps back it is {_share(1.2**59)}: it explodes.")
    figure.get_by_label("Activation").select_option("sigmoid")
    figure.get_by_role("slider", name="steps").fill("2")
    expect(note).to_contain_text("within 1, so clipping changes nothing, and brings nothing back.")
    assert watch.troubles == []


def test_where_relu_is_off_nothing_goes_further_back(watch: Any, folder_site: Site) -> None:
    python = GradientFlow(activation="relu", revealed=True)
    left = python.norms["gradient"]
    step = int(np.flatnonzero(left)[0]) + 1  # the gradient still arrives here
    assert step > 1
    figure = open_figure(watch.page, folder_site, python)
    expect(status_of(figure)).to_have_text(
        f"At step {step} the slope of relu is 0 where the gradient arrives: none of it goes further back."
    )
    expect(keys_of(figure)).to_contain_text("gradient ≈ 0")
    rows = table_of(figure)
    assert [len(row) for row in rows] == [1] * (step - 1) + [3] * (50 - step + 1)
    assert "NaN" not in figure.inner_text() and "Infinity" not in figure.inner_text()
    assert watch.troubles == []


def test_a_forget_bias_lifts_the_curve_of_the_lstm(watch: Any, folder_site: Site, pictures: Any) -> None:
    figure = open_figure(watch.page, folder_site, GradientFlow())
    figure.get_by_role("button", name="RNN, LSTM, GRU").click()
    expect(figure.get_by_text("Which keeps the largest share of its gradient at step 1?")).to_be_visible()
    expect(keys_of(figure)).to_contain_text("LSTM (h and c) ?")
    figure.get_by_role("radio", name="GRU").check()
    figure.get_by_role("button", name="Show").click()
    norms = GradientFlow(mode="cells").norms
    assert max(norms, key=lambda name: norms[name][0]) == "LSTM"
    expect(status_of(figure)).to_contain_text("You said GRU; it is LSTM (h and c).")
    figure.get_by_role("slider", name="forget bias of the LSTM").fill("3")
    lifted = GradientFlow(mode="cells", forget_bias=3.0).norms
    expect(status_of(figure)).to_have_text(
        f"The gradient starts as 1 at the last step. At step 1 it is {_share(lifted['RNN'][0])} in the RNN, "
        f"{_share(lifted['LSTM'][0])} in the LSTM (h and c), {_share(lifted['GRU'][0])} in the GRU. "
        "A forget bias of 3.00 alone opens the LSTM’s forget gates to 0.95."
    )
    figure.screenshot(path=pictures / f"{NAME}-cells.png")
    assert watch.troubles == []


def test_own_text_through_the_trained_networks(watch: Any, folder_site: Site, pictures: Any) -> None:
    page = watch.page
    figure = open_figure(page, folder_site, GradientFlow(mode="trained", revealed=True))
    field = figure.get_by_label("Your text")

    def check(text: str) -> GradientFlow:
        field.fill(text)
        python = GradientFlow(mode="trained", text=text)
        words = figure.locator(".cw-gradient-flow-words > span")
        expect(words).to_have_text(python.words)
        return python

    python = check("Not bad at all, and the zzyx ending is GREAT")
    reach = [len(left) - 1 - max(np.flatnonzero(left < 1e-3), default=-1) for left in python.norms.values()]
    expect(status_of(figure)).to_have_text(
        f"The gradient starts as 1 at the last word. Of the {len(python.words)} words it reaches, before it falls "
        f"below a thousandth: {reach[0]} in the RNN, {reach[1]} in the LSTM (h and c), {reach[2]} in the GRU."
    )
    figure.screenshot(path=pictures / f"{NAME}-text.png")
    assert violations(page) == []
    # A bar for each network under each word; the last word has all of the gradient.
    bars = figure.locator(".cw-gradient-flow-words > span:last-child i")
    assert bars.evaluate_all("bars => bars.map(bar => bar.style.width)") == ["100%"] * 3
    for text in ("", "  …! "):
        check(text)
        expect(status_of(figure)).to_have_text("Only the start mark is read: there is no way back yet.")
    assert len(check("slow " * 500).words) == LONGEST
    expect(figure.locator(".cw-phase")).to_contain_text(f"over {LONGEST} words")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert "NaN" not in figure.inner_text()
    assert watch.troubles == []


def test_start_over_and_other_inputs(watch: Any, folder_site: Site) -> None:
    figure = open_figure(watch.page, folder_site, GradientFlow(w_h=0.5, revealed=True, seed=99))
    before = keys_of(figure).inner_text()
    figure.get_by_role("button", name="Other random inputs").click()
    first = GradientFlow(w_h=0.5, seed=1).norms["gradient"][0]
    expect(keys_of(figure)).to_contain_text(f"gradient {_share(first)}")
    figure.get_by_role("slider", name="steps").fill("7")
    expect(figure.locator(".cw-phase")).to_contain_text("over 7 steps")
    figure.get_by_role("button", name="Your own text").click()
    figure.get_by_role("button", name="Start over").click()
    expect(figure.get_by_role("button", name="One small network")).to_have_attribute("aria-pressed", "true")
    expect(keys_of(figure)).to_have_text(before.replace("\n", ""), use_inner_text=False)
    assert watch.troubles == []


def test_a_link_sets_it(watch: Any, folder_site: Site) -> None:
    link = f'<p><a href="#{NAME}?mode=cells&amp;forget_bias=5&amp;revealed=1">open gates</a></p>'
    link += f'<p><a href="#{NAME}?mode=trained&amp;text=good%20film&amp;revealed=1">two words</a></p>'
    watch.page.goto(folder_site.write("flow-link", GradientFlow(), link))
    figure = figure_of(watch.page, NAME)
    watch.page.get_by_role("link", name="open gates").click()
    expect(status_of(figure)).to_contain_text(
        "The link set this state. The gradient starts as 1 at the last step."
    )
    expect(status_of(figure)).to_contain_text("opens the LSTM’s forget gates to 0.99.")
    # The same again, and one whose networks are read one after the other.
    watch.page.get_by_role("link", name="open gates").click()
    expect(status_of(figure)).to_contain_text("The link set this state.")
    watch.page.get_by_role("link", name="two words").click()
    expect(status_of(figure)).to_contain_text(
        "The link set this state. The gradient starts as 1 at the last word."
    )
    expect(status_of(figure)).to_contain_text("Of the 3 words it reaches")
    assert watch.troubles == []


@pytest.mark.parametrize(
    "state",
    [{"w_h": 0.05, "activation": "sigmoid"}, {"w_h": 2.0, "activation": "linear", "network": "16 units"}],
)
def test_extremes_have_an_axis_and_a_name(watch: Any, folder_site: Site, state: dict[str, Any]) -> None:
    python = GradientFlow(steps=100, revealed=True, **state)
    left = python.norms["gradient"][0]
    assert 0 < left < 1e-180 or left > 1e29
    figure = open_figure(watch.page, folder_site, python)
    end = "vanishes" if left < 1 else "explodes"
    expect(status_of(figure)).to_contain_text(f"after 99 steps back it is {_share(left)}: it {end}.")
    lines = figure.locator(".cw-plot .cw-curve").evaluate_all(
        "lines => lines.map(line => line.getAttribute('d'))"
    )
    assert all(line and "NaN" not in line and "Infinity" not in line for line in lines)
    assert "NaN" not in figure.inner_text() and "Infinity" not in figure.inner_text()
    assert watch.troubles == []


@pytest.mark.alone
@pytest.mark.parametrize("mode", ["one-unit", "cells"])
def test_dragging_never_holds_the_page_up(watch: Any, folder_site: Site, mode: str) -> None:
    page = watch.page
    python = GradientFlow(mode=mode, network="16 units", steps=100, revealed=True)
    figure = open_figure(page, folder_site, python)
    slider = figure.get_by_role("slider", name="largest input")
    expect_no_long_task(page, dragging(slider, steps=40))
    assert float(slider.input_value()) > 1.8
    assert watch.troubles == []


@pytest.mark.alone
def test_typing_never_holds_the_page_up(watch: Any, folder_site: Site) -> None:
    figure = open_figure(watch.page, folder_site, GradientFlow(mode="trained", revealed=True))
    figure.get_by_label("Your text").press("End")

    def write() -> None:
        watch.page.keyboard.type(" and what a wonderful cast")

    expect_no_long_task(watch.page, write)
    assert watch.troubles == []
