"""Execute each chapter once, in parallel, and keep the outputs until its code, the package or the data change.

What is kept is a *record*: the outputs of each code cell, the seconds it took, the data sets it loaded. The executed
notebook is the source with these outputs put in, so that a change of prose needs no new execution.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.data import data_fingerprint
from course_utils.errors import CourseError
from course_utils.layout import Chapter, Clone, write_atomically

if TYPE_CHECKING:
    import nbformat

ROOMS_OF_LESSONS = ("data", "recurrent", "text", "runs", "figures", "explainers", "quiz")
"""Rooms of the package that a lesson may use: a change in them executes the chapters again."""
CELL_TIMEOUT = 240
"""Seconds after which a cell is stopped: four times what a cell may take on a quiet machine."""

_WARNING = re.compile(r"^WARNING:tensorflow", re.MULTILINE)
"""Keras's own warnings go to standard output."""

Progress = Callable[[Chapter, int, int], None]
"""Called as (chapter, code cells done, code cells in all)."""


@dataclass(frozen=True)
class Record:
    """What one execution of a chapter left behind."""

    key: str
    """Hash of everything that the outputs depend on."""
    outputs: list[list[dict[str, Any]]]
    """Outputs of each code cell, in order."""
    cell_seconds: list[float]
    """Seconds that each code cell took."""
    datasets: list[dict[str, str]]
    """The data sets that were loaded, and from where: `{"dataset": "imdb", "source": "sample"}`."""

    @property
    def seconds(self) -> float:
        """Seconds of all cells together."""
        return sum(self.cell_seconds)

    @property
    def sample_datasets(self) -> list[str]:
        """Names of the data sets for which the bundled sample stood in."""
        return sorted({entry["dataset"] for entry in self.datasets if entry["source"] == "sample"})


def _hash_files(digest: Any, root: Path, files: Sequence[Path]) -> None:
    for file in sorted(files):
        digest.update(str(file.relative_to(root)).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())


