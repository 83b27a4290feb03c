"""The reader of reviews in a browser: predict and reveal, by keyboard, in step with Python, and never in the way."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, violations, wait_for_drawing
from playwright.sync_api import Browser, Locator, expect

from course_utils.data.vocabulary import encode_review
from course_utils.explainers import SentimentReader
from course_utils.explainers.assets import asset
from course_utils.explainers.sentiment_reader import MAX_IDS, REVIEWS
from course_utils.explainers.widget import JS_FOLDER

pytestmark = pytest.mark.needs_browser

WORDS: list[str] = json.loads(asset("imdb-words"))
NAME = "sentiment-reader"


def call_of(probability: float) -> str:
    share = round(100 * max(probability, 1 - probability))
    side = "negative" if probability < 0.5 else "positive"
    return f"{side} {'over 99' if share > 99 else share}\u00a0%"


def ending(figure: SentimentReader) -> str:
    """What is said at the last word."""
    lstm, rnn = (figure.probabilities[kind][-1] for kind in ("lstm", "rnn"))
    said = (
        f"At the end, the LSTM says {call_of(lstm)}, the RNN {call_of(rnn)}, "
        f"the bag of words {call_of(figure.bag)}."
    )
    meant = dict(REVIEWS).get(figure.text)
    if meant is None:
        return said
    sides = {"LSTM": lstm, "RNN": rnn, "bag of words": figure.bag}
    right = [name for name, number in sides.items() if call_of(number).startswith(meant)]
    return f"{said} It is meant to be {meant}. Right: {', '.join(right) or 'none of the three'}."


def signed(number: float) -> str:
    return f"{number:+z.2f}".replace("-", "−").replace("+0.00", "0.00")


def cards(figure: Locator) -> list[str]:
    """What the LSTM, the RNN and the bag of words say."""
    return figure.locator(".cw-sentiment-cards data").all_text_contents()


def numbers(figure: Locator, table: int) -> list[list[float]]:
    """A table's numbers in full precision: 0, by word; 1, the state after the word that is looked at."""
    details = figure.locator("details").nth(table)
    if not details.evaluate("details => details.open"):
        details.locator("summary").click()
        details.locator("tbody tr").first.wait_for(state="attached")
    wait_for_drawing(figure.page)
    rows: list[list[float]] = details.locator("tbody").evaluate(
        "body => [...body.rows].map(row => [...row.querySelectorAll('data')].map(d => Number(d.value)))"
    )
    return rows


def word_slider(figure: Locator) -> Locator:
    return figure.get_by_role("slider", name="word")


def test_guess_let_them_read_and_look_at_a_word(watch: Any, site: Site) -> None:
    shown = SentimentReader()
    watch.page.goto(site.write("read", shown))
    figure = figure_of(watch.page, NAME)
    expect(status_of(figure)).to_have_text(
        f"The bag of words says {call_of(shown.bag)}; the LSTM and the RNN have not read yet."
    )
    assert cards(figure) == ["?", "?", call_of(shown.bag)]
    expect(figure.locator(".cw-sentiment-words small")).to_have_text(
        [f"{weight:+.0f}".replace("-", "−").replace("+0", "0") for weight in shown.bag_weights]
    )
    expect(figure.locator(".cw-sentiment-answers")).to_be_hidden()
    group = figure.get_by_role("group", name="Will the LSTM call it positive or negative?")
    group.get_by_role("radio", name="positive").check()
    figure.get_by_role("button", name="Let them read").click()
    answer = "positive" if shown.probabilities["lstm"][-1] >= 0.5 else "negative"
    told = "You said positive: right. " if answer == "positive" else f"You said positive; it is {answer}. "
    expect(status_of(figure)).to_have_text(told + ending(shown))
    assert cards(figure) == [
        call_of(shown.probabilities["lstm"][-1]),
        call_of(shown.probabilities["rnn"][-1]),
        call_of(shown.bag),
    ]
    expect(group).to_be_hidden()
    expect(figure.locator(".cw-sentiment-words small")).to_have_text(list(map(signed, shown.weights_by_word)))
    figure.locator(".cw-sentiment-words > span", has_text="bad").click()
    expect(status_of(figure)).to_have_text(
        f"After word 2, “bad”, the LSTM says {call_of(shown.probabilities['lstm'][2])}, "
        f"the RNN {call_of(shown.probabilities['rnn'][2])}."
    )
    expect(figure.locator(".cw-sentiment-words .is-current")).to_contain_text("bad")
    expect(word_slider(figure)).to_have_attribute(
        "aria-valuetext", f"2: bad {signed(shown.weights_by_word[1])}"
    )
    assert watch.troubles == []


