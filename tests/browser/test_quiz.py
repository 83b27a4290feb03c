"""Questions in Chromium: every type by mouse and by keyboard, kept, in step, judged as Python judges; progress."""

from __future__ import annotations

import copy
import html
import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from figure_pages import Site, small_targets
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from course_utils.explainers.widget import module_parts, smaller
from course_utils.layout import Clone
from course_utils.quiz.bank import Bank, load_bank, read_bank
from course_utils.quiz.judge import UnreadableAnswer, check_value, judge, points_of
from course_utils.quiz.public import digest, drawn, seeded_order
from course_utils.quiz.publish import Publisher, published
from course_utils.quiz.widget import MODULE, QuizQuestion, interface_strings
from course_utils.site.pages import STAGED_MARK

pytestmark = pytest.mark.needs_browser

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "quiz" / "normalisation.json"
STORE = "unrolled-quiz"

TRIAL = r"""
version: 1
language: en
chapter: trial
objectives: {try: try it}
questions:
  - id: trial-single
    type: single
    objective: try
    prompt: "What does $h_t$ hold before `model.fit` has run once?"
    options:
      - {id: a, text: "Nothing but zeros: $h_0 = 0$", correct: true, reason: "Every sequence starts from zeros."}
      - {id: b, text: "The last state of the sequence before it", reason: "Only a *stateful* layer carries it over."}
      - {id: c, text: "Random numbers", reason: "Those are drawn for the weights $W_x$."}
    hints: ["What can it know?", "Look at `get_initial_state`."]
    explanation: "Before the first step there is nothing to remember."
  - id: trial-several
    type: several
    points: 2
    scoring: per-option
    objective: try
    prompt: "Which of these share their weights over all steps?"
    options:
      - {id: a, text: "`SimpleRNN`", correct: true, reason: "One $W_h$ for every step."}
      - {id: b, text: "`LSTM`", correct: true, reason: "The same four at every step."}
      - {id: c, text: "A dense layer on the flattened sequence", reason: "It has a weight for each position."}
      - {id: d, text: "`Embedding`", correct: true, reason: "Every step looks into the same table."}
    explanation: "Sharing makes the number of parameters independent of the length."
  - id: trial-number
    type: number
    objective: try
    prompt: "An LSTM of 64 units reads 32 features.\n\n$$4(u d + u^2 + u)$$\n\nHow many parameters has it?"
    answer: 24832
    unit: parameters
    mistakes: [{answer: 6208, reason: "That is one gate."}]
    reason: "Four times one gate."
    other: "Count one gate first."
  - id: trial-text
    type: text
    objective: try
    prompt: "Which argument makes an LSTM give back its state after **every** step?"
    accept: [return_sequences, return_sequences=True]
    mistakes: [{text: return_state, reason: "That gives the last one."}]
    reason: "It gives (batch, time, units)."
    other: "It is an argument of the layer."
  - id: trial-order
    type: order
    points: 2
    scoring: per-position
    objective: try
    prompt: "From raw reviews to what a network reads: put the steps in order."
    options:
      - {id: a, text: "Split each review into words", reason: "Before it, there is nothing to count."}
      - {id: b, text: "Count the words", reason: "The counts decide on the vocabulary."}
      - {id: c, text: "Replace each word by its id", reason: "This needs the vocabulary."}
      - {id: d, text: "Pad with `pad_sequences`", reason: "Rows of ids have to be there first."}
    explanation: "Each step needs what the one before has made."
  - id: trial-match
    type: match
    scoring: per-pair
    objective: try
    prompt: "Which pattern fits which task?"
    left:
      - {id: review, text: "a film review in, one verdict out", match: "1", reason: "Many in, one out."}
      - {id: caption, text: "one photograph in, a sentence out", match: "2", reason: "One in, many out."}
      - {id: nouns, text: "a sentence in, `noun` or not for each word", match: "3", reason: "Many, many."}
    right:
      - {id: "1", text: many-to-one}
      - {id: "2", text: one-to-many}
      - {id: "3", text: many-to-many}
      - {id: "4", text: one-to-one}
  - id: trial-formulas
    type: match
    objective: try
    prompt: "Which formula is which?"
    left:
      - {id: c, text: "cell state", match: "1", reason: "It forgets and adds."}
      - {id: h, text: "hidden state", match: "2", reason: "What the output gate lets out."}
    right:
      - {id: "1", text: "$f_t \\odot c_{t-1} + i_t$"}
      - {id: "2", text: "$o_t \\odot \\tanh(c_t)$"}
  - id: trial-output
    type: output
    objective: try
    prompt: "What does this print?"
    snippet: |
      state = 0.0
      for x_t in (0.5, -0.2):
          state = 0.5 * state + x_t  # half of what was, and what is read: a long line, so that it scrolls on a phone
          print(round(state, 2))
    mistakes: [{text: "0.5", reason: "There are two steps."}]
    reason: "The second state is half of the first, less 0.2."
    other: "Follow `state` through both steps."
"""
BANK = read_bank(TRIAL, "trial.yml")
KINDS = [question.id for question in BANK.questions]


def shown(name: str, bank: Bank = BANK, language: str = "en", **changes: Any) -> QuizQuestion:
    """A question as the site shows it, with some of its public form changed."""
    place = copy.deepcopy(published(bank)[name][language])
    for question in place["questions"]:
        question.update(changes)
    return QuizQuestion(place)


def form_of(page: Page, name: str, view: int = 0) -> Locator:
    """The live question of this place."""
    place = page.locator(f".course-widget[data-name=quiz-{name}]").nth(view)
    place.scroll_into_view_if_needed()
    live = place.locator("form.quiz")
    live.wait_for()
    return live


def status_of(form: Locator) -> Locator:
    return form.get_by_role("status")


def check_button(form: Locator) -> Locator:
    return form.locator("button[type=submit]")


def kept(page: Page) -> Any:
    return page.evaluate(f"JSON.parse(localStorage.getItem('{STORE}'))")


def has_focus(node: Locator) -> bool:
    return bool(node.evaluate("node => node === document.activeElement"))


def tab_to(page: Page, node: Locator) -> None:
    """Press Tab until the focus is there, as a reader does who has nothing else."""
    for _ in range(60):
        if has_focus(node):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not get to {node}")


# --- What answers: by mouse, by keyboard ---


def answer_by_mouse(form: Locator, value: Any) -> None:
    match value:
        case str() if form.get_by_role("textbox").count():
            form.get_by_role("textbox").fill(value)
        case str():
            form.locator(f"label:has(input[value={value}])").click()
        case dict():
            for select, right in zip(form.get_by_role("combobox").all(), value.values(), strict=True):
                select.select_option(right)
        case list() if form.locator("li[data-id]").count():
            for place, name in enumerate(value):
                item = form.locator(f"li[data-id={name}]")
                while form.locator("li[data-id]").nth(place).get_attribute("data-id") != name:
                    item.get_by_role("button", name="Up").click()
        case _:
            for name in value:
                form.locator(f"label:has(input[value={name}])").click()
    check_button(form).click()