def surroundings_hash(clone: Clone) -> str:
    """Hash of what all chapters depend on: the package's rooms for lessons, bundled data, versions, data sets."""
    digest = hashlib.sha256(f"python {sys.version_info[:2]}".encode())
    package = clone.root / "course_utils"
    files = [package / "__init__.py", package / "errors.py", clone.root / "requirements.lock"]
    for room in ROOMS_OF_LESSONS:
        files += [p for p in (package / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    files += [p for p in (clone.root / "data").rglob("*") if p.is_file()]
    _hash_files(digest, clone.root, files)
    digest.update(data_fingerprint().encode())
    return digest.hexdigest()


def chapter_key(chapter: Chapter, surroundings: str) -> str:
    """Hash of the code of a chapter and all that its outputs depend on."""
    notebook = json.loads(chapter.notebook.read_bytes())
    digest = hashlib.sha256(surroundings.encode())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            digest.update("".join(cell["source"]).encode() + b"\0")
    if chapter.bank.is_file():
        digest.update(chapter.bank.read_bytes())
    for file in sorted(chapter.notebook.parent.iterdir()):
        if file.is_file() and file.suffix != ".ipynb" and not file.name.startswith("."):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _record_path(clone: Clone, chapter: Chapter) -> Path:
    return clone.executed / f"{chapter.name}.json"


def read_record(clone: Clone, chapter: Chapter) -> Record | None:
    """The record of the last execution, or None where there is none that can be read."""
    try:
        return Record(**json.loads(_record_path(clone, chapter).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def executed_notebook(chapter: Chapter, record: Record) -> nbformat.NotebookNode:
    """The instructor's notebook with the outputs of its execution put in."""
    import nbformat

    notebook = nbformat.read(chapter.notebook, as_version=4)
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, (cell, outputs) in enumerate(zip(code_cells, record.outputs, strict=True), start=1):
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
        cell.execution_count = count
    return notebook


def _clean_outputs(outputs: list[Any], where: str) -> list[dict[str, Any]]:
    """The outputs as they are stored. Whatever a cell writes to standard error would be a warning on the page."""
    kept = []
    for output in outputs:
        if output.get("output_type") == "stream" and output.get("name") == "stderr":
            raise CourseError(
                f"{where} writes to standard error, mend the cause: {output['text'].strip()[:300]}"
            )
        if output.get("output_type") == "stream" and _WARNING.search(output["text"]):
            raise CourseError(f"{where} prints a warning, mend the cause: {output['text'].strip()[:300]}")
        output = dict(output)
        output.pop("execution_count", None)
        if output["output_type"] == "execute_result":
            output["execution_count"] = None
        kept.append(output)
    return kept


async def _execute_chapter(chapter: Chapter, key: str, progress: Progress) -> Record:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    notebook = nbformat.read(chapter.notebook, as_version=4)
    code_cells = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for index in code_cells:
        notebook.cells[index].outputs = []
    starts: dict[int, float] = {}
    seconds: dict[int, float] = {}

    def started(cell: Any, cell_index: int) -> None:
        starts[cell_index] = time.perf_counter()

    def finished(cell: Any, cell_index: int, execute_reply: Any) -> None:
        seconds[cell_index] = time.perf_counter() - starts[cell_index]
        progress(chapter, len(seconds), len(code_cells))

    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "datasets.jsonl"
        # Unix sockets where there are any: nothing of the kernel's traffic is on the network.
        ipc = {"transport": "ipc", "ip": f"{folder}/k"}
        client = NotebookClient(
            notebook,
            config=Config({"KernelManager": ipc if os.name == "posix" else {}}),
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(chapter.notebook.parent)}},
            on_cell_execute=started,
            on_cell_executed=finished,
        )
        environment = {
            **os.environ,
            "COURSE_DATA_LOG": str(log),
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",  # as in a student's notebook, whatever whoever builds has set
        }
        progress(chapter, 0, len(code_cells))
        try:
            # What the kernel prints past its cells would land in the terminal, in the middle of the progress.
            await client.async_execute(env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            index = max(starts, default=0)
            cell = notebook.cells[index]
            reason = f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', '')}"
            raise CourseError(
                f"{chapter.name}: cell {index + 1} ({cell.get('id', '?')}) stopped with {reason.strip()}; "
                f"open {chapter.notebook} and run it to here"
            ) from error
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    outputs = []
    for index in code_cells:
        cell = notebook.cells[index]
        outputs.append(
            _clean_outputs(cell.outputs, f"{chapter.name}, cell {index + 1} ({cell.get('id', '?')})")
        )
    return Record(
        key=key,
        outputs=outputs,
        cell_seconds=[round(seconds.get(index, 0.0), 2) for index in code_cells],
        datasets=[json.loads(line) for line in dict.fromkeys(lines)],
    )


def outdated_chapters(clone: Clone, chapters: Sequence[Chapter]) -> dict[Chapter, str]:
    """Chapters whose record is missing or no longer true, each with the key that its new record will have."""
    surroundings = surroundings_hash(clone)
    outdated = {}
    for chapter in chapters:
        key = chapter_key(chapter, surroundings)
        record = read_record(clone, chapter)
        if record is None or record.key != key:
            outdated[chapter] = key
    return outdated


def execute_chapters(clone: Clone, outdated: dict[Chapter, str], *, workers: int, progress: Progress) -> None:
    """Execute chapters, several at a time; each record is written as soon as its chapter is done.

    Args:
        clone: the clone to work on.
        outdated: the chapters to execute with their keys, from `outdated_chapters`.
        workers: how many kernels may run at once.
        progress: called after each cell.

    Raises:
        CourseError: naming the first cell that failed; the other chapters are finished all the same.
    """

    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def run() -> list[BaseException | None]:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        gate = asyncio.Semaphore(max(1, workers))

        async def one(chapter: Chapter, key: str) -> None:
            async with gate:
                record = await _execute_chapter(chapter, key, progress)
                write_atomically(_record_path(clone, chapter), json.dumps(record.__dict__))

        return await asyncio.gather(*(one(c, k) for c, k in outdated.items()), return_exceptions=True)

    # In a thread of its own, where nbclient cannot take Ctrl+C for itself and leave a traceback.
    with ThreadPoolExecutor(max_workers=1) as pool:
        done = pool.submit(asyncio.run, run())
        try:
            problems = done.result()
        except KeyboardInterrupt:
            for loop, task in running:
                loop.call_soon_threadsafe(task.cancel)
            raise
    for problem in problems:
        if problem is not None:
            raise problem