def test_the_same_words_in_another_order_are_compared(watch: Any, folder_site: Site) -> None:
    (text, _), (twin, _) = REVIEWS[1:3]
    one, other = SentimentReader(text), SentimentReader(twin)
    watch.page.goto(folder_site.write("twins", one))
    figure = figure_of(watch.page, NAME)
    figure.get_by_role("button", name="Let them read").click()
    expect(status_of(figure)).to_have_text(ending(one))
    figure.get_by_role("combobox", name="Review").select_option(twin)
    expect(figure.get_by_label("Change it as you like")).to_have_value(twin)
    assert cards(figure)[:2] == ["?", "?"], "the answer is shown before it is guessed"
    figure.get_by_role("button", name="Let them read").click()
    moves = {kind: other.probabilities[kind][-1] - one.probabilities[kind][-1] for kind in ("lstm", "rnn")}
    expect(status_of(figure)).to_have_text(
        f"{ending(other)} The same words as before in another order: the bag of words gives exactly the same "
        f"number, the LSTM’s changes by {signed(moves['lstm'])}, the RNN’s by {signed(moves['rnn'])}."
    )
    # The same words in the same order are no other order, and other words are no twin.
    typing = figure.get_by_label("Change it as you like")
    for text in (f"{twin}!!", f"{twin} Or?"):
        typing.fill(text)
        expect(status_of(figure)).to_have_text(ending(SentimentReader(text)))
    typing.fill("good bad")
    expect(figure.locator(".cw-sentiment-words > span")).to_have_count(2)
    figure.get_by_role("button", name="Words backwards").click()
    expect(typing).to_have_value("bad good")
    figure.get_by_role("button", name="Let them read").click()
    expect(status_of(figure)).to_contain_text("gives exactly the same number")
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", SentimentReader()))
    figure = figure_of(page, NAME)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(figure.get_by_role("combobox", name="Review")).to_have_value(REVIEWS[1][0])
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(figure.get_by_label("Look into the")).to_have_value("rnn")
    for _ in range(2):  # backwards, text
        page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.type(" Really.")
    expect(figure.get_by_role("combobox", name="Review")).to_have_value("")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.get_by_role("radio", name="positive")).to_be_checked()
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said positive")
    expect(word_slider(figure)).to_be_focused()
    outline = word_slider(figure).evaluate("input => getComputedStyle(input).outlineStyle")
    assert outline == "solid", "the focus cannot be seen"
    page.keyboard.press("Home")
    expect(status_of(figure)).to_contain_text("After word 1, “good”, the LSTM says")
    page.keyboard.press("End")
    expect(status_of(figure)).to_contain_text("At the end, the LSTM says")
    assert watch.troubles == []


def test_no_word_unknown_words_and_too_many_words(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("edges", SentimentReader("", position=9)))
    figure = figure_of(page, NAME)
    expect(status_of(figure)).to_have_text("There is no word to read: type a review, or pick one.")
    assert cards(figure) == ["?", "?", "?"]
    expect(figure.get_by_role("button", name="Let them read")).to_be_hidden()
    figure.get_by_role("button", name="Words backwards").click()
    typing = figure.get_by_label("Change it as you like")
    typing.fill("?! …")
    expect(status_of(figure)).to_contain_text("There is no word to read")
    typing.fill("Flapdoodle, zzyzx and a film")
    expect(figure).to_contain_text("Not in the vocabulary, so all alike (dotted): flapdoodle, zzyzx.")
    expect(figure.locator(".cw-sentiment-words .is-unknown")).to_have_count(2)
    assert figure.locator(".is-unknown").first.evaluate("n => getComputedStyle(n).borderStyle") == "dotted"
    figure.get_by_role("button", name="Let them read").click()
    expect(status_of(figure)).to_contain_text("At the end")
    typing.fill("a " * 500)
    expect(figure).to_contain_text("Only the last 400 words are read.")
    expect(figure.locator(".cw-sentiment-words > span")).to_have_count(MAX_IDS)
    expect(figure.locator(".cw-phase")).to_have_text("words: 400", timeout=90_000)
    typing.fill("")
    expect(status_of(figure)).to_contain_text("There is no word to read")
    expect(figure.locator(".cw-sentiment-answers")).to_be_hidden()
    figure.get_by_role("combobox", name="Review").select_option(REVIEWS[0][0])
    expect(figure.get_by_role("button", name="Let them read")).to_be_visible()
    assert watch.troubles == []


