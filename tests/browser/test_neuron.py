"""The neuron in headless Chromium: both modes, by pointer and by keyboard, and its numbers against Python's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from figure_pages import Site, dragging, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Browser, Locator, expect

from course_utils.explainers import Neuron

pytestmark = pytest.mark.needs_browser


def step(figure: Locator) -> None:
    figure.get_by_role("button", name="One step").click(force=True)


def shown_loss(figure: Locator) -> float:
    return table_of(figure)[-1][3]


def test_predict_then_try_by_hand(watch: Any, site: Site) -> None:
    watch.page.goto(site.write("hand", Neuron(-0.5, 0, 0.2, 0.5, 0)))
    figure = figure_of(watch.page, "neuron")
    before, after = Neuron(-0.5, 0, 0.2), Neuron(-0.5, 0, 0.3)
    expect(status_of(figure)).to_contain_text(f"the output a = sigmoid(z) = {before.a:.3f}")
    figure.get_by_role("radio", name="larger").check()
    figure.get_by_role("button", name="Try it").click()
    told = f"z fell from −0.100 to −0.150 and a fell from {before.a:.3f} to {after.a:.3f}."
    expect(status_of(figure)).to_contain_text(f"You said larger; it is smaller. With w1 = 0.30, {told}")
    # x_2 is 0: its weight makes no difference.
    expect(figure.get_by_role("group", name="Raise w2 by 0.1")).to_be_visible()
    figure.get_by_role("radio", name="about the same").check()
    figure.get_by_role("button", name="Try it").click()
    expect(status_of(figure)).to_contain_text(
        "You said about the same: right. With w2 = 0.60, z stayed near −0.150"
    )
    expect(figure.get_by_role("group", name="Raise b by 0.1")).to_be_visible()
    figure.get_by_label("Activation").select_option("relu")
    expect(status_of(figure)).to_contain_text("a = relu(z) = 0.000; the slope there is 0.000")
    expect(figure.locator(".cw-formula")).to_contain_text("1 where z > 0, else 0) = 0.000")
    assert watch.troubles == []


def test_at_its_upper_end_a_weight_is_lowered(watch: Any, folder_site: Site) -> None:
    watch.page.goto(folder_site.write("end", Neuron(1, 1, 5, -5, 0)))
    figure = figure_of(watch.page, "neuron")
    expect(figure.get_by_role("group", name="Lower w1 by 0.1")).to_be_visible()
    figure.get_by_role("button", name="Try it").click()
    expect(status_of(figure)).to_contain_text("With w1 = 4.90, z fell from 0.000 to −0.100")
    assert watch.troubles == []


def test_predict_then_step(watch: Any, site: Site) -> None:
    watch.page.goto(site.write("learn", Neuron(mode="learn", rate=1)))
    figure = figure_of(watch.page, "neuron")
    run = Neuron(mode="learn", rate=1, steps=3)
    expect(figure.get_by_role("group", name="will w1 become larger or smaller?")).to_be_visible()
    figure.get_by_role("radio", name="larger").check()
    step(figure)
    loss = run.losses
    expect(status_of(figure)).to_contain_text(
        f"You said larger: right. One step: w1 rose from 0.200 to {run.path[1, 0]:.3f}, because a little more w1 "
        f"lowers the loss; the loss fell from {loss[0]:.3f} to {loss[1]:.3f}."
    )
    expect(figure.get_by_role("group", name="will w2 become larger or smaller?")).to_be_visible()
    truth = "larger" if run.path[2, 1] > run.path[1, 1] else "smaller"
    wrong = {"larger": "smaller", "smaller": "larger"}[truth]
    figure.get_by_role("radio", name=wrong).check()
    step(figure)
    expect(status_of(figure)).to_contain_text(f"You said {wrong}; it is {truth}. One step: w2")
    figure.get_by_role("radio", name="smaller").check()
    step(figure)
    expect(status_of(figure)).to_contain_text(
        f"You said smaller: right. One step: b fell from {run.path[2, 2]:.3f}".replace("-", "−")
    )
    figure.get_by_role("button", name="Start over").click()
    expect(status_of(figure)).to_have_text(
        f"The loss is L = {loss[0]:.3f}; {Neuron(mode='learn').right} of 120 points lie on their own side of the line."
    )
    assert watch.troubles == []


def test_too_large_a_rate_overshoots_and_is_told(watch: Any, folder_site: Site) -> None:
    losses = Neuron(mode="learn", rate=3, steps=25).losses
    rise = int(np.argmax(np.diff(losses)))
    watch.page.goto(folder_site.write("overshoot", Neuron(mode="learn", rate=3, steps=rise)))
    figure = figure_of(watch.page, "neuron")
    step(figure)
    told = f"the loss rose from {losses[rise]:.3f} to {losses[rise + 1]:.3f}: the step was too large and overshot."
    expect(status_of(figure)).to_contain_text(told)
    assert watch.troubles == []


def test_run_pause_and_another_rate(browser: Browser, folder_site: Site) -> None:
    address = folder_site.write("run", Neuron(mode="learn"))
    run = Neuron(mode="learn", steps=25)
    for motion in ("no-preference", "reduce"):
        context = browser.new_context(reduced_motion=motion)
        page = context.new_page()
        page.goto(address)
        figure = figure_of(page, "neuron")
        figure.get_by_role("button", name="Run").click()
        if motion == "no-preference":
            figure.get_by_role("button", name="Pause").click()
            expect(figure.get_by_role("button", name="Run")).to_be_visible()
            assert 2 <= len(table_of(figure)) < 26
        else:
            told = f"25 steps: b fell from 0.000 to {run.path[-1, 2]:.3f}; the loss fell".replace("-", "−")
            expect(status_of(figure)).to_contain_text(told)
            expect(status_of(figure)).to_contain_text(f"to {run.losses[-1]:.3f}. {run.right} of 120 points")
            figure.get_by_role("slider", name="rate").fill("3")
            rises = int(np.sum(np.diff(Neuron(mode="learn", rate=3, steps=25).losses) > 0))
            expect(status_of(figure)).to_contain_text("With rate = 3.00: 25 steps:")
            expect(status_of(figure)).to_contain_text(
                f"but it rose at {rises} of the steps: they were too large"
            )
            for _ in range(3):
                figure.get_by_role("button", name="Run").click()
            figure.get_by_role("button", name="Run").click(force=True)
            expect(
                figure.get_by_role("group", name="Step 100 is the last one of this figure.")
            ).to_be_visible()
            step(figure)
            assert len(table_of(figure)) == 101
        context.close()


def test_a_weight_moved_by_hand_is_a_new_start(watch: Any, folder_site: Site) -> None:
    watch.page.goto(folder_site.write("fresh", Neuron(mode="learn", rate=4, steps=100)))
    figure = figure_of(watch.page, "neuron")
    last = Neuron(mode="learn", rate=4, steps=100).path[-1]
    assert last[2] < -5, "this test wants a weight beyond its slider"
    figure.get_by_role("slider", name="w1 weight").fill("1")
    expect(status_of(figure)).to_contain_text("With w1 = 1.00: The loss is L = ")
    (row,) = table_of(figure)
    np.testing.assert_allclose(row[:3], [1, last[1], -5], atol=1e-9)
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", Neuron(mode="learn")))
    figure = figure_of(page, "neuron")
    page.keyboard.press("Tab")
    expect(figure.get_by_label("Show")).to_be_focused()
    page.keyboard.press("Tab")  # the question
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said larger: right.")
    for _ in range(2):  # nothing is chosen any more: past the other choice
        page.keyboard.press("Tab")
    expect(figure.get_by_role("button", name="One step")).to_be_focused()
    page.keyboard.press("Space")
    expect(status_of(figure)).to_contain_text("One step: w2")
    for _ in range(3):  # Run, Start over, w_1
        page.keyboard.press("Tab")
    slider = figure.get_by_role("slider", name="w1 weight")
    expect(slider).to_be_focused()
    assert slider.evaluate("input => getComputedStyle(input).outlineStyle") == "solid", (
        "the focus cannot be seen"
    )
    page.keyboard.press("End")
    expect(status_of(figure)).to_contain_text("With w1 = 5.00:")
    assert watch.troubles == []


def test_the_browser_computes_what_python_computes(watch: Any, folder_site: Site) -> None:
    rng = np.random.default_rng(0)
    still, learning = [], []
    for index in range(8):
        numbers = [*rng.uniform(-2, 2, size=2), *rng.uniform(-5, 5, size=3)]
        activation = ("sigmoid", "tanh", "relu", "linear")[index % 4]
        still.append(Neuron(*numbers, activation, f"case-{index}"))
        rate, steps = float(rng.uniform(0.1, 4)), (0, 1, 10, 100)[index % 4]
        learning.append(Neuron(*numbers, name=f"run-{index}", mode="learn", rate=rate, steps=steps))
    watch.page.goto(folder_site.write("parity", *still, *learning))
    for figure in still:
        shown = np.array(table_of(figure_of(watch.page, figure.name)))[:, 0]
        expected = [figure.x_1, figure.x_2, figure.w_1, figure.w_2, figure.b, figure.w_1 * figure.x_1]
        expected += [figure.w_2 * figure.x_2, figure.z, figure.a, figure.slope]
        np.testing.assert_allclose(shown, expected, rtol=0, atol=1e-5)
    for figure in learning:
        shown = np.array(table_of(figure_of(watch.page, figure.name)))
        expected = np.column_stack([figure.path, figure.losses, figure.gradients])
        np.testing.assert_allclose(shown, expected, rtol=0, atol=1e-5)
        told = f"{figure.right} of 120 points lie on their own side"
        expect(status_of(figure_of(watch.page, figure.name))).to_contain_text(told)
    assert watch.troubles == []


@pytest.mark.alone
@pytest.mark.parametrize("mode", ["compute", "learn"])
def test_dragging_never_holds_the_page_up(watch: Any, folder_site: Site, mode: str) -> None:
    page = watch.page
    page.goto(folder_site.write(f"drag-{mode}", Neuron(mode=mode, steps=100)))
    figure = figure_of(page, "neuron")
    slider = figure.get_by_role("slider", name="rate" if mode == "learn" else "w1 weight")
    expect_no_long_task(page, dragging(slider, steps=40))
    assert float(slider.input_value()) > 3.7
    assert watch.troubles == []


@pytest.mark.parametrize("mode", ["compute", "learn"])
def test_a_link_sets_the_figure(watch: Any, folder_site: Site, mode: str) -> None:
    link = f'<p><a href="#neuron?mode={mode}&amp;rate=3&amp;steps=4&amp;w_1=-1.5">there</a></p>'
    watch.page.goto(folder_site.write(f"link-{mode}", link, Neuron()))
    figure = figure_of(watch.page, "neuron")
    watch.page.get_by_role("link", name="there").click()
    expect(status_of(figure)).to_contain_text("The link set this state.")
    if mode == "learn":
        run = Neuron(w_1=-1.5, mode="learn", rate=3, steps=4)
        assert shown_loss(figure) == pytest.approx(run.losses[-1])
    else:
        expect(figure.get_by_role("slider", name="w1 weight")).to_have_value("-1.5")
    assert watch.troubles == []
