"""Get the files of a data set from the first of three sources that has them.

The sources, in order: the folder that ``COURSE_DATA`` names, the cache (``COURSE_CACHE``, else the user's
cache folder), and the official site. Every file's hash is checked on the very bytes that are then used, so
nothing unknown is ever unpickled. A download is written aside and moved into place only once its hash is
right.

Environment:
    COURSE_DATA: a folder of files the reader already has. A damaged file there is an error, for it is the
        reader's.
    COURSE_CACHE: where downloads are kept.
    COURSE_OFFLINE: set to anything but 0, it keeps the course off the network.
    COURSE_DATA_LOG: a file to which each load appends one line, ``{"dataset": …, "source": …}``.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from course_utils.data.bundled import bundled_roots
from course_utils.data.errors import DataError
from course_utils.data.registry import DATASETS, DataFile, Dataset, Source, dataset_named
from course_utils.layout import write_atomically

CONNECT_SECONDS = 5.0
"""How long a site may take to accept a connection, all its addresses together."""
READ_SECONDS = 20.0
"""How long a site may pause in the middle of a download."""
CHUNK_BYTES = 64 * 1024

_CHECKSUMS = "SHA256SUMS"
_DIGESTS = "hashes.json"
_INCOMING = ".incoming-"
_STALE_SECONDS = 3600.0


class _Unavailable(Exception):
    """A source cannot serve the data set; the text says why, as the end of a sentence."""


@dataclass(frozen=True)
class Copy:
    """A data set as found.

    Attributes:
        source: ``"folder"``, ``"cache"``, ``"download"``, or ``"sample"`` when no real copy can be had.
        contents: the bytes of each file, by name, hash checked; empty for ``"sample"``.
        places: where each file lies, by name; empty for ``"sample"``.
        reason: why the sample has to do; empty otherwise.
    """

    source: Source
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    places: Mapping[str, Path] = field(default_factory=dict)
    reason: str = ""


_failed_hosts: dict[str, str] = {}
_failed_urls: dict[str, str] = {}


def forget_failures() -> None:
    """Let the next load try again what failed to download in this process."""
    _failed_hosts.clear()
    _failed_urls.clear()


# --- where to look ------------------------------------------------------------------------------------------


def data_folder() -> Path | None:
    """The folder that ``COURSE_DATA`` names, or None if it is not set.

    Raises:
        DataError: if it names something that is no folder.
    """
    name = os.environ.get("COURSE_DATA", "")
    if not name:
        return None
    folder = Path(name).expanduser().absolute()
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"COURSE_DATA names {folder}, which {problem}: correct it, or unset COURSE_DATA to let the course "
            "download its data."
        )
    return folder


def cache_folder() -> Path:
    """The folder for downloads: ``COURSE_CACHE``, else the user's own cache folder. It need not exist yet."""
    name = os.environ.get("COURSE_CACHE", "")
    if name:
        return Path(name).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("unrolled"))


def offline() -> bool:
    """Whether ``COURSE_OFFLINE`` keeps the course off the network."""
    return os.environ.get("COURSE_OFFLINE", "") not in ("", "0")


# --- checking -----------------------------------------------------------------------------------------------


def _digest(contents: bytes, algorithm: str) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, contents, usedforsecurity=False).hexdigest()}"


def _is_official(file: DataFile, contents: bytes, sha256: str = "") -> bool:
    """Whether these are the bytes that the registry knows; `sha256` is their hash, if it is known already."""
    algorithm = file.digest.partition(":")[0]
    if algorithm != "sha256" or not sha256:
        return _digest(contents, algorithm) == file.digest
    return sha256 == file.digest