def answer_by_keyboard(page: Page, form: Locator, value: Any) -> None:
    page.evaluate("document.activeElement.blur()")
    match value:
        case str() if form.get_by_role("textbox").count():
            tab_to(page, form.get_by_role("textbox"))
            for number, line in enumerate(value.split("\n")):
                if number:
                    page.keyboard.press("Shift+Enter")
                page.keyboard.type(line)
        case str():
            first = form.get_by_role("radio").first
            tab_to(page, first)
            page.keyboard.press("Space")
            while not form.locator(f"input[value={value}]").is_checked():
                page.keyboard.press("ArrowDown")
        case dict():
            for select, right in zip(form.get_by_role("combobox").all(), value.values(), strict=True):
                tab_to(page, select)
                while select.input_value() != right:
                    page.keyboard.press("ArrowDown")
            tab_to(page, check_button(form))
        case list() if form.locator("li[data-id]").count():
            for place, name in enumerate(value):
                button = form.locator(f"li[data-id={name}]").get_by_role("button").nth(place % 2)
                page.evaluate("document.activeElement.blur()")
                tab_to(page, button)
                while form.locator("li[data-id]").nth(place).get_attribute("data-id") != name:
                    page.keyboard.press("Alt+ArrowUp")
                    assert has_focus(button), "the focus does not go with the item"
                expect(status_of(form)).to_contain_text(re.compile(r"is now \d of 4|^$"))
            tab_to(page, check_button(form))
        case _:
            for name in value:
                tab_to(page, form.locator(f"input[value={name}]"))
                page.keyboard.press("Space")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_every_type_is_answered_to_the_verdict_and_kept(watch: Any, site: Site, name: str, by: str) -> None:
    question = BANK.question(name)
    best = question.best_answer()
    page = watch.page
    page.goto(site.write(f"{name}-{by}", shown(name)))
    form = form_of(page, name)
    points = f"{question.points:g} point" + ("s" if question.points > 1 else "")
    expect(form.locator(".quiz-points")).to_have_text(points)
    if by == "mouse":
        answer_by_mouse(form, best)
    else:
        answer_by_keyboard(page, form, best)
    expect(status_of(form)).to_contain_text(f"✓ Right. {question.points:g} of {points}.")
    expect(form.locator(".quiz-points")).to_have_text(f"{question.points:g} of {points}")
    assert form.evaluate("form => form.contains(document.activeElement)"), "the focus is lost"
    if question.explanation:
        expect(form.get_by_text("Explanation")).to_be_visible()
    record = {"question": name, "value": best, "attempt": 1, "attempts": 1}
    told = {"points": question.points, "right": True, "done": True}
    assert kept(page)["answers"] == {name: {**record, **told}}

    page.reload()
    form = form_of(page, name)
    expect(status_of(form)).to_contain_text("✓ Right.")
    expect(form.locator(".quiz-points")).to_have_text(f"{question.points:g} of {points}")
    check_button(form).click()  # what is shown is what was answered
    expect(status_of(form)).to_contain_text("✓ Right.")
    assert kept(page)["answers"][name]["attempts"] == 2
    assert kept(page)["answers"][name]["value"] == best
    assert watch.troubles == []


def wrong_answer(name: str) -> tuple[Any, str, str]:
    """A wrong or half right answer, its verdict, and a sentence that it is told."""
    order = BANK.question("trial-order").best_answer()
    match = BANK.question("trial-match").best_answer()
    return {
        "trial-single": ("b", "✗ Not yet. 0 of 1 point.", "Only a stateful layer carries it over."),
        "trial-several": (
            ["a", "c"],
            "◐ Partly right. 0.5 of 2 points.",
            "It has a weight for each position.",
        ),
        "trial-number": ("6208", "✗ Not yet. 0 of 1 point.", "That is one gate."),
        "trial-text": ("Return_State", "✗ Not yet. 0 of 1 point.", "That gives the last one."),
        "trial-order": (
            [order[1], order[0], *order[2:]],
            "◐ Partly right. 1 of 2 points.",
            "The counts decide on the vocabulary.",
        ),
        "trial-match": (
            {**match, "nouns": match["review"]},
            "◐ Partly right. 0.67 of 1 point.",
            "Many in, one out.",
        ),
        "trial-formulas": (dict.fromkeys("ch", "1"), "✗ Not yet. 0 of 1 point.", "It forgets and adds."),
        "trial-output": ("0.5", "✗ Not yet. 0 of 1 point.", "There are two steps."),
    }[name]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_wrong_gets_its_reason_and_never_by_colour_alone(
    watch: Any, folder_site: Site, name: str
) -> None:
    value, said, reason = wrong_answer(name)
    page = watch.page
    page.goto(folder_site.write(f"wrong-{name}", shown(name)))
    form = form_of(page, name)
    answer_by_mouse(form, value)
    expect(status_of(form)).to_contain_text(said)
    expect(form).to_contain_text(reason)
    expect(form.get_by_text("Explanation")).not_to_be_visible()
    if not isinstance(value, str):
        tags = form.locator(".quiz-tag:not(:empty)")
        assert tags.count() >= 2
        for tag in tags.all():
            assert re.match("✓ (right|in place)|✗ not (right|in place)", tag.inner_text())
    for control in form.locator("[aria-describedby]").all():
        for described in (control.get_attribute("aria-describedby") or "").split():
            assert page.locator(f"[id='{described}']").inner_text().strip(), "described by nothing"
    assert has_focus(check_button(form))
    assert watch.troubles == []


def test_a_wrong_choice_by_keyboard_keeps_the_focus_on_it(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("focus", shown("trial-single")))
    form = form_of(page, "trial-single")
    answer_by_keyboard(page, form, "c")
    expect(status_of(form)).to_contain_text("✗ Not yet.")
    assert has_focus(form.locator("input[value=c]"))
    page.keyboard.press("ArrowDown")
    expect(status_of(form)).to_be_empty()  # the verdict was about another one


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("trial-single", None, "Nothing is chosen yet"),
        ("trial-several", None, "Nothing is chosen yet"),
        ("trial-number", "", "Type a number first"),
        ("trial-number", "12abc", "“12abc” cannot be read as a number"),
        ("trial-number", "<b>1</b>", "“<b>1</b>” cannot be read as a number"),
        ("trial-text", " \u00a0", "Nothing is typed yet"),
        ("trial-output", "", "Nothing is typed yet"),
        ("trial-match", None, "Nothing is chosen yet for “a film review in, one verdict out”."),
    ],
)
def test_what_is_no_answer_is_told_what_is_missing(
    watch: Any, folder_site: Site, name: str, typed: str | None, told: str
) -> None:
    page = watch.page
    page.goto(folder_site.write("missing", shown(name, most=1)))
    form = form_of(page, name)
    if typed is not None:
        form.get_by_role("textbox").fill(typed)
    check_button(form).click()
    expect(status_of(form)).to_contain_text(told)
    controls = form.locator("input, select, textarea")
    assert has_focus(controls.first)
    assert kept(page)["answers"] == {}, "it has cost an attempt"
    expect(check_button(form)).to_be_enabled()
    assert watch.troubles == []


