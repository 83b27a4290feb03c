"""From a text to numbers, in Chromium."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import quote

import keras
import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Locator, expect

from course_utils.data.vocabulary import encode_review
from course_utils.explainers import Tokens
from course_utils.explainers.assets import asset
from course_utils.explainers.weights import unpack_network
from course_utils.runs import load_run

pytestmark = pytest.mark.needs_browser

WORDS = [
    "the",
    "a",
    "not",
    "bad",
    "film",
    "good",
    "zeppelins",
    "wonderful",
    "it’s",
    "plot",
    "and",
    "I",
    "qwertz",
]

READ = """async states => {
  const results = [];
  const figure = document.querySelector('.cw-figure');
  const texts = css => [...figure.querySelectorAll(css)].map(node => node.textContent);
  for (const state of states) {
    location.hash = state;
    await new Promise(resolve => addEventListener('hashchange', resolve, { once: true }));
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    results.push({
      entries: texts('.cw-tokens-chips b').map(Number),
      ids: texts('.cw-tokens-slots b').map(Number),
      table: [...figure.querySelectorAll('.cw-details tbody tr')].map(row =>
        [...row.querySelectorAll('data')].map(data => Number(data.value))),
      near: texts('.cw-bars button'),
      similarity: [...figure.querySelectorAll('.cw-bars data')].map(data => Number(data.value)),
      note: figure.querySelector('.cw-tokens-look .cw-note').textContent,
    });
  }
  return results;
}"""


def show(figure: Locator) -> None:
    figure.locator(".cw-stepping .cw-main").click()


def test_ids_padding_vectors_and_neighbours_are_those_of_keras_and_numpy(
    watch: Any, folder_site: Site
) -> None:
    rng = random.Random(2)
    vocabulary = load_run("sentiment-lstm").load_vocabulary()
    index = {word: id_ - 3 for id_, word in enumerate(vocabulary) if word and id_ > 3}
    states: list[dict[str, Any]] = [
        {
            "text": " ".join(rng.choices(WORDS, k=rng.randint(0, 22))),
            "length": rng.randint(4, 20),
            "padding": rng.choice(["pre", "post"]),
            "truncating": rng.choice(["pre", "post"]),
            "word": rng.choice(vocabulary[4:]),
        }
        for _ in range(30)
    ]
    links = [
        "#tokens?revealed=1&" + "&".join(f"{key}={quote(str(value))}" for key, value in state.items())
        for state in states
    ]
    watch.page.goto(folder_site.write("many", Tokens(revealed=True)))
    figure = figure_of(watch.page, "tokens")
    table_of(figure)
    network = unpack_network(asset("sentiment-lstm"), dtype=np.float32)
    for state, ours in zip(states, watch.page.evaluate(READ, links), strict=True):
        entries = encode_review(state["text"], index)
        padded = keras.utils.pad_sequences(
            [entries], state["length"], padding=state["padding"], truncating=state["truncating"]
        )[0]
        assert ours["entries"] == entries
        assert ours["ids"] == padded.tolist()
        table = np.array(ours["table"])  # (length, 1 + features)
        assert table[:, 0].tolist() == padded.tolist()
        python = Tokens(**state)
        np.testing.assert_array_equal(python.ids, padded)
        np.testing.assert_allclose(table[:, 1:], python.vectors, atol=1e-6)
        expected = python.nearest(state["word"], 6)
        assert ours["near"][:6] == [word for word, _ in expected]
        np.testing.assert_allclose(ours["similarity"][:6], [each for _, each in expected], atol=1e-5)
        furthest = python.nearest(state["word"], 10_000)[-1]
        assert ours["near"][6] == furthest[0]
        assert ours["similarity"][6] == pytest.approx(furthest[1], abs=1e-5)
        alone = np.array([[1, vocabulary.index(word)] for word in (state["word"], *ours["near"][:6])])
        answer, *others = network.predict(alone)[:, 0]
        side = "above" if answer > 0.5 else "below"
        same = sum((other > 0.5) == (answer > 0.5) for other in others)
        assert f"alone it says {answer:.2f};" in ours["note"]
        times = {1: "1 time", 6: "always"}.get(same, f"{same} times")
        assert f"{times} something {side} 0.5 too" in ours["note"]
    assert watch.troubles == []


def test_will_not_survive(watch: Any, site: Site) -> None:
    watch.page.goto(site.write("not", Tokens()))
    figure = figure_of(watch.page, "tokens")
    expect(status_of(figure)).to_have_text(
        "10 words and the start mark make 11 ids; the length is 8. Left out of the vocabulary, so 2: “zeppelins”."
    )
    expect(figure.locator(".cw-tokens-slots")).to_be_hidden()
    expect(
        figure.get_by_role(
            "group", name="The text has 10 words, the length is 8, cut at the start: will “not” survive?"
        )
    ).to_be_visible()
    figure.get_by_role("radio", name="yes").check()
    show(figure)
    expect(status_of(figure)).to_have_text(
        "You said yes; it is no. 10 words and the start mark make 11 ids, cut to 8 at the start. Gone: the start mark, "
        "“not”, “a”. First comes “bad”. Left out of the vocabulary, so 2: “zeppelins”."
    )
    expect(figure.locator(".cw-tokens-slots li").first).to_have_text("bad79")
    expect(figure.locator(".cw-tokens-chips del")).to_have_text(["start", "not", "a"])
    expect(figure.locator(".cw-tokens-chips .is-unknown")).to_have_text("zeppelinsleft out2")
    expect(figure.locator(".cw-tokens-slots")).to_be_visible()
    figure.get_by_label("truncating").select_option("post")
    expect(status_of(figure)).to_contain_text("cut to 8 at the end. Gone: “zeppelins”, “are”, “wonderful”.")
    expect(status_of(figure)).to_contain_text("First comes the start mark.")
    figure.get_by_role("button", name="Hide, and ask again").click()
    expect(figure.locator(".cw-tokens-slots")).to_be_hidden()
    figure.get_by_role("radio", name="yes").check()
    show(figure)
    expect(status_of(figure)).to_contain_text("You said yes: right.")
    assert watch.troubles == []


@pytest.mark.parametrize(
    ("figure", "asked", "options", "answer", "told"),
    [
        (
            Tokens("The plot and the actors", 4),
            "The text has 5 words, the length is 4, cut at the start: which comes first?",
            ["the start mark", "“the”", "“plot”"],
            "“plot”",
            "Gone: the start mark, “the”. First comes “plot”.",
        ),
        (
            Tokens("The plot", 6, "post"),
            "The text has 2 words, the length is 6. With the start mark, how many zeros are added?",
            ["0", "3", "4"],
            "3",
            "2 words and the start mark make 3 ids, and 3 zeros behind: 6. This network skips zeros.",
        ),
        (
            Tokens("A fine plot", 4),
            "The text has 3 words, the length is 4. With the start mark, how many zeros are added?",
            ["0", "1"],
            "0",
            "3 words and the start mark make 4 ids, just the length.",
        ),
        (
            Tokens("", 4),
            "The text has 0 words, the length is 4. With the start mark, how many zeros are added?",
            ["0", "3", "4"],
            "3",
            "0 words and the start mark make 1 id, and 3 zeros in front: 4. This network skips zeros.",
        ),
        (
            Tokens("Not this and not that or that", 5, truncating="post"),
            "The text has 7 words, the length is 5, cut at the end: will the first “not” survive?",
            ["yes", "no"],
            "yes",
            "Gone: “that”, “or”, “that”. First comes the start mark.",
        ),
        (
            Tokens("a b c d e f g h", 4),
            "The text has 8 words, the length is 4, cut at the start: which comes first?",
            ["the start mark", "“a”", "“e”"],
            "“e”",
            "Gone: the start mark, “a”, …, “d”. First comes “e”.",
        ),
    ],
    ids=["first", "zeros", "exact", "empty", "two nots", "much"],
)
def test_each_question_has_its_answer(
    watch: Any, folder_site: Site, figure: Tokens, asked: str, options: list[str], answer: str, told: str
) -> None:
    watch.page.goto(folder_site.write("question", figure))
    live = figure_of(watch.page, "tokens")
    expect(live.get_by_role("group", name=asked)).to_be_visible()
    expect(live.locator(".cw-question .cw-choice:visible")).to_have_text(options)
    live.get_by_role("radio", name=answer, exact=True).check()
    show(live)
    expect(status_of(live)).to_contain_text(f"You said {answer}: right.")
    expect(status_of(live)).to_contain_text(told)
    assert watch.troubles == []


def test_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", Tokens("the plot")))
    figure = figure_of(page, "tokens")
    page.keyboard.press("Tab")
    expect(figure.get_by_label("Your text")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" is lame")
    chips = figure.locator(".cw-tokens-chips")
    expect(chips.locator("li")).to_have_text(
        ["startmark1", "the1 + 34", "plot111 + 3114", "is6 + 39", "lame832 + 3835"]
    )
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(chips.get_by_role("button", name="lame")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chips.get_by_role("button", name="lame")).to_have_attribute("aria-pressed", "true")
    expect(chips.get_by_role("button", name="lame")).to_be_focused()
    expect(figure.get_by_label("The nearest words of")).to_have_value("lame")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(figure.get_by_role("slider", name="length")).to_have_value("9")
    for _ in range(3):  # padding, truncating, the question
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said 0; it is 4.")
    figure.locator(".cw-bars button").nth(1).focus()
    word = figure.locator(".cw-bars button").nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(figure.get_by_label("The nearest words of")).to_have_value(word)
    expect(figure.locator(".cw-bars button").nth(1)).to_be_focused()
    assert watch.troubles == []


def test_words_without_a_vector_of_their_own(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("unknown", Tokens()))
    figure = figure_of(page, "tokens")
    note = figure.locator(".cw-tokens-look .cw-note")
    field = figure.get_by_label("The nearest words of")
    figure.locator(".cw-tokens-chips").get_by_role("button", name="zeppelins").click()
    expect(note).to_have_text("“zeppelins” is not in the vocabulary: it shares the vector of 2.")
    expect(figure.locator(".cw-bars li")).to_have_count(0)
    field.fill("!")
    expect(note).to_have_text("Type a word.")
    field.fill("'Boring'!")
    expect(figure.locator(".cw-bars li")).to_have_count(7)
    expect(note).to_contain_text("Given “boring” alone")
    assert watch.troubles == []


def test_each_id_has_its_vector_as_a_strip_of_colours(watch: Any, folder_site: Site) -> None:
    page = watch.page
    figure = Tokens("the plot is lame", 6, revealed=True)
    page.goto(folder_site.write("strips", figure))
    strips = figure_of(page, "tokens").locator(".cw-tokens-slots i")
    expect(strips).to_have_count(6)
    for strip, vector in zip(strips.all(), figure.vectors, strict=True):
        written = strip.get_attribute("style")
        assert written is not None
        found = [
            float(share) * (-1 if role == "input" else 1)
            for role, share in re.findall(r"--cw-(input|state)\) ([0-9.e-]+)%", written)
        ]
        shades = np.abs(vector) < np.abs(vector).max() / 2  # the palest half is not cut at the full colour
        palest = np.array(found)[shades]
        scale = palest[np.abs(palest).argmax()] / vector[shades][np.abs(palest).argmax()]
        np.testing.assert_allclose(palest, scale * vector[shades], rtol=1e-4, atol=1e-4)
    for width, way in ((900, "column"), (390, "row")):
        page.set_viewport_size({"width": width, "height": 900})
        first, second = (strips.nth(place).bounding_box() for place in (0, 1))
        assert first is not None and second is not None
        assert (first["x"] == second["x"]) == (way == "row")
        assert min(first["width"], first["height"]) >= 24
    assert watch.troubles == []


@pytest.mark.alone
def test_dragging_and_typing_hold_nothing_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("drag", Tokens(revealed=True)))
    figure = figure_of(page, "tokens")
    length = figure.get_by_role("slider", name="length")
    length.focus()

    def drag() -> None:
        for key in ["ArrowRight"] * 12 + ["ArrowLeft"] * 12:
            page.keyboard.press(key)

    def choose() -> None:
        for word in ("bad", "all", "film", "the"):
            figure.locator(".cw-tokens-chips").get_by_role("button", name=word).first.click()

    expect_no_long_task(page, drag)
    expect_no_long_task(page, choose)
    assert watch.troubles == []
