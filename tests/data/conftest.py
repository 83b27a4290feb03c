"""A data set of the size of a postage stamp, and a small web site on this machine that serves it, well or badly."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.server
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from course_utils.data import download, imdb, registry

# The same examples every time, however busy the machine is, and no database in the clone.
settings.register_profile("course", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("course")


@dataclasses.dataclass
class Site:
    """A web site on this machine; `behaviour` says how it answers."""

    address: str = ""
    behaviour: str = "good"
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    requests: list[str] = dataclasses.field(default_factory=list)
    release: threading.Event = dataclasses.field(default_factory=threading.Event)


@pytest.fixture
def site() -> Iterator[Site]:
    """Serves `site.files`: "good", "wrong" (other bytes), "half" (breaks off), "missing" (404) or "hang"."""
    told = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            told.requests.append(name)
            body = told.files[name]
            if told.behaviour == "hang":
                told.release.wait(10)
                return
            if told.behaviour == "missing":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if told.behaviour == "wrong":
                body = bytes(len(body))
            if told.behaviour == "half":
                body = body[: len(body) // 2]
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_port}"
    yield told
    told.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def write_little_files(payload: object = None) -> dict[str, bytes]:
    """The two files of a tiny IMDB: 12 + 8 reviews of words 1 to 40, of uneven length.

    Args:
        payload: put in place of one review, to see what unpickling does.
    """
    draw = np.random.default_rng(7)

    def half(count: int) -> np.ndarray:
        array = np.empty(count, dtype=object)
        for i in range(count):
            array[i] = [int(word) for word in draw.integers(1, 41, size=draw.integers(3, 30))]
        return array

    x_train, x_test = half(12), half(8)
    if payload is not None:
        x_train[0] = payload
    buffer = io.BytesIO()
    labels = {"y_train": np.repeat([1, 0], 6), "y_test": np.repeat([1, 0], 4)}
    np.savez_compressed(buffer, x_train=x_train, x_test=x_test, **labels)
    words = {f"word{rank}" if rank > 3 else ["the", "don't", "film"][rank - 1]: rank for rank in range(1, 41)}
    return {"imdb.npz": buffer.getvalue(), "imdb_word_index.json": json.dumps(words).encode()}


def describe_little_files(files: dict[str, bytes], address: str) -> registry.Dataset:
    """The registry's entry for them: the index by its MD5, as the real one."""
    digests = {
        "imdb.npz": "sha256:" + hashlib.sha256(files["imdb.npz"]).hexdigest(),
        "imdb_word_index.json": "md5:" + hashlib.md5(files["imdb_word_index.json"]).hexdigest(),
    }
    entries = tuple(
        registry.DataFile(name, f"{address}/{name}", len(body), digests[name]) for name, body in files.items()
    )
    return dataclasses.replace(registry.IMDB, files=entries)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A machine without data: no COURSE_… variable but an empty cache, whose folder is returned."""
    proxies = [
        name
        for proxy in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        for name in (proxy, proxy.upper())
    ]
    for name in ("COURSE_DATA", "COURSE_OFFLINE", "COURSE_DATA_LOG", *proxies):
        monkeypatch.delenv(name, raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE", str(cache))
    monkeypatch.setattr(download, "_digest_memory", {})
    download.forget_failures()
    yield cache
    download.forget_failures()


@pytest.fixture
def little_imdb(monkeypatch: pytest.MonkeyPatch, site: Site, bare: Path) -> Site:
    """`load_imdb` reads the tiny IMDB, whose official site is on this machine."""
    site.files = write_little_files()
    dataset = describe_little_files(site.files, site.address)
    monkeypatch.setattr(imdb, "IMDB", dataset)
    monkeypatch.setitem(registry.DATASETS, "imdb", dataset)
    return site


@pytest.fixture
def little_files() -> Callable[..., dict[str, bytes]]:
    """Makes the files of a tiny IMDB."""
    return write_little_files


@pytest.fixture
def little_dataset() -> Callable[[dict[str, bytes], str], registry.Dataset]:
    """Makes the registry's entry for such files."""
    return describe_little_files