def test_an_item_is_dragged_into_its_place(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("drag", shown("trial-order")))
    form = form_of(page, "trial-order")
    items = form.locator("li[data-id]")
    last = items.nth(3).get_attribute("data-id")
    start, end = items.nth(3).locator(".quiz-grip").bounding_box(), items.nth(0).bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 5, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 5, steps=12)
    page.mouse.up()
    assert items.nth(0).get_attribute("data-id") == last
    expect(status_of(form)).to_contain_text("is now 1 of 4")
    page.mouse.move(end["x"] + 20, end["y"] + 300)
    assert items.nth(0).get_attribute("data-id") == last, "it still follows the pointer"


def test_the_first_cannot_go_up_and_the_last_cannot_go_down(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("ends", shown("trial-order")))
    form = form_of(page, "trial-order")
    first, last = form.locator("li[data-id]").first, form.locator("li[data-id]").last
    order = form.locator("li[data-id]").evaluate_all("items => items.map(item => item.dataset.id)")
    for item, word in ((first, "Up"), (last, "Down")):
        button = item.get_by_role("button", name=word)
        expect(button).to_have_attribute("aria-disabled", "true")
        button.press("Enter")
        assert has_focus(button)
    assert form.locator("li[data-id]").evaluate_all("items => items.map(item => item.dataset.id)") == order


# --- Attempts, hints, exam ---


def test_the_best_answer_is_kept_and_the_last_attempt_closes_the_question(
    watch: Any, folder_site: Site
) -> None:
    page = watch.page
    address = folder_site.write("most", shown("trial-several", most=3, decay=[1, 0.5]))
    page.goto(address)
    form = form_of(page, "trial-several")
    expect(form).to_contain_text("Attempt 1 of 3 · worth up to 2 points")
    answer_by_mouse(form, ["a", "b"])
    expect(status_of(form)).to_contain_text("◐ Partly right. 1.5 of 2 points.")
    expect(form).to_contain_text("Attempt 2 of 3 · worth up to 1 point")
    answer_by_mouse(form, ["d"])  # all three: right, and worth half
    expect(status_of(form)).to_contain_text("✓ Right. 1 of 2 points.")
    expect(status_of(form)).to_contain_text("Your best answer counts: 1.5 of 2 points.")
    expect(form.locator(".quiz-points")).to_have_text("1.5 of 2 points")
    record = {"question": "trial-several", "value": ["a", "b"], "attempt": 1, "attempts": 2}
    assert kept(page)["answers"]["trial-several"] == {**record, "points": 1.5, "right": False, "done": False}
    tab_to(page, form.locator("input[value=c]"))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(status_of(form)).to_contain_text("That was the last attempt.")
    assert has_focus(status_of(form)), "the controls are gone, and nothing has the focus"
    for state in ("now", "after a reload"):
        expect(form.get_by_role("checkbox").first).to_be_disabled()
        expect(check_button(form)).not_to_be_visible()
        expect(form.get_by_text("Sharing makes")).to_be_visible()
        assert kept(page)["answers"]["trial-several"]["attempts"] == 3, state
        assert kept(page)["answers"]["trial-several"]["done"] is True
        page.goto(address)
        form = form_of(page, "trial-several")
    assert form.locator("input:checked").evaluate_all("inputs => inputs.map(i => i.value).sort()") == [
        "a",
        "b",
    ]
    assert watch.troubles == []


def test_hints_come_one_after_another(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("hints", shown("trial-single"), shown("trial-text")))
    form = form_of(page, "trial-single")
    hints = form.locator(".quiz-hint-text")
    for count, after in enumerate(["Hint 2/2", "No more hints", "No more hints"], start=1):
        button = form.locator(".quiz-hint")
        tab_to(page, button)
        page.keyboard.press("Enter")
        expect(hints).to_have_count(min(count, 2))
        expect(button).to_have_text(after)
        assert has_focus(button)
    assert hints.all_inner_texts() == ["What can it know?", "Look at get_initial_state."]
    expect(form_of(page, "trial-text").locator(".quiz-hint")).to_have_count(0)
    assert kept(page)["answers"] == {}


def test_an_exam_says_that_it_is_saved_and_nothing_else(watch: Any, site: Site) -> None:
    bank = read_bank(TRIAL.replace("chapter: trial", "chapter: trial\nmode: exam"), "trial.yml")
    page = watch.page
    page.goto(site.write("exam", *(shown(name, bank) for name in KINDS)))
    for name in KINDS:
        form = form_of(page, name)
        assert "sealed" not in (form.locator("xpath=../..").get_attribute("data-state") or "sealed")
        expect(check_button(form)).to_have_text("Save")
        value = wrong_answer(name)[0]
        answer_by_mouse(form, value)
        expect(status_of(form)).to_have_text("Saved.")
        expect(form.locator(".quiz-tag:not(:empty), .quiz-reason:not(:empty)")).to_have_count(0)
        expect(form.locator(".quiz-hint")).to_have_count(0)
        record = kept(page)["answers"][name]
        assert (record["value"], record["points"], record["done"]) == (value, None, True)
    answer_by_mouse(form_of(page, "trial-single"), "c")
    assert kept(page)["answers"]["trial-single"]["value"] == "c", "in an exam the last answer counts"
    page.reload()
    expect(status_of(form_of(page, "trial-single"))).to_have_text("Saved.")
    assert watch.troubles == []


def test_where_only_the_grader_knows_it_says_so(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("open", shown("trial-text", open=True)))
    form = form_of(page, "trial-text")
    answer_by_mouse(form, "anything else")
    expect(status_of(form)).to_have_text("Saved: the grader decides.")
    assert kept(page)["answers"]["trial-text"]["points"] is None
    answer_by_mouse(form, "return_sequences")
    expect(status_of(form)).to_contain_text("✓ Right. 1 of 1 point.")


# --- Kept, in step, damaged ---


def test_two_views_and_two_tabs_stay_in_step(context: BrowserContext, watch: Any, site: Site) -> None:
    page = watch.page
    # Two objects for one place: two models, as in two notebooks of one page.
    address = site.write(
        "step", shown("trial-single"), shown("trial-single"), shown("trial-text"), shown("trial-order")
    )
    page.goto(address)
    other = context.new_page()
    other.goto(address)
    typing = form_of(other, "trial-text").get_by_role("textbox")
    typing.fill("half a word")
    moved = form_of(other, "trial-order")
    moved.locator("li[data-id]").nth(1).get_by_role("button", name="Up").click()
    order = moved.locator("li[data-id]").evaluate_all("items => items.map(item => item.dataset.id)")
    answer_by_mouse(form_of(page, "trial-single"), "b")
    for view in (form_of(page, "trial-single", 1), form_of(other, "trial-single")):
        expect(status_of(view)).to_contain_text("✗ Not yet.")
        expect(view.locator("input[value=b]")).to_be_checked()
    answer_by_mouse(form_of(other, "trial-single", 1), "a")
    expect(status_of(form_of(page, "trial-single"))).to_contain_text("✓ Right.")
    assert kept(page)["answers"]["trial-single"]["attempts"] == 2
    expect(typing).to_have_value("half a word")
    assert order == moved.locator("li[data-id]").evaluate_all("items => items.map(item => item.dataset.id)")
    assert watch.troubles == []