def test_signs_are_told_apart_without_colour(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("signs", SentimentReader("wonderful, wonderful, terrible")))
    figure = figure_of(page, NAME)
    styles = figure.locator(".cw-sentiment-words > span > span").evaluate_all(
        "words => words.map(word => getComputedStyle(word).textDecorationStyle)"
    )
    assert styles == ["solid", "solid", "dashed"]
    assert [text[0] for text in figure.locator(".cw-sentiment-words small").all_text_contents()] == [*"++−"]
    # Of many words, the number of the one that is pointed at.
    long = REVIEWS[-1][0]
    page.goto(folder_site.write("signs-long", SentimentReader(long, position=MAX_IDS)))
    figure = figure_of(page, NAME)
    word = figure.locator(".cw-sentiment-words > span", has_text="waste")
    assert word.locator("small").evaluate("n => getComputedStyle(n).clipPath") != "none"
    word.hover()
    assert word.locator("small").evaluate("n => getComputedStyle(n).clipPath") == "none"
    assert violations(page) == []


def random_texts() -> list[str]:
    chosen = random.Random(0)
    texts = [" ".join(chosen.choices([*WORDS[4:3000], "zzyzx"], k=count)) for count in (1, 2, 7, 25, 60)]
    return [*texts, "I " * 450]


