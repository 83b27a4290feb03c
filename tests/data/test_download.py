"""Three sources in order; whatever goes wrong ends in one line that says what to do, and nothing half written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from course_utils.data import (
    DataError,
    data_fingerprint,
    download,
    imdb,
    load_imdb,
    locate,
    prefetch,
    registry,
)
from course_utils.errors import CourseError

NOTICE = "Using the course's own invented reviews instead of the IMDB film reviews: "


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, which must be one line."""
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and printed.endswith("\n"), f"expected one line, got {printed!r}"
    return printed


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


# --- the three sources --------------------------------------------------------------------------------------


def test_the_folder_comes_first_then_the_cache_then_the_site(little_imdb, bare, tmp_path, monkeypatch):
    assert load_imdb(quiet=True).source == "download"
    assert little_imdb.requests == ["imdb.npz", "imdb_word_index.json"]
    assert load_imdb(quiet=True).source == "cache"
    assert len(little_imdb.requests) == 2, "what is in the cache is not downloaded again"
    put(tmp_path / "mine", little_imdb.files)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    assert load_imdb(quiet=True).source == "folder"


def test_all_sources_give_the_same_reviews(little_imdb, tmp_path, monkeypatch):
    downloaded, cached = load_imdb(quiet=True), load_imdb(quiet=True)
    put(tmp_path / "mine", little_imdb.files)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    own = load_imdb(quiet=True)
    assert downloaded.x_train.tolist() == cached.x_train.tolist() == own.x_train.tolist()
    assert downloaded.word_index == cached.word_index == own.word_index


def test_a_download_shows_its_progress_and_quiet_does_not(little_imdb, bare, capsys):
    load_imdb()
    shown = capsys.readouterr()
    assert "imdb.npz" in shown.err and "100%" in shown.err
    assert shown.out == ""
    shutil.rmtree(bare)
    load_imdb(quiet=True)
    shown = capsys.readouterr()
    assert shown.err == "" and shown.out == ""


def test_a_folder_that_lacks_the_data_is_passed_over(little_imdb, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert load_imdb(quiet=True).source == "download"


def test_a_folder_with_one_of_two_files_is_passed_over_and_says_so(
    little_imdb, tmp_path, monkeypatch, capsys
):
    put(tmp_path / "mine", {"imdb.npz": little_imdb.files["imdb.npz"]})
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    assert load_imdb().source == "download"
    assert "lacks imdb_word_index.json" in one_line(capsys)


def test_a_rebuilt_copy_is_taken_when_the_folder_lists_its_hash(little_imdb, tmp_path, monkeypatch):
    rebuilt = dict(little_imdb.files)
    rebuilt["imdb_word_index.json"] += b"\n"
    put(tmp_path / "mine", rebuilt)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"imdb_word_index\.json .* damaged or not the file"):
        load_imdb(quiet=True)
    listed = hashlib.sha256(rebuilt["imdb_word_index.json"]).hexdigest()
    (tmp_path / "mine" / "SHA256SUMS").write_text(f"{listed}  imdb_word_index.json\n", encoding="utf-8")
    assert load_imdb(quiet=True).source == "folder"


def test_every_load_is_logged_where_the_log_is_asked_for(little_imdb, tmp_path, monkeypatch):
    log = tmp_path / "logs" / "data.jsonl"
    monkeypatch.setenv("COURSE_DATA_LOG", str(log))
    load_imdb(quiet=True)
    load_imdb(quiet=True)
    shutil.rmtree(os.environ["COURSE_CACHE"])
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    load_imdb(quiet=True)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert lines == [{"dataset": "imdb", "source": source} for source in ("download", "cache", "sample")]


def test_a_log_that_cannot_be_written_is_one_clear_line(little_imdb, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COURSE_DATA_LOG", str(tmp_path / "file" / "log"))
    with pytest.raises(DataError, match=r"COURSE_DATA_LOG names .* cannot be written"):
        load_imdb(quiet=True)


# --- the reader's own folder --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["imdb.npz", "imdb_word_index.json"])
def test_a_damaged_file_of_the_readers_is_an_error(little_imdb, tmp_path, monkeypatch, name):
    damaged = dict(little_imdb.files)
    damaged[name] = damaged[name][:-9]
    put(tmp_path / "mine", damaged)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"damaged or not the file.*replace it, or delete it") as error:
        load_imdb()
    assert "\n" not in str(error.value) and name in str(error.value)
    with pytest.raises(DataError, match="damaged or not the file"):
        locate("imdb")
    assert little_imdb.requests == []