def test_the_last_attempt_cannot_be_had_twice_in_two_tabs(
    context: BrowserContext, watch: Any, folder_site: Site
) -> None:
    address = folder_site.write("twice", shown("trial-single", most=1))
    page, other = watch.page, context.new_page()
    page.goto(address)
    other.goto(address)
    form_of(other, "trial-single").locator("label:has(input[value=a])").click()
    answer_by_mouse(form_of(page, "trial-single"), "b")
    expect(check_button(form_of(other, "trial-single"))).not_to_be_visible()
    assert kept(page)["answers"]["trial-single"]["value"] == "b"


DAMAGED = [
    "",
    "{",
    "null",
    "3",
    '"text"',
    "[]",
    '{"version": 2, "seed": "s", "answers": {}}',
    '{"version": 1, "seed": 7, "answers": {}}',
    '{"version": 1, "seed": "", "answers": {}}',
    '{"version": 1, "seed": "s", "answers": []}',
    '{"version": 1, "seed": "s", "answers": null}',
    '{"version": 1, "seed": "s"}',
    *(
        json.dumps({"version": 1, "seed": "s", "answers": {name: record for name in KINDS}})
        for record in (
            None,
            [],
            "b",
            {},
            {"question": 3, "value": "b"},
            {"question": "trial-single", "value": "z", "attempts": 2},
            *(
                {"question": name, "value": value}
                for name in KINDS
                for value in ({"f": {}}, [["a"]], None, 7)
            ),
        )
    ),
]


def test_a_damaged_store_is_as_good_as_none(watch: Any, folder_site: Site) -> None:
    page = watch.page
    address = folder_site.write("damaged", *(shown(name) for name in KINDS))
    page.set_viewport_size({"width": 1280, "height": 6000})
    page.goto(address)
    for content in DAMAGED:
        page.evaluate(f"content => localStorage.setItem('{STORE}', content)", content)
        page.reload()
        expect(page.locator("form.quiz")).to_have_count(len(KINDS))
        expect(page.locator(".quiz-said")).to_have_count(0)
        answer_by_mouse(form_of(page, "trial-single"), "a")
        expect(status_of(form_of(page, "trial-single"))).to_contain_text("✓ Right. 1 of 1 point.")
        assert kept(page)["answers"]["trial-single"]["value"] == "a", content
    assert watch.troubles == []


@pytest.mark.parametrize(
    "blocked",
    [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
    ],
    ids=["blocked", "full"],
)
def test_without_a_store_all_works_and_it_is_said_once(watch: Any, site: Site, blocked: str) -> None:
    page = watch.page
    page.add_init_script(blocked)
    page.goto(site.write("blocked", shown("trial-single"), shown("trial-single"), shown("trial-text")))
    form = form_of(page, "trial-single")
    answer_by_mouse(form, "b")
    expect(status_of(form)).to_contain_text("✗ Not yet.")
    answer_by_mouse(form_of(page, "trial-text"), "return_sequences")
    expect(status_of(form_of(page, "trial-text"))).to_contain_text("✓ Right.")
    expect(status_of(form_of(page, "trial-single", 1))).to_contain_text("✗ Not yet.")
    expect(page.get_by_text("This browser keeps no answers")).to_have_count(1)
    assert watch.troubles == []


def test_a_damaged_state_leaves_the_version_for_paper(watch: Any, site: Site) -> None:
    page_html = shown("trial-single")._repr_mimebundle_()[0]["text/html"]
    sealed = re.search(r"&quot;sealed&quot;: &quot;([^&]+)&quot;", page_html)
    assert sealed
    for broken in (
        page_html.replace('data-state="{', 'data-state="{{'),
        page_html.replace(sealed[1], "AAAA" + sealed[1][4:]),
        page_html.replace("&quot;questions&quot;", "&quot;queries&quot;"),
    ):
        assert broken != page_html
        lines: list[str] = []
        page = watch.page.context.new_page()
        page.on("console", lambda message, lines=lines: lines.append(message.text))
        page.goto(site.write("broken", broken))
        page.wait_for_selector("[data-hydrated=error]")
        assert len([line for line in lines if "stays as it is" in line]) == 1, lines
        assert "Nothing but zeros" in page.locator(".course-widget").inner_text()
        page.close()