def _listed_digest(folder: Path, name: str) -> str | None:
    """What the folder's own ``SHA256SUMS`` says about a file, as ``sha256:…``; None if it says nothing."""
    try:
        lines = (folder / _CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        digest, _, listed = line.strip().partition(" ")
        if listed.strip().removeprefix("*") == name:
            return f"sha256:{digest.lower()}"
    return None


# --- the three sources --------------------------------------------------------------------------------------


def _from_folder(dataset: Dataset, folder: Path, *, quiet: bool) -> Copy | None:
    """The copy in the reader's own folder; None if the folder lacks it; an error if it is damaged."""
    present = [file for file in dataset.files if (folder / file.name).exists()]
    if not present:
        return None
    if len(present) < len(dataset.files):
        missing = ", ".join(file.name for file in dataset.files if file not in present)
        _say(f"{folder} (COURSE_DATA) lacks {missing}: looking for {dataset.title} elsewhere.", quiet=quiet)
        return None
    contents: dict[str, bytes] = {}
    for file in dataset.files:
        path = folder / file.name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DataError(
                f"{path} (COURSE_DATA) cannot be read ({_why(error)}): make it readable."
            ) from error
        sha256 = _digest(data, "sha256")
        if sha256 != _listed_digest(folder, file.name) and not _is_official(file, data, sha256):
            raise DataError(
                f"{path} (COURSE_DATA) is damaged or not the file that the course knows, and was not opened: "
                f"replace it, or delete it to let the course download it (found {sha256}, expected {file.digest})."
            )
        contents[file.name] = data
    return Copy("folder", contents, {name: folder / name for name in contents})


def _from_cache(dataset: Dataset, cache: Path) -> tuple[dict[str, bytes], str]:
    """Good files in the cache, and a complaint about the first damaged one ('' if there is none)."""
    contents: dict[str, bytes] = {}
    complaint = ""
    for file in dataset.files:
        path = cache / file.name
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            complaint = complaint or f"{path} in the cache cannot be read ({_why(error)})"
            continue
        if _is_official(file, data):
            contents[file.name] = data
        else:
            complaint = complaint or f"{path} in the cache is damaged"
    return contents, complaint


def _download(file: DataFile, cache: Path, *, quiet: bool) -> bytes:
    """Fetch one file into the cache and return its bytes.

    Raises:
        _Unavailable: if it cannot be had; remembered, so that one process asks only once.
    """
    host = urlsplit(file.url).hostname or ""
    for remembered in (_failed_hosts.get(host), _failed_urls.get(file.url)):
        if remembered:
            raise _Unavailable(f"{remembered}, and is not asked again before a restart")
    incoming = _make_incoming(cache, file)
    try:
        _connect(file.url, host)
        path = _retrieve(file, incoming, cache, quiet=quiet)
        data = path.read_bytes()
        try:
            path.replace(cache / file.name)
        except OSError as error:
            raise _Unavailable(
                f"{cache / file.name} cannot be written ({_why(error)}): set COURSE_CACHE to a folder that can"
            ) from error
        return data
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _make_incoming(cache: Path, file: DataFile) -> Path:
    """A fresh folder in the cache for a half-written file; sweeps out what a killed process left."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(f"{_INCOMING}*"):
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
        incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=cache))
        free = shutil.disk_usage(cache).free
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _Unavailable(_no_room(cache, file)) from error
        raise _Unavailable(_unwritable(cache, error)) from error
    if free < 2 * file.size:
        shutil.rmtree(incoming, ignore_errors=True)
        raise _Unavailable(_no_room(cache, file))
    return incoming


def _no_room(cache: Path, file: DataFile) -> str:
    megabytes = max(1, round(2 * file.size / 1e6))
    return (
        f"the disk of {cache} is full: free {megabytes} MB, or set COURSE_CACHE to a folder on another disk"
    )


def _unwritable(cache: Path, error: OSError) -> str:
    why = "it is a file" if cache.is_file() else _why(error)
    return f"the cache folder {cache} cannot be written ({why}): set COURSE_CACHE to a folder that can"


def _connect(url: str, host: str) -> None:
    """See within a few seconds whether the site (or the proxy in between) can be reached at all.

    The time limit that HTTP libraries offer counts for each address anew, and a big site has a dozen: behind
    a firewall that swallows packets a plain download would hang for a minute.
    """
    import requests.utils

    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    target = urlsplit(proxy if proxy and "://" in proxy else f"http://{proxy}" if proxy else url)
    port = target.port or {"https": 443, "http": 80}.get(target.scheme, 1080)
    outcome: list[OSError | None] = []

    def attempt() -> None:
        try:
            socket.create_connection((target.hostname or host, port), timeout=CONNECT_SECONDS / 2).close()
            outcome.append(None)
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    if outcome and outcome[0] is None:
        return
    why = _why(outcome[0]) if outcome and outcome[0] is not None else f"no answer in {CONNECT_SECONDS:g} s"
    _failed_hosts[host] = f"{host} cannot be reached ({why})"
    raise _Unavailable(_failed_hosts[host])


def _retrieve(file: DataFile, incoming: Path, cache: Path, *, quiet: bool) -> Path:
    """Download through pooch into a folder of its own; the hash is checked there."""
    import pooch
    import requests
    from tqdm import tqdm

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # we say ourselves what the reader needs to know
    bar = tqdm(total=file.size, desc=file.name, unit="B", unit_scale=True, disable=quiet)
    downloader = pooch.HTTPDownloader(
        progressbar=bar, chunk_size=CHUNK_BYTES, timeout=(CONNECT_SECONDS, READ_SECONDS)
    )
    try:
        return Path(
            pooch.retrieve(
                file.url, known_hash=file.digest, fname=file.name, path=incoming, downloader=downloader
            )
        )
    except requests.exceptions.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        complaint = f"{file.url} answered with {status}"
    except requests.exceptions.RequestException as error:
        complaint = f"the download of {file.url} broke off ({type(error).__name__})"
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _Unavailable(_no_room(cache, file)) from error
        raise _Unavailable(_unwritable(cache, error)) from error
    except ValueError:
        complaint = (
            f"what {file.url} sent is not the file that the course knows (wrong hash), and was thrown away"
        )
    finally:
        bar.close()
        logger.setLevel(level)
    _failed_urls[file.url] = complaint
    raise _Unavailable(complaint)


# --- all together -------------------------------------------------------------------------------------------


def find_copy(dataset: Dataset, *, quiet: bool = False) -> Copy:
    """Get a data set from the first source that has it.

    Args:
        dataset: which one.
        quiet: say nothing and show no progress bar.

    Returns:
        The files' bytes, checked, and their source; source ``"sample"`` and a reason if no real copy can be
        had.

    Raises:
        DataError: if ``COURSE_DATA`` names no folder, or a damaged file lies in it.
    """
    folder = data_folder()
    if folder is not None:
        copy = _from_folder(dataset, folder, quiet=quiet)
        if copy is not None:
            return copy
    cache = cache_folder()
    contents, complaint = _from_cache(dataset, cache)
    missing = [file for file in dataset.files if file.name not in contents]
    places = {file.name: cache / file.name for file in dataset.files}
    if not missing:
        return Copy("cache", contents, places)
    try:
        if offline():
            raise _Unavailable("COURSE_OFFLINE is set (unset it to download)")
        for file in missing:
            contents[file.name] = _download(file, cache, quiet=quiet)
    except _Unavailable as problem:
        return Copy("sample", reason=f"{complaint}, and {problem}" if complaint else str(problem))
    if complaint:
        _say(f"{complaint}: it has been fetched again.", quiet=quiet)
    return Copy("download", contents, places)


def prefetch(*, quiet: bool = False) -> dict[str, Source]:
    """Get every data set into the cache, so that what runs afterwards, in parallel or not, need not download.

    Args:
        quiet: show no progress bar and print no line about a sample.

    Returns:
        The source of each data set, by its short name.

    Raises:
        DataError: if ``COURSE_DATA`` names no folder, or a damaged file lies in it.
    """
    sources: dict[str, Source] = {}
    for dataset in DATASETS.values():
        copy = find_copy(dataset, quiet=quiet)
        if copy.source == "sample":
            _say(sample_notice(dataset, copy.reason), quiet=quiet)
        sources[dataset.key] = copy.source
    return sources


def locate(dataset: str) -> tuple[Path | None, Source]:
    """Where a data set would come from now, without asking the network.

    Args:
        dataset: its short name, ``"imdb"`` or ``"tinyshakespeare"``.

    Returns:
        The folder that holds its files, all of them undamaged, and ``"folder"`` or ``"cache"``; else None and
        ``"sample"``, although a load may then still download it.

    Raises:
        DataError: if there is no such data set, ``COURSE_DATA`` names no folder, or a damaged file lies in it.
    """
    place, source, _ = _look_up(dataset_named(dataset))
    return place, source


def data_fingerprint() -> str:
    """A text that changes when a load would give other data: for builds that are kept until something changes.

    It names the source and the hashes of each data set, without asking the network: what is not on this machine
    counts as the sample. Hashes are remembered in the cache folder by size and time of change, for this purpose
    only, so that a second call takes milliseconds.

    Returns:
        One line a data set.

    Raises:
        DataError: if ``COURSE_DATA`` names no folder, or a damaged file lies in it.
    """
    lines = []
    for dataset in DATASETS.values():
        _, source, digests = _look_up(dataset)
        lines.append(" ".join([dataset.key, source, *digests]))
    return "\n".join(lines)


def _look_up(dataset: Dataset) -> tuple[Path | None, Source, list[str]]:
    """Place, source and hashes of the copy that a load would use, going by remembered hashes."""
    folder = data_folder()
    if folder is not None and all((folder / file.name).exists() for file in dataset.files):
        remembered = [_remembered_digests(folder / file.name) for file in dataset.files]
        if not all(
            file.digest in digests or _listed_digest(folder, file.name) in digests
            for file, digests in zip(dataset.files, remembered, strict=True)
        ):
            _from_folder(dataset, folder, quiet=True)  # raises the error that a load would raise
        return folder, "folder", [digests[0] for digests in remembered if digests]
    cache = cache_folder()
    remembered = [_remembered_digests(cache / file.name) for file in dataset.files]
    if all(file.digest in digests for file, digests in zip(dataset.files, remembered, strict=True)):
        return cache, "cache", [digests[0] for digests in remembered]
    return None, "sample", [_sample_digest(dataset)]


def _sample_digest(dataset: Dataset) -> str:
    """Hash of the file that is, or writes, the sample."""
    written = [Path(__file__).with_name("reviews.py")]
    bundled = [root / dataset.sample_file for root in bundled_roots() if dataset.sample_file]
    for path in bundled or written:
        if path.is_file():
            return _digest(path.read_bytes(), "sha256")
    return "absent"


_digest_memory: dict[str, list[str]] = {}


def _remembered_digests(path: Path) -> list[str]:
    """SHA-256 and MD5 of a file, computed anew only if its size or time of change is new; [] if unreadable."""
    try:
        status = path.stat()
        key = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
        memory_file = cache_folder() / _DIGESTS
        if key not in _digest_memory:
            _digest_memory.update(_read_digest_memory(memory_file))
        if key not in _digest_memory:
            contents = path.read_bytes()
            _digest_memory[key] = [_digest(contents, "sha256"), _digest(contents, "md5")]
            _write_digest_memory(memory_file)
    except OSError:
        return []
    return _digest_memory[key]


def _read_digest_memory(path: Path) -> dict[str, list[str]]:
    """What earlier processes computed; nothing if that cannot be read, which costs time and no more."""
    try:
        memory = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): [str(sha256), str(md5)] for key, (sha256, md5) in memory.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write_digest_memory(path: Path) -> None:
    with contextlib.suppress(OSError):
        write_atomically(path, json.dumps(_digest_memory, indent=1))


def sample_notice(dataset: Dataset, reason: str) -> str:
    """The one line that says why a sample is used, and how to get the real data."""
    names = " and ".join(file.name for file in dataset.files)
    return (
        f"Using {dataset.sample} instead of {dataset.title}: {reason}. For the real data "
        f"({dataset.size / 1e6:.0f} MB), run this again with a network, or name a folder that holds {names} in "
        "COURSE_DATA."
    )


def record_load(dataset: Dataset, source: Source) -> None:
    """Append one line to the file that ``COURSE_DATA_LOG`` names, if it names one.

    Raises:
        DataError: if that file cannot be written.
    """
    name = os.environ.get("COURSE_DATA_LOG", "")
    if not name:
        return
    path = Path(name).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"dataset": dataset.key, "source": source}) + "\n")
    except OSError as error:
        raise DataError(
            f"COURSE_DATA_LOG names {path}, which cannot be written ({_why(error)}): correct or unset it."
        ) from error


def _say(line: str, *, quiet: bool) -> None:
    if not quiet:
        print(line, flush=True)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
