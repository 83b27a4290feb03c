"""Text to learn characters from, real and our own."""

from __future__ import annotations

import hashlib

import pytest

from course_utils.data import DataError, bundled, load_tiny_shakespeare, sample_corpus


@pytest.mark.needs_real_data
def test_the_real_text_is_the_one_of_char_rnn():
    corpus = load_tiny_shakespeare()
    assert not corpus.is_sample and corpus.source != "sample"
    assert len(corpus.text) == 1_115_394
    digest = hashlib.sha256(corpus.text.encode("utf-8")).hexdigest()
    assert digest == "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def test_without_data_it_is_our_own_text_and_one_line_says_so(bare, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    corpus = load_tiny_shakespeare()
    printed = capsys.readouterr().out
    assert printed.startswith(
        "Using the course's own prose and verse instead of Tiny Shakespeare: COURSE_OFFLINE"
    )
    assert printed.count("\n") == 1
    assert corpus == sample_corpus() and corpus.is_sample
    load_tiny_shakespeare(quiet=True)
    assert capsys.readouterr().out == ""


def test_the_load_is_logged(bare, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_DATA_LOG", str(tmp_path / "log"))
    load_tiny_shakespeare(quiet=True)
    line = (tmp_path / "log").read_text(encoding="utf-8")
    assert line == '{"dataset": "tinyshakespeare", "source": "sample"}\n'


def test_a_damaged_file_of_the_readers_is_an_error(bare, monkeypatch, tmp_path):
    (tmp_path / "tinyshakespeare.txt").write_text("To be", encoding="utf-8")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"tinyshakespeare\.txt .* damaged or not the file"):
        load_tiny_shakespeare()


def test_our_own_text_is_long_enough_and_plain():
    text = sample_corpus().text
    assert len(text) >= 60_000
    assert "\r" not in text
    assert repr(sample_corpus()) == "Corpus(source='sample')"


def test_an_installation_without_its_files_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled, "bundled_roots", lambda: (tmp_path,))
    with pytest.raises(DataError, match="is missing: install course_utils again"):
        sample_corpus()


def test_files_inside_the_installed_package_come_first(monkeypatch, tmp_path):
    package = tmp_path / "course_utils"
    for root, text in ((package / "_bundled", "wheel"), (tmp_path / "data", "repository")):
        (root / "samples").mkdir(parents=True)
        (root / "samples" / "corpus.txt").write_text(text, encoding="utf-8")
    monkeypatch.setattr(bundled, "_PACKAGE", package)
    assert sample_corpus().text == "wheel"
    (package / "_bundled" / "samples" / "corpus.txt").unlink()
    assert sample_corpus().text == "repository"