def test_without_javascript_there_are_blanks(browser: Browser, folder_site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(folder_site.write("still", *(shown(name) for name in KINDS)))
    assert page.locator(".course-widget").count() == len(KINDS)
    for place in page.locator(".course-widget").all():
        assert re.search("☐|___", place.inner_text())
    context.close()


# --- In a notebook: the same module with a kernel behind it ---

FAKE_MODEL = """({ state }) => {
  const listeners = new Map();
  const told = (name) => [...(listeners.get(name) ?? [])].forEach((each) => each());
  window.saved = [];
  window.model = {
    get: (name) => state[name],
    set(name, value) { state[name] = value; told(`change:${name}`); },
    save_changes() { window.saved.push(JSON.parse(JSON.stringify(state.answer))); },
    on(name, each) { listeners.set(name, [...(listeners.get(name) ?? []), each]); },
    off(name, each) { listeners.set(name, (listeners.get(name) ?? []).filter((other) => other !== each)); },
    count: () => [...listeners.values()].flat().length,
  };
  const el = document.createElement("div");
  document.querySelector("main").append(el);
  window.close_view = window.quiz.default.render({ model: window.model, el });
}"""


def module_text() -> str:
    """The module as it is shipped, its functions made known to the tests."""
    names = "digest, drawn, isAnswer, judge, normalOutput, normalText, pointsOf, readNumber, recordAfter, seededOrder"
    return "\n".join([*(smaller(part) for part in module_parts(MODULE)), f"export {{ {names} }};"])


@pytest.fixture
def module_page(watch: Any, folder_site: Site) -> Page:
    """A page that has the module's functions as `quiz`."""
    page: Page = watch.page
    page.goto(folder_site.write("module", ""))
    page.evaluate(
        """async (text) => {
          window.quiz = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
        }""",
        module_text(),
    )
    return page


def in_notebook(page: Page, name: str, answer: dict[str, Any] | None = None, **changes: Any) -> Locator:
    state = shown(name, **changes).public_state | {"seed": "ada", "answer": answer or {}, "problem": ""}
    page.evaluate(FAKE_MODEL, {"state": state})
    return page.locator("form.quiz")


def test_in_a_notebook_python_keeps_the_answer(watch: Any, module_page: Page) -> None:
    form = in_notebook(module_page, "trial-match")
    answer_by_mouse(form, wrong_answer("trial-match")[0])
    expect(form.locator(".quiz-points")).to_have_text("0.67 of 1 point")
    answer_by_mouse(form, dict.fromkeys(["review", "caption", "nouns"], "4"))
    records = module_page.evaluate("saved")
    best = {"question": "trial-match", "value": wrong_answer("trial-match")[0], "attempt": 1}
    assert records == [{**best, "attempts": 1}, {**best, "attempts": 2}]
    assert module_page.evaluate(f"localStorage.getItem('{STORE}')") is None, "the browser keeps it as well"
    # Another view of the same notebook.
    new = {"question": "trial-match", "value": BANK.question("trial-match").best_answer()}
    module_page.evaluate("record => model.set('answer', record)", {**new, "attempt": 3, "attempts": 3})
    expect(status_of(form)).to_contain_text("✓ Right. 1 of 1 point.")
    module_page.evaluate("close_view()")
    assert module_page.evaluate("model.count()") == 0, "it still listens after its end"
    assert watch.troubles == []


def test_in_a_notebook_the_saved_answer_comes_back(watch: Any, module_page: Page) -> None:
    record = {"question": "trial-order", "value": wrong_answer("trial-order")[0], "attempt": 1, "attempts": 4}
    form = in_notebook(module_page, "trial-order", record)
    expect(status_of(form)).to_contain_text("◐ Partly right. 1 of 2 points.")
    items = form.locator("li[data-id]").evaluate_all("items => items.map(item => item.dataset.id)")
    assert items == record["value"]
    # Enter and Alt+arrows must not be JupyterLab's: it asks the focused element.
    form.get_by_role("button").first.focus()
    assert form.get_by_role("button").first.get_attribute("data-lm-suppress-shortcuts") is not None
    assert watch.troubles == []


def test_in_a_notebook_it_is_said_why_an_answer_was_not_saved(watch: Any, module_page: Page) -> None:
    form = in_notebook(module_page, "trial-text")
    answer_by_mouse(form, "return_sequences")
    module_page.evaluate("model.set('problem', 'the disk is full')")
    expect(status_of(form)).to_contain_text("✓ Right.")
    expect(status_of(form)).to_contain_text("It was not saved: the disk is full.")
    answer_by_mouse(form, "return_state")  # the same problem again, of which nothing tells
    expect(form.get_by_text("It was not saved")).to_have_count(1)
    module_page.evaluate("model.set('problem', '')")
    expect(form.get_by_text("It was not saved")).to_have_count(0)


def test_a_kept_answer_that_fits_no_more_costs_its_attempts_and_breaks_nothing(
    watch: Any, module_page: Page
) -> None:
    for number, value in enumerate(("z", ["a"], {"a": 1}, 7, None)):
        record = {"question": "trial-single", "value": value, "attempt": 1, "attempts": 2}
        form = in_notebook(module_page, "trial-single", record, most=3).nth(number)
        expect(status_of(form)).to_be_empty()
        expect(form).to_contain_text("Attempt 3 of 3")
    assert watch.troubles == []


# --- As Python has it ---


def test_the_grammar_of_answers_is_that_of_python(module_page: Page) -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    found = module_page.evaluate(
        """({ numbers, texts, outputs }) => ({
          numbers: numbers.map((v) => quiz.readNumber(v.text.repeat(v.times ?? 1), v.unit)),
          texts: texts.map((v) => quiz.normalText(v.text, v.case_sensitive, v.ignore_spaces)),
          outputs: outputs.map((v) => quiz.normalOutput(v.text)),
        })""",
        vectors,
    )
    for kind, wanted in (("numbers", "number"), ("texts", "normal"), ("outputs", "normal")):
        assert len(found[kind]) == len(vectors[kind]) > 10
        for vector, here in zip(vectors[kind], found[kind], strict=True):
            found_here = (
                float(here) if isinstance(here, int) else here
            )  # Playwright hands over whole numbers as int
            assert found_here == vector[wanted], vector


def random_text(source: random.Random, longest: int = 12) -> str:
    letters = "ab AB01.,-+eE/\t\n\u00a0\u200b\ufeffßẞİıΣςé\u0301ﬁ²½\u2212٣😀|_"
    return "".join(source.choice(letters) for _ in range(source.randrange(1, longest)))


def random_question(source: random.Random, number: int) -> dict[str, Any]:
    """A question of any type as a bank has it, with every rule of scoring."""
    kind = ["single", "several", "number", "text", "order", "match"][number % 6]
    made: dict[str, Any] = {
        "id": f"random-{number}",
        "type": kind,
        "objective": "try",
        "prompt": f"No. {number}",
    }
    made["points"] = source.choice([1, 2, 0.5, 1.25, 3, 100])
    made["attempts"] = {
        "most": source.choice([None, 1, 3]),
        "decay": [source.choice([1, 0.9, 0.35]) for _ in range(source.randrange(1, 4))],
    }
    ids = source.sample(["a", "b", "c", "d", "E5", "x", "7"], source.randrange(2, 7))
    parts = [{"id": name, "text": f"text {name}", "reason": f"reason *{name}*"} for name in ids]
    told = {"reason": "right", "other": "other"}
    match kind:
        case "single" | "several":
            right = set(source.sample(ids, 1 if kind == "single" else source.randrange(1, len(ids) + 1)))
            made["options"] = [{**part, "correct": part["id"] in right} for part in parts]
            if kind == "several":
                made["scoring"] = source.choice(["all-or-nothing", "per-option", "right-minus-wrong"])
        case "order":
            made |= {"options": parts, "scoring": source.choice(["all-or-nothing", "per-position"])}
        case "match":
            made["right"] = [{"id": part["id"], "text": part["text"]} for part in parts]
            made["left"] = [{**part, "match": source.choice(ids)} for part in parts]
            made["scoring"] = source.choice(["all-or-nothing", "per-pair"])
        case "number":
            answer = source.choice([0, 1, -2.5, 1e-7, 12345.678, 1e300])
            tolerance = {"absolute": source.choice([0, 0.005, 1]), "relative": source.choice([0, 0.01, 1])}
            made |= {"answer": answer, "tolerance": tolerance, "unit": source.choice([None, "nats", "%"])}
            made |= {"mistakes": [{"answer": answer * 10 + 7, "reason": "ten times"}], **told}
        case "text":
            accept = [random_text(source) + "a" for _ in range(2)]
            made |= {"accept": accept, "mistakes": [{"text": "b b", "reason": "two"}], **told}
            made |= {flag: source.random() < 0.5 for flag in ("case_sensitive", "ignore_spaces")}
            made["pattern"] = source.choice([None, "zz+"])
    return made


def random_values(source: random.Random, question: dict[str, Any], best: Any) -> list[Any]:
    """Answers of the right form, near misses, and what is no answer at all."""
    odd: list[Any] = [
        None,
        True,
        7,
        "",
        "a",
        [],
        ["a", "a"],
        [1],
        [["a"]],
        {},
        {"a": 1},
        "\ud800",
        "x" * 1001,
    ]
    values = [best, *odd]
    for _ in range(8):
        match question["type"]:
            case "single":
                values.append(source.choice(question["options"])["id"])
            case "several" | "order":
                ids = [each["id"] for each in question["options"]]
                count = len(ids) if question["type"] == "order" else source.randrange(len(ids) + 1)
                values.append(source.sample(ids, count))
            case "match":
                rights = [each["id"] for each in question["right"]]
                values.append({each["id"]: source.choice(rights) for each in question["left"]})
            case "number":
                near = float(best) * source.choice([1, 1.01, 0.99, 1.0100001, 10]) + source.choice(
                    [0, 0.005, 7, 1, 1.00001]
                )
                values += [repr(near), repr(near).replace(".", ",") + " nats", random_text(source)]
            case _:
                values += [best.upper(), best.lower(), f" {best}\u00a0", "B  b", "zzz", random_text(source)]
    return values


def judged_by_python(question: dict[str, Any], value: Any) -> list[Any] | None:
    try:
        check_value(question, value)
    except UnreadableAnswer:
        return None
    found = judge(question, value)
    points = [points_of(question, found.share or 0.0, attempt) for attempt in (1, 2, 3, 4)]
    return [found.share, list(found.reasons), points]


JUDGE = """(cases) => cases.map(([asked, given]) => {
  const value = JSON.parse(given);
  if (!quiz.isAnswer(asked, value)) return null;
  const { share, reasons } = quiz.judge(asked, value);
  return [share, reasons, [1, 2, 3, 4].map((attempt) => quiz.pointsOf(asked, share ?? 0, attempt))];
})"""


def test_the_verdict_is_that_of_python_to_the_digit(module_page: Page) -> None:
    source = random.Random(12)
    written = [random_question(source, number) for number in range(240)]
    bank = read_bank(
        yaml.safe_dump({**yaml.safe_load(TRIAL), "questions": written + yaml.safe_load(TRIAL)["questions"]}),
        "trial.yml",
    )
    banks = [bank, *(load_bank(file) for file in sorted((ROOT / "quizzes").glob("*.yml")))]
    cases, expected = [], []
    for each in banks:
        publisher = Publisher(each, each.language)
        for question in each.questions:
            public = publisher.question(question)
            for value in random_values(source, public, question.best_answer()):
                cases.append([public, json.dumps(value)])
                expected.append(judged_by_python(public, value))
    found = module_page.evaluate(JUDGE, cases)
    assert len(expected) > 3000
    shares = {answer[0] for answer in expected if answer}
    assert {0.0, 1.0, None} < shares and len(shares) > 10, "the answers are too much alike to tell"
    assert sum(answer is None for answer in expected) > 500
    for case, here, wanted in zip(cases, found, expected, strict=True):
        assert here == wanted, (case[0]["type"], case[0].get("scoring"), case[1])


def test_hashes_orders_and_draws_are_those_of_python(module_page: Page) -> None:
    source = random.Random(5)
    texts = [random_text(source, longest) for longest in (2, 20, 60, 130, 1000) for _ in range(20)]
    assert module_page.evaluate("texts => texts.map((text) => quiz.digest('a', text))", texts) == [
        digest("a", text) for text in texts
    ]
    ids = ["a", "b", "c", "d", "e"]
    orders = module_page.evaluate(
        "([ids, seeds]) => seeds.map((s) => quiz.seededOrder(ids, s, 'q'))", [ids, texts]
    )
    assert orders == [seeded_order(ids, text, "q") for text in texts]
    place = {"questions": [{"id": name} for name in ids], "pool": "pool", "index": 1}
    draws = module_page.evaluate(
        "([p, seeds]) => seeds.map((s) => quiz.drawn(p, s, null).id)", [place, texts]
    )
    assert draws == [drawn(place, text)["id"] for text in texts]
    assert len(set(draws)) == len(ids)
    kept_one = module_page.evaluate("p => quiz.drawn(p, 's', { question: 'e' }).id", place)
    assert kept_one == "e", "what was answered is what is shown"


# --- How it looks ---


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_before_and_after(
    watch: Any, folder_site: Site, pictures: Path, theme: str, width: int
) -> None:
    page = watch.page
    page.set_viewport_size({"width": width, "height": 5000})
    page.goto(folder_site.write(f"axe-{theme}-{width}", *(shown(name) for name in KINDS)))
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    expect(page.locator("form.quiz")).to_have_count(len(KINDS))

    def violations() -> list[object]:
        page.wait_for_timeout(300)  # for transitions to end
        found = Axe().run(page, context="form.quiz").response["violations"]
        return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]

    assert violations() == []
    page.screenshot(path=pictures / f"quiz-{theme}-{width}-fresh.png", full_page=True)
    for name in KINDS[:-1]:
        answer_by_mouse(form_of(page, name), wrong_answer(name)[0])
    check_button(form_of(page, KINDS[-1])).click()
    form_of(page, "trial-single").locator(".quiz-hint").click()
    page.screenshot(path=pictures / f"quiz-{theme}-{width}-wrong.png", full_page=True)
    assert violations() == []
    form_of(page, "trial-single").locator("label:has(input[value=a])").click()
    check_button(form_of(page, "trial-single")).click()
    assert violations() == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert small_targets(page, "form.quiz :is(button, input, select, textarea)") == []
    assert watch.troubles == []


