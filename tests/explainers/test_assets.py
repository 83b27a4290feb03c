"""Assets: the script that hands bytes to a page, and the networks of the stored runs."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.explainers.assets import ASSETS, asset, asset_script, network_of_run, write_asset_script
from course_utils.explainers.weights import unpack_network
from course_utils.explainers.widget import HYDRATE
from course_utils.runs import load_run

NETWORKS = [name for name in ASSETS if name.startswith(("sentiment-", "chars-"))]


def read(script: str) -> bytes:
    """What a browser makes of a script."""
    match = re.fullmatch(r'courseAssets\.put\("[\w-]+", (\d+), "([^"\\\r\n\0]*)"\);\n', script, re.DOTALL)
    assert match is not None, "no string that a script can hold"
    codes = np.array([ord(letter) & 127 for letter in match[2]], np.uint8)
    bits = np.unpackbits(codes[:, None], axis=1)[:, 1:].ravel()
    return zlib.decompress(np.packbits(bits)[: int(match[1])].tobytes())


@given(st.binary(max_size=100))
def test_the_script_holds_the_bytes(contents: bytes) -> None:
    assert read(asset_script("letters-1", contents)) == contents


def test_every_byte_comes_back_from_the_file(tmp_path: Path) -> None:
    contents = bytes(range(256)) * 7
    file = write_asset_script(tmp_path / "assets", "letters-1", contents)
    assert file.name == "letters-1.js"
    assert read(file.read_bytes().decode("utf-8")) == contents
    assert "window.courseAssets = {" in HYDRATE.read_text(encoding="utf-8")  # where the script puts them
    for name in ("", "../x", 'a"b', "a.b"):
        with pytest.raises(ValueError, match=r"expected letters, digits"):
            asset_script(name, contents)


def test_the_file_is_a_fifth_larger_than_its_contents() -> None:
    contents = np.random.default_rng(0).bytes(100_000)
    assert len(asset_script("noise", contents).encode()) < 120_000


@pytest.mark.parametrize("name", NETWORKS)
def test_an_asset_is_the_network_of_its_run(name: str) -> None:
    """With the weights as the run rounds them, so that what its card measures holds for the figure."""
    run = load_run(name)
    network, embedding = network_of_run(run)
    packed = unpack_network(asset(name), dtype=np.float32)
    assert packed.embedding is not None
    np.testing.assert_array_equal(packed.embedding, embedding)
    for weight, expected in network.weights.items():
        np.testing.assert_array_equal(packed.network.weights[weight], expected, err_msg=weight)
    ids = np.random.default_rng(1).integers(3, len(embedding), (4, 30))
    model = run.load_model()
    np.testing.assert_allclose(packed.predict(ids), np.array(model(ids)), atol=1e-5)
    assert packed.metadata["metrics"] == run.card.metrics


def test_the_words_are_those_of_all_three_sentiment_networks() -> None:
    hashes = {load_run(name).card.data_sha256 for name in NETWORKS if name.startswith("sentiment-")}
    assert len(hashes) == 1
    words = load_run("sentiment-lstm").load_vocabulary()
    assert len(words) == 10_000
    assert words[4] == "the"