def test_a_folder_that_does_not_exist_is_an_error(little_imdb, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"nowhere, which does not exist: correct it, or unset COURSE_DATA"):
        load_imdb()
    (tmp_path / "nowhere").write_bytes(b"")
    with pytest.raises(DataError, match="which is not a folder"):
        load_imdb()


def test_a_file_that_cannot_be_read_is_an_error(little_imdb, tmp_path, monkeypatch):
    (tmp_path / "mine" / "imdb.npz").mkdir(parents=True)
    put(tmp_path / "mine", {"imdb_word_index.json": b"{}"})
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match="cannot be read"):
        load_imdb()


def test_the_error_is_one_that_the_command_prints_as_a_line():
    assert issubclass(DataError, CourseError)


# --- nothing unknown is unpickled ---------------------------------------------------------------------------


def test_a_hostile_file_is_never_unpickled(little_imdb, little_files, bare, tmp_path, monkeypatch):
    sprung = tmp_path / "sprung"
    hostile = little_files(payload=Trap(sprung))
    put(tmp_path / "mine", hostile)
    put(bare, hostile)
    little_imdb.files = hostile
    assert load_imdb(quiet=True).source == "sample", "neither the cache nor the site has the known file"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match="was not opened"):
        load_imdb()
    assert not sprung.exists()


def test_the_trap_of_the_test_above_would_spring(
    little_imdb, little_files, little_dataset, tmp_path, monkeypatch
):
    sprung = tmp_path / "sprung"
    hostile = little_files(payload=Trap(sprung))
    put(tmp_path / "mine", hostile)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    monkeypatch.setattr(imdb, "IMDB", little_dataset(hostile, little_imdb.address))
    with pytest.raises(TypeError):
        load_imdb()
    assert sprung.exists()


def test_a_listed_file_with_other_contents_is_one_clear_line(little_imdb, tmp_path, monkeypatch):
    files = {**little_imdb.files, "imdb.npz": b"PK, but no archive"}
    put(tmp_path / "mine", files)
    listed = hashlib.sha256(files["imdb.npz"]).hexdigest()
    (tmp_path / "mine" / "SHA256SUMS").write_text(f"{listed} *imdb.npz\n", encoding="utf-8")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match="not the contents"):
        load_imdb()


# --- the cache ----------------------------------------------------------------------------------------------


def test_a_damaged_cached_file_is_fetched_again(little_imdb, bare, capsys):
    put(bare, {**little_imdb.files, "imdb.npz": b"half a fi"})
    assert load_imdb().source == "download"
    assert "imdb.npz in the cache is damaged: it has been fetched again." in one_line(capsys)
    assert little_imdb.requests == ["imdb.npz"], "the good file is not fetched again"
    assert load_imdb(quiet=True).source == "cache"


def test_a_damaged_cached_file_that_cannot_be_fetched_again_gives_the_sample(little_imdb, bare, capsys):
    put(bare, {**little_imdb.files, "imdb.npz": b"half a fi"})
    little_imdb.behaviour = "missing"
    reviews = load_imdb()
    assert reviews.is_sample
    line = one_line(capsys)
    assert line.startswith(NOTICE)
    assert "imdb.npz in the cache is damaged, and http" in line and "answered with 404" in line


def test_an_offline_machine_with_a_damaged_cache_gives_the_sample(little_imdb, bare, monkeypatch, capsys):
    put(bare, {**little_imdb.files, "imdb.npz": b""})
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert load_imdb().is_sample
    assert "is damaged, and COURSE_OFFLINE is set" in one_line(capsys)
    assert little_imdb.requests == []


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_an_unwritable_cache_gives_the_sample_and_says_what_to_do(
    little_imdb, tmp_path, monkeypatch, capsys, below
):
    (tmp_path / "file").write_bytes(b"in the way")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / below))
    assert load_imdb().is_sample
    line = one_line(capsys)
    assert "cannot be written" in line and "set COURSE_CACHE to a folder that can" in line
    assert (tmp_path / "file").read_bytes() == b"in the way"