def test_the_browser_computes_what_the_engine_computes(watch: Any, folder_site: Site) -> None:
    kinds = ["lstm", "rnn"]
    figures = [
        SentimentReader(text, kinds[index % 2], f"case-{index}", position=max(1, len(text.split()) * 2 // 3))
        for index, text in enumerate(random_texts())
        if len(text) <= 1_200
    ]
    watch.page.goto(folder_site.write("parity", *figures))
    for shown in figures:
        figure = figure_of(watch.page, shown.name)
        expect(figure.locator(".cw-phase")).to_contain_text("words: ", timeout=90_000)
        first, *rows = numbers(figure, 0)
        lstm, rnn = (shown.probabilities[kind] for kind in kinds)
        np.testing.assert_allclose(first, [lstm[0], rnn[0]], rtol=0, atol=1e-5)
        expected = np.stack([lstm[1:], rnn[1:], shown.weights_by_word], axis=1)
        np.testing.assert_allclose(np.array(rows)[:, :3], expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(np.array(rows)[:, 3], shown.bag_weights, rtol=1e-6, atol=0)
        said = figure.locator(".cw-sentiment-cards data").evaluate_all(
            "cards => cards.map(c => Number(c.value))"
        )
        np.testing.assert_allclose(said, [lstm[-1], rnn[-1], shown.bag], rtol=0, atol=1e-5)
        state = np.array(numbers(figure, 1))[:, 0]
        np.testing.assert_allclose(
            state, shown.states[min(shown.position, len(shown.words))], rtol=0, atol=1e-5
        )
    assert watch.troubles == []


NASTY = [
    "It's a “must-see”… isn’t it? 'Quoted' ''twice'' don't—won't–can't",
    "naïve CAFÉ İstanbul ΣΊΣΥΦΟΣ straße ﬁlm 映画 🎬 film\u00a0noir\u2003wide\u3000ideographic",
    "a\tb\nc\rd\x0be\x0cf\x1cg\x1dh\x1ei\x1fj\x85k\u2028l\u2029m\ufeffn\u200bo\u180ep",
    "\ufeffgood <br /><br />bad & ugly; 10/10 $5 50% a_b c^d ~e {f} [g] \\h |i `j` @k #l *m +n =o",
    "«très bon» „gut“ rock'n'roll 'tis y'all' ' '' ''' -- --- ... ?! zzyzx qqqqq",
    "",
    "   ",
    "THE the The tHe",
]


def test_a_text_has_the_ids_that_python_gives_it(watch: Any) -> None:
    chosen = random.Random(1)
    signs = sorted({*"".join(NASTY), *"'’“-.,! aBcÉ"})
    texts = NASTY + ["".join(chosen.choices(signs, k=40)) for _ in range(300)]
    index = {word: place - 3 for place, word in enumerate(WORDS) if word and place > 3}
    page = watch.page
    page.goto("about:blank")
    page.add_script_tag(content=(JS_FOLDER / "_words.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        """([words, texts]) => {
          const vocabulary = readWords(new DataView(new TextEncoder().encode(words).buffer));
          return texts.map(text => encodeText(text, vocabulary)); }""",
        [json.dumps(WORDS), texts],
    )
    for text, ids in zip(texts, found, strict=True):
        assert ids == encode_review(text, index), repr(text)


def test_links_and_a_change_of_the_network(watch: Any, folder_site: Site) -> None:
    page = watch.page
    links = (
        f'<p><a href="#{NAME}?text=a%20fine%20film">other text</a> <a href="#{NAME}?position=2">a word</a> '
        f'<a href="#{NAME}?text=dull&amp;position=400">read</a> <a href="#{NAME}?model=gru">wrong</a></p>'
    )
    page.goto(folder_site.write("links", links, SentimentReader(position=4)))
    figure = figure_of(page, NAME)
    page.get_by_role("link", name="other text").click()
    expect(status_of(figure)).to_contain_text("The link set this state. The bag of words says")
    expect(figure.get_by_role("button", name="Let them read")).to_be_visible()
    page.get_by_role("link", name="a word").click()
    expect(status_of(figure)).to_contain_text("The link set this state. After word 2, “fine”, the LSTM says")
    page.get_by_role("link", name="read", exact=True).click()
    expect(status_of(figure)).to_have_text("The link set this state. " + ending(SentimentReader("dull")))
    page.get_by_role("link", name="wrong").click()
    expect(status_of(figure)).to_have_text("The link does not fit this figure: model = gru.")
    figure.get_by_label("Look into the").select_option("rnn")
    expect(figure.locator(".cw-sentiment-answers")).to_contain_text("The RNN’s hidden state, 32 units")
    expect(figure.locator(".cw-sentiment-words small")).to_have_text(
        [signed(SentimentReader("dull", "rnn").weights_by_word[0])]
    )
    assert watch.troubles == []


@pytest.mark.alone
def test_many_words_never_hold_the_page_up(browser: Browser, watch: Any, folder_site: Site) -> None:
    page = watch.page
    text = " ".join(random.Random(2).choices(WORDS[4:200], k=190))[:1100]
    page.goto(folder_site.write("drag", SentimentReader(text, position=MAX_IDS)))
    figure = figure_of(page, NAME)
    count = len(text.split())

    def drag() -> None:
        box = word_slider(figure).bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] - 12, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + 12, middle, steps=60)
        page.mouse.up()
        page.mouse.move(box["x"] + 12, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 12, middle, steps=60)
        page.mouse.up()

    expect(figure.locator(".cw-phase")).to_have_text(f"words: {count}", timeout=90_000)
    expect_no_long_task(page, drag)
    typing = figure.get_by_label("Change it as you like")
    typing.focus()
    page.keyboard.press("End")

    def write() -> None:
        typing.press_sequentially(" good", delay=30)

    expect_no_long_task(page, write)
    expect(figure.locator(".cw-phase")).to_contain_text("words: ", timeout=90_000)
    written = SentimentReader(typing.input_value(), position=MAX_IDS)
    assert written.words[-1] == "good"
    rows = numbers(figure, 0)[1:]
    np.testing.assert_allclose([row[2] for row in rows], written.weights_by_word, rtol=0, atol=1e-5)
    assert watch.troubles == []
