"""Build the staged pages with Jupyter Book, prove that they are safe, and only then publish them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import yaml

from course_utils.errors import CourseError
from course_utils.layout import Chapter, Clone, write_atomically
from course_utils.site.checks import find_external_requests, find_leaks
from course_utils.site.execute import Record
from course_utils.site.pages import stage_site, versions_table


def site_key(clone: Clone, records: dict[Chapter, Record]) -> str:
    """Hash of everything the site is made of."""
    digest = hashlib.sha256(versions_table(clone).encode())
    for chapter, record in records.items():
        digest.update(chapter.notebook.read_bytes())
        digest.update(json.dumps(record.__dict__, sort_keys=True).encode())
    files = [clone.root / name for name in ("_config.yml", "_toc.yml", "requirements.lock")]
    files += [p for p in clone.notebooks.rglob("*") if p.suffix in {".md", ".bib", ".svg"}]
    files += [
        p for p in (clone.root / "course_utils" / "site").rglob("*") if p.is_file() and p.suffix != ".pyc"
    ]
    for file in sorted(files):
        digest.update(str(file.relative_to(clone.root)).encode() + file.read_bytes())
    return digest.hexdigest()


def list_pages(clone: Clone) -> list[str]:
    """The pages that the table of contents names, in its order: paths below the site's root, without suffix."""
    toc = yaml.safe_load((clone.root / "_toc.yml").read_text(encoding="utf-8"))

    def pages(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node[key] for key in ("root", "file") if key in node]
            return own + [page for value in node.values() for page in pages(value)]
        return [page for item in node for page in pages(item)] if isinstance(node, list) else []

    return pages(toc)


def _run_jupyter_book(clone: Clone, source: Path, output: Path) -> None:
    program = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "build", str(source), "--path-output", str(output)]
    command += ["--all", "-W", "-n", "--keep-going"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        cwd=clone.build,
    )
    log = clone.build / "jupyter-book.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        told = [line for line in plain.splitlines() if re.search(r"WARNING|ERROR|Error:|error:", line)]
        shown = "\n  ".join(dict.fromkeys(line.strip()[:300] for line in told[:10])) or plain[-600:]
        raise CourseError(f"Jupyter Book does not build the pages (all its words: {log}):\n  {shown}")


def check_launch_buttons(clone: Clone, html: Path) -> list[str]:
    """Launch buttons that point at a file this checkout does not have.

    A button's address ends in a path of the repository; that file must be in the checkout.
    """
    problems = []
    pattern = re.compile(r"href=\"(https?://[^\"]*(?:colab|binder)[^\"]*\.ipynb)[^\"]*\"")
    config = yaml.safe_load((clone.root / "_config.yml").read_text(encoding="utf-8"))
    branch = (config.get("repository") or {}).get("branch", "main")
    for page in sorted(html.rglob("*.html")):
        for address in set(pattern.findall(page.read_text(encoding="utf-8"))):
            plain = unquote(address)
            parts = re.split(rf"/blob/{re.escape(branch)}/|urlpath=(?:lab/)?tree/", plain, maxsplit=1)
            target = clone.root / parts[-1] if len(parts) == 2 else None
            if target is None or not target.is_file():
                problems.append(
                    f"{page.name}: a launch button points at {plain}, which is not in this checkout"
                )
            elif "BEGIN SOLUTION" in target.read_text(encoding="utf-8"):
                problems.append(f"{page.name}: a launch button points at {plain}, which holds solutions")
    return problems


def build_site(clone: Clone, records: dict[Chapter, Record], chapters: Sequence[Chapter]) -> bool:
    """Build `_build/html` where it is missing or outdated.

    The new site is built and checked beside the old one and takes its place only when it is whole and safe.

    Args:
        clone: the clone to work on.
        records: the executed chapters, in order.
        chapters: the chapters whose solutions must not be found in it.

    Returns:
        Whether anything was built.

    Raises:
        CourseError: for a warning of Jupyter Book, a leak, a request to another host, a dead launch button.
    """
    key = site_key(clone, records)
    stamp = clone.build / "site.key"
    if stamp.exists() and (clone.html / "index.html").is_file() and stamp.read_text(encoding="utf-8") == key:
        return False
    source = stage_site(clone, records)
    work = clone.build / "site_work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _run_jupyter_book(clone, source, work)
    html = work / "_build" / "html"
    problems = find_leaks([html, clone.student], chapters)
    problems += find_external_requests(html)
    problems += check_launch_buttons(clone, html)
    if problems:
        shown = "\n  ".join(problems[:10])
        raise CourseError(f"the site is not published, {len(problems)} things are wrong with it:\n  {shown}")
    stamp.unlink(missing_ok=True)
    shutil.rmtree(clone.html, ignore_errors=True)
    html.rename(clone.html)
    write_atomically(stamp, key)
    return True