def test_on_paper_there_are_blanks_and_no_buttons(watch: Any, folder_site: Site, pictures: Path) -> None:
    page = watch.page
    page.set_viewport_size({"width": 780, "height": 5000})
    page.goto(folder_site.write("paper", *(shown(name) for name in KINDS)))
    for name in KINDS:
        answer_by_mouse(form_of(page, name), wrong_answer(name)[0])
    page.emulate_media(media="print")
    page.screenshot(path=pictures / "quiz-paper.png", full_page=True)
    for name in KINDS:
        form = page.locator(f"form[data-figure=quiz-{name}]")
        assert form.get_by_role("button").count() == 0
        text = form.inner_text()
        assert not re.search("Not yet|Partly|✗|✓|Check|Hint", text), text
        expect(form.locator("legend")).to_be_visible()
    edges = page.evaluate(
        """[...document.querySelectorAll('form.quiz :is(.quiz-row, .quiz-item, .quiz-pair)')].map(part => {
             const { borderColor, backgroundColor } = getComputedStyle(part);
             return `${borderColor} ${backgroundColor}`;
           })"""
    )
    assert len(edges) > 10 and len(set(edges)) == 1, "an edge tells what was chosen or right"
    for corner in page.locator(".quiz-points").all():
        assert corner.evaluate("node => getComputedStyle(node).fontSize") == "0px"
    for field in page.locator("form.quiz :is(.quiz-field input, textarea, select)").all():
        assert field.evaluate("field => getComputedStyle(field).color") == "rgba(0, 0, 0, 0)"
    for choice in page.locator("form.quiz :checked").all():
        if choice.evaluate("node => node.matches('input')"):
            assert choice.evaluate("node => getComputedStyle(node).appearance") == "none"
    assert "____" in page.locator("form[data-figure=quiz-trial-order] li").first.evaluate(
        "item => getComputedStyle(item, '::before').content"
    )