def test_a_full_disk_is_seen_before_the_download(little_imdb, bare, monkeypatch, capsys):
    full = shutil._ntuple_diskusage(10**9, 10**9, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    assert load_imdb().is_sample
    assert "is full: free 1 MB, or set COURSE_CACHE" in one_line(capsys)
    assert little_imdb.requests == [] and list(bare.iterdir()) == []


def test_a_disk_that_fills_up_during_the_download(little_imdb, bare, monkeypatch, capsys):
    import pooch

    def fill(self: object, url: str, output_file: str, pooch: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fill)
    assert load_imdb().is_sample
    assert "is full: free 1 MB" in capsys.readouterr().out
    assert list(bare.iterdir()) == []


# --- the site -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("wrong", "is not the file that the course knows (wrong hash), and was thrown away"),
        ("half", "broke off"),
        ("missing", "answered with 404"),
        ("hang", "broke off"),
    ],
)
def test_a_bad_download_gives_the_sample_and_leaves_nothing(
    little_imdb, bare, monkeypatch, capsys, behaviour, says
):
    monkeypatch.setattr(download, "READ_SECONDS", 0.3)
    little_imdb.behaviour = behaviour
    start = time.perf_counter()
    assert load_imdb().is_sample
    assert time.perf_counter() - start < 8
    line = one_line(capsys)
    assert line.startswith(NOTICE) and says in line and "COURSE_DATA" in line
    assert list(bare.iterdir()) == [], "nothing half written is left"
    # The same process does not try again, until it is told to.
    asked = len(little_imdb.requests)
    assert load_imdb().is_sample
    assert "is not asked again before a restart" in one_line(capsys)
    assert len(little_imdb.requests) == asked
    little_imdb.release.set()
    little_imdb.behaviour = "good"
    download.forget_failures()
    assert load_imdb(quiet=True).source == "download"


def test_a_site_that_refuses(little_imdb, bare, monkeypatch, capsys):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    refusing = registry.Dataset(
        "imdb",
        "the IMDB film reviews",
        tuple(
            registry.DataFile(f.name, f"http://127.0.0.1:{port}/{f.name}", f.size, f.digest)
            for f in imdb.IMDB.files
        ),
        registry.IMDB.sample,
        "",
        "",
    )
    monkeypatch.setattr(imdb, "IMDB", refusing)
    assert load_imdb().is_sample
    assert "127.0.0.1 cannot be reached (Connection refused)" in one_line(capsys)
    assert list(bare.iterdir()) == []


def test_a_network_that_swallows_packets_costs_seconds_not_minutes(little_imdb, monkeypatch, capsys):
    released = threading.Event()

    def swallow(*args: object, **kwargs: object) -> None:
        released.wait(10)
        raise OSError

    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "create_connection", swallow)
    start = time.perf_counter()
    assert load_imdb().is_sample
    assert "cannot be reached (no answer in 0.2 s)" in one_line(capsys)
    assert load_imdb().is_sample
    assert "is not asked again" in one_line(capsys)
    assert time.perf_counter() - start < 6
    released.set()