def test_german_words_for_a_german_question(watch: Any, folder_site: Site) -> None:
    bank = read_bank(
        TRIAL.replace("language: en", "language: de").replace("chapter: trial", "chapter: trial"), "trial.yml"
    )
    page = watch.page
    page.goto(folder_site.write("german", *(shown(name, bank, "de") for name in KINDS)))
    form = form_of(page, "trial-match")
    expect(form).to_have_attribute("lang", "de")
    expect(check_button(form)).to_have_text("Prüfen")
    answer_by_mouse(form, wrong_answer("trial-match")[0])
    expect(status_of(form)).to_contain_text("◐ Teilweise richtig. 0,67 von 1 Punkt.")
    item = form_of(page, "trial-order").locator("li[data-id]").nth(1)
    item.get_by_role("button", name="Nach oben").click()
    expect(status_of(form_of(page, "trial-order"))).to_contain_text("ist jetzt 1 von 4.")


def test_there_are_the_same_words_in_both_languages_and_each_is_used() -> None:
    english, german = interface_strings("en"), interface_strings("de")
    code = "\n".join(file.read_text(encoding="utf-8") for file in MODULE.parent.glob("*.js"))
    code += "\n".join(file.read_text(encoding="utf-8") for file in MODULE.parents[1].glob("*.py"))
    kinds = {question.type for question in BANK.questions}
    for name, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", german[name])), name
        assert german[name] != text, f"{name} is not translated"
        assert name in kinds or re.search(rf'words\.{name}\b|words\["{name}"\]', code), f"{name} is not used"


# --- Fast and small ---


def largest_questions(clone: Clone, count: int = 12) -> list[QuizQuestion]:
    """The largest questions of the course, or of the trial bank where there are too few."""
    banks = [load_bank(file) for file in sorted((clone.root / "quizzes").glob("*.yml"))] or [BANK]
    widgets = [QuizQuestion(each[bank.language]) for bank in banks for each in published(bank).values()]
    return sorted(widgets, key=lambda widget: -len(state_text(widget)))[:count]


def state_text(widget: QuizQuestion) -> str:
    """A question's state as the page has it."""
    found = re.search(r'data-state="([^"]*)"', widget._repr_mimebundle_()[0]["text/html"])
    assert found
    return found[1]


@pytest.mark.alone
def test_twelve_questions_are_small_alive_within_a_second_and_answer_within_50_ms(
    watch: Any, site: Site, clone: Clone
) -> None:
    widgets = largest_questions(clone)
    assert len(widgets) == 12
    size = sum(len(state_text(widget).encode()) for widget in widgets)
    page = watch.page
    page.set_viewport_size({"width": 1280, "height": 20000})  # so that all of them are near
    page.add_init_script("""
      document.addEventListener("DOMContentLoaded", () => {
        const began = performance.now();
        const watcher = new MutationObserver(() => {
          const places = [...document.querySelectorAll(".course-widget")];
          if (places.every((place) => place.dataset.hydrated === "ok")) {
            window.alive ??= performance.now() - began;
          }
        });
        watcher.observe(document.body, { subtree: true, attributes: true });
      });""")
    address = site.write("twelve", *widgets, shown("trial-text"))
    alive = []
    for _ in range(3):  # another program may hold the machine for a moment
        page.goto(address)
        page.wait_for_function("window.alive !== undefined")
        alive.append(page.evaluate("window.alive"))
    form = form_of(page, "trial-text")
    verdicts = []
    for text in ("return_state", "something", "return_sequences"):
        form.get_by_role("textbox").fill(text)
        form.evaluate(
            """form => {
              const status = form.querySelector("[role=status]");
              const pressed = () => { window.pressed = performance.now(); };
              form.addEventListener("keydown", pressed, { once: true, capture: true });
              window.told = undefined;
              new MutationObserver((_, watcher) => {
                if (!status.textContent) return;
                window.told = performance.now() - window.pressed;
                watcher.disconnect();
              }).observe(status, { childList: true, subtree: true });
            }"""
        )
        form.get_by_role("textbox").press("Enter")
        page.wait_for_function("window.told !== undefined")
        verdicts.append(page.evaluate("window.told"))
    print(f"\n12 questions: {size} bytes; alive after {alive} ms; verdicts after {verdicts} ms")
    assert size < 60_000
    assert min(alive) < 1000
    assert min(verdicts) < 50
    assert watch.troubles == []


def test_the_module_is_small() -> None:
    own = [part for part in module_parts(MODULE) if part.name != "_figure.js"]
    size = sum(len(smaller(part).encode()) for part in own)
    print(f"\nquiz.js and its parts: {size} bytes")
    assert {part.name for part in own} == {"_strings.js", "_sha256.js", "_normalise.js", "quiz.js"}
    assert size < 25_000


# --- Progress, on pages with the site's theme ---


def notebook_of(title: str, *widgets: QuizQuestion) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_markdown_cell(f"# {title}\n\nSome questions.", id="title")]
    for number, widget in enumerate(widgets):
        data, _ = widget._repr_mimebundle_()
        output = nbformat.v4.new_output("display_data", data=data)
        cells.append(
            nbformat.v4.new_code_cell("quiz()", id=f"cell-{number}", outputs=[output], execution_count=1)
        )
    kernel = {
        "kernelspec": {"name": "python3", "display_name": "Python"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


@pytest.fixture(scope="module")
def themed_folder(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three chapters, two of them with questions, built with the course's theme, extension and settings."""
    folder = tmp_path_factory.mktemp("themed")
    source, student = folder / "source", folder / "student"
    (source / "notebooks").mkdir(parents=True)
    student.mkdir()
    exam = read_bank(TRIAL.replace("chapter: trial", "chapter: trial\nmode: exam"), "trial.yml")
    chapters = {
        "one": notebook_of("One", shown("trial-single"), shown("trial-match"), shown("trial-order")),
        "two words": notebook_of("Two", shown("trial-text", most=1)),
        "three": notebook_of("Three"),
        "four": notebook_of("Four", shown("trial-number", exam)),
    }
    for name, notebook in chapters.items():
        for place in (source / "notebooks", student):
            nbformat.write(notebook, place / f"{name}.ipynb")
    (source / STAGED_MARK).touch()
    listed = "\n".join(f"notebooks/{name}" for name in chapters)
    index = f"# Pages\n\n```{{toctree}}\n:caption: Chapters\n{listed}\n```\n"
    (source / "index.md").write_text(index, encoding="utf-8")
    settings = yaml.safe_load((clone.root / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    conf = {
        "extensions": ["myst_nb", "course_utils.site.sphinx_extension"],
        "nb_execution_mode": "off",
        "nb_mime_priority_overrides": settings["nb_mime_priority_overrides"],
        "nb_ipywidgets_js": settings["nb_ipywidgets_js"],
        "course_student_folder": str(student),
        "html_theme": "sphinx_book_theme",
        "html_favicon": str(clone.root / "notebooks" / "logo.svg"),
        "html_context": settings["html_context"],
        "language": "en",
    }
    text = "\n".join(f"{key} = {content!r}" for key, content in conf.items())
    (source / "conf.py").write_text(text + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, source, folder / "html"], capture_output=True, text=True, cwd=clone.root, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output quiet."""


@pytest.fixture(scope="module", params=["http", "file"])
def themed(request: pytest.FixtureRequest, themed_folder: Path) -> Iterator[str]:
    """The address of these pages, once from a web server and once from their folder."""
    if request.param == "file":
        yield themed_folder.as_uri()
        return

    def handler(*args: Any) -> _Quiet:
        return _Quiet(*args, directory=str(themed_folder))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def chapter_link(page: Page, title: str) -> Locator:
    return page.locator("nav.bd-links a").filter(has_text=re.compile(rf"^\s*{title}\b"))


def test_progress_is_shown_on_every_page(watch: Any, themed: str, pictures: Path) -> None:
    page = watch.page
    page.goto(f"{themed}/notebooks/one.html")
    line = page.locator(".quiz-progress > span")
    expect(line).to_have_text("Questions: 0 of 3 answered right · 0 of 4 points")
    expect(page.locator(".quiz-tick")).to_have_count(0)
    answer_by_mouse(form_of(page, "trial-single"), "a")
    expect(line).to_have_text("Questions: 1 of 3 answered right · 1 of 4 points")
    expect(chapter_link(page, "One").locator(".quiz-tick")).to_have_text("1/3 (1 of 3 questions done)")
    answer_by_mouse(form_of(page, "trial-match"), wrong_answer("trial-match")[0])
    expect(line).to_have_text("Questions: 1 of 3 answered right · 1.67 of 4 points")
    expect(chapter_link(page, "One").locator(".quiz-tick")).to_have_text("1/3 (1 of 3 questions done)")
    answer_by_mouse(form_of(page, "trial-match"), BANK.question("trial-match").best_answer())
    answer_by_mouse(form_of(page, "trial-order"), BANK.question("trial-order").best_answer())
    expect(line).to_have_text("Questions: 3 of 3 answered right · 4 of 4 points")
    expect(chapter_link(page, "One").locator(".quiz-tick")).to_have_text("✓ (all questions done)")
    page.screenshot(path=pictures / "quiz-progress.png")

    page.goto(f"{themed}/notebooks/two words.html")
    expect(chapter_link(page, "One").locator(".quiz-tick")).to_have_text("✓ (all questions done)")
    answer_by_mouse(form_of(page, "trial-text"), "something")
    # No attempt is left: it is done, and it is not right.
    expect(page.locator(".quiz-progress > span")).to_have_text(
        "Questions: 0 of 1 answered right · 0 of 1 point"
    )
    expect(chapter_link(page, "Two").locator(".quiz-tick")).to_have_text("✓ (all questions done)")
    page.locator(".quiz-progress summary").click()
    expect(page.locator(".quiz-progress")).to_contain_text("The whole course: 3 of 5 · 4 of 5 points")

    page.goto(f"{themed}/notebooks/four.html")
    expect(page.locator(".quiz-progress > span")).to_have_text("Questions: 0 of 1 answered")
    answer_by_mouse(form_of(page, "trial-number"), "3")
    expect(page.locator(".quiz-progress > span")).to_have_text("Questions: 1 of 1 answered")

    for name in ("notebooks/three", "index"):
        page.goto(f"{themed}/{name}.html")
        expect(page.locator(".quiz-tick")).to_have_count(3)
        expect(page.locator(".quiz-progress")).to_have_count(0)
        page.emulate_media(media="print")
        expect(page.locator(".quiz-tick").first).not_to_be_visible()
        page.emulate_media(media="screen")
    assert watch.troubles == []


def test_answers_are_exported_and_reset(watch: Any, themed: str, tmp_path: Path) -> None:
    from course_utils.quiz.saved import records_in_file

    page = watch.page
    page.goto(f"{themed}/notebooks/two words.html")
    answer_by_mouse(form_of(page, "trial-text"), "return_sequences")
    page.goto(f"{themed}/notebooks/one.html")
    answer_by_mouse(form_of(page, "trial-single"), "a")
    seed = kept(page)["seed"]
    tab_to(page, page.locator(".quiz-progress summary"))
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        tab_to(page, page.get_by_role("button", name="Export my answers"))
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "quiz_answers.json"
    download.value.save_as(tmp_path / "quiz_answers.json")
    # What is exported is what a notebook reads.
    records = records_in_file(tmp_path / "quiz_answers.json")
    assert {name: record["value"] for name, record in records.items()} == {
        "trial-text": "return_sequences",
        "trial-single": "a",
    }

    asked: list[str] = []

    def reset(name: str, act: Callable[[Any], None]) -> None:
        page.once("dialog", lambda dialog: (asked.append(dialog.message), act(dialog)))
        page.get_by_role("button", name=name).click()

    reset("Reset this page", lambda dialog: dialog.dismiss())
    expect(page.locator(".quiz-progress > span")).to_contain_text("1 of 3 answered right")
    reset("Reset this page", lambda dialog: dialog.accept())
    expect(page.locator(".quiz-progress > span")).to_contain_text("0 of 3 answered right")
    expect(page.get_by_role("status").filter(has_text="Your answers are deleted.")).to_be_visible()
    form = form_of(page, "trial-single")
    expect(status_of(form)).to_be_empty()
    expect(form.locator("input:checked")).to_have_count(0)
    expect(form.locator(".quiz-points")).to_have_text("1 point")
    assert list(kept(page)["answers"]) == ["trial-text"]
    reset("Reset all pages", lambda dialog: dialog.accept())
    expect(page.locator(".quiz-tick")).to_have_count(0)
    assert kept(page) == {"version": 1, "seed": seed, "answers": {}}
    assert [len(set(asked)), len(asked)] == [2, 3]
    assert watch.troubles == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_the_progress(
    watch: Any, themed_folder: Path, pictures: Path, theme: str, width: int
) -> None:
    page = watch.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{themed_folder.as_uri()}/notebooks/one.html")
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    answer_by_mouse(form_of(page, "trial-single"), "a")
    page.locator(".quiz-progress summary").click()
    page.wait_for_timeout(300)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=pictures / f"quiz-progress-{theme}-{width}.png")
    for context in (".quiz-progress", "form.quiz"):
        found = Axe().run(page, context=context).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_page_without_questions_loads_no_questions(themed_folder: Path) -> None:
    page = (themed_folder / "notebooks" / "three.html").read_text(encoding="utf-8")
    assert "course-widgets.js" not in page and "quiz-progress.js" in page
    script = (themed_folder / "_static" / "quiz-progress.js").read_text(encoding="utf-8")
    assert '"PLACES"' not in script
    listed = json.dumps({"trial-match": 1.0, "trial-order": 2.0, "trial-single": 1.0})
    assert f'"notebooks/one": {listed}' in script and '"trial-number": null' in script
    state = html.unescape((themed_folder / "notebooks" / "one.html").read_text(encoding="utf-8"))
    for secret in ("Every sequence starts from zeros", "nothing to remember", "Many in, one out"):
        assert secret not in state, "an answer can be read in the page"