def test_offline_means_offline(little_imdb, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert load_imdb().is_sample
    assert "COURSE_OFFLINE is set (unset it to download)" in one_line(capsys)
    assert little_imdb.requests == []
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    assert load_imdb(quiet=True).source == "download"


def test_ctrl_c_during_a_download_leaves_nothing(little_imdb, bare, monkeypatch):
    import pooch

    def interrupted(self: object, url: str, output_file: str, pooch: object) -> None:
        Path(output_file).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load_imdb(quiet=True)
    assert list(bare.iterdir()) == []
    assert load_imdb(quiet=True).source == "download", "an interrupted download can be taken up again"


def test_what_a_killed_process_left_is_swept_out(little_imdb, bare):
    for name, age in (("old", 7200), ("young", 5)):
        put(bare / f".incoming-{name}", {"tmp": b"half"})
        then = time.time() - age
        os.utime(bare / f".incoming-{name}", (then, then))
    load_imdb(quiet=True)
    assert sorted(path.name for path in bare.iterdir()) == [
        ".incoming-young",
        "imdb.npz",
        "imdb_word_index.json",
    ], "a young one may belong to a download that is still running"


def test_a_proxy_is_asked_instead_of_the_site(little_imdb, monkeypatch):
    asked: list[tuple[str, int]] = []
    connect = socket.create_connection

    def spy(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        asked.append(address)
        return connect(("127.0.0.1", int(little_imdb.address.rpartition(":")[2])), *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", spy)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    download._connect("http://data.invalid/file", "data.invalid")
    assert asked == [("proxy.invalid", 3128)]


# --- for builds ---------------------------------------------------------------------------------------------


def test_locate_and_fingerprint_follow_the_sources(little_imdb, bare, tmp_path, monkeypatch):
    assert locate("imdb") == (None, "sample")
    on_sample = data_fingerprint()
    assert little_imdb.requests == [], "asking where the data are does not download them"
    load_imdb(quiet=True)
    assert locate("imdb") == (bare, "cache")
    cached = data_fingerprint()
    put(tmp_path / "mine", little_imdb.files)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    assert locate("imdb") == (tmp_path / "mine", "folder")
    assert len({on_sample, cached, data_fingerprint()}) == 3
    monkeypatch.delenv("COURSE_DATA")
    assert data_fingerprint() == cached
    (bare / "imdb.npz").write_bytes(b"damaged")
    assert locate("imdb") == (None, "sample")
    assert data_fingerprint() == on_sample


def test_a_fingerprint_is_fast_the_second_time_even_in_another_process(little_imdb, bare, monkeypatch):
    load_imdb(quiet=True)
    first = data_fingerprint()
    monkeypatch.setattr(download, "_digest_memory", {})
    hashed: list[str] = []
    digest = download._digest

    def spy(contents: bytes, algorithm: str) -> str:
        hashed.append(algorithm)
        return digest(contents, algorithm)

    monkeypatch.setattr(download, "_digest", spy)
    assert data_fingerprint() == first
    assert hashed == ["sha256"], "only the small sample of Tiny Shakespeare is hashed again"


def test_a_damaged_memory_of_hashes_does_no_harm(little_imdb, bare, monkeypatch):
    load_imdb(quiet=True)
    first = data_fingerprint()
    for damage in ("", "[]", '{"a": 3}', '{"a": ["b"]}'):
        (bare / "hashes.json").write_text(damage, encoding="utf-8")
        monkeypatch.setattr(download, "_digest_memory", {})
        assert data_fingerprint() == first


def test_an_unknown_data_set_is_one_clear_line(bare):
    with pytest.raises(DataError, match="no data set called 'mnist': choose one of imdb, tinyshakespeare"):
        locate("mnist")


def test_prefetch_fills_the_cache(little_imdb, bare, monkeypatch, capsys):
    monkeypatch.setitem(download._failed_hosts, "raw.githubusercontent.com", "no network in a test")
    assert prefetch() == {"imdb": "download", "tinyshakespeare": "sample"}
    assert "no network in a test" in one_line(capsys)
    assert locate("imdb") == (bare, "cache")


# --- the package --------------------------------------------------------------------------------------------


def test_importing_the_room_is_light():
    code = (
        "import numpy, sys, time; start = time.perf_counter(); import course_utils.data; "
        "print(time.perf_counter() - start, *sorted(m for m in sys.modules if '.' not in m))"
    )
    seconds = []
    for _ in range(3):
        output = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        taken, *modules = output.split()
        assert not {"tensorflow", "keras", "matplotlib", "pooch", "requests", "tqdm"} & set(modules)
        seconds.append(float(taken))
    assert min(seconds) < 0.2, f"importing course_utils.data took {min(seconds):.2f} s beyond NumPy"


def test_only_the_registry_names_the_sites():
    room = Path(download.__file__).parent
    for path in room.glob("*.py"):
        found = "googleapis" in path.read_text(encoding="utf-8")
        assert found == (path.name == "registry.py"), path
