"""The command `course`: it dispatches to the rooms and turns their errors into one clear line."""

from __future__ import annotations

import enum
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_utils import __version__
from course_utils.errors import CourseError
from course_utils.layout import find_clone

if TYPE_CHECKING:
    from course_utils.quiz.exchange import Exchanged

app = typer.Typer(
    help="Build, study, teach and test the course Unrolled.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

quizzes = typer.Typer(help="Write, check, show and exchange the questions.", no_args_is_help=True)
app.add_typer(quizzes, name="quiz")


class ExportFormat(enum.StrEnum):
    """What questions can be written as."""

    moodle = "moodle"
    gift = "gift"


@app.command()
def build(
    workers: Annotated[int, typer.Option(help="Notebooks to execute at the same time.")] = min(
        2, os.cpu_count() or 1
    ),
) -> None:
    """Execute what changed, build the student edition and the site (`make course`)."""
    from course_utils.site.pipeline import build_course

    build_course(
        find_clone(), workers=workers, install_seconds=float(os.environ.get("COURSE_INSTALL_SECONDS", 0))
    )


@app.command()
def execute(
    chapters: Annotated[
        list[str] | None, typer.Argument(help="Chapters, for example 3 or 03_unrolling.")
    ] = None,
) -> None:
    """Execute chapters that changed, without building pages."""
    from course_utils.site.pipeline import execute_outdated

    clone = find_clone()
    execute_outdated(clone, clone.find_chapters(chapters or ()), workers=min(2, os.cpu_count() or 1))


@app.command()
def student(
    to: Annotated[
        Path | None, typer.Option(help="Also copy the chapters' student notebooks into this folder.")
    ] = None,
) -> None:
    """Build the student edition: notebooks without solutions, README, wheel, zip files."""
    import shutil

    from course_utils.grading.release import PAGES, build_student_edition

    clone = find_clone()
    chapters = clone.chapters
    built = build_student_edition(clone, chapters)
    print(f"student edition: {clone.student} ({'built' if built else 'nothing changed'})")
    if to is not None:
        for chapter in chapters:
            shutil.copytree(clone.student / chapter.name, to / "notebooks" / chapter.name, dirs_exist_ok=True)
        for page in [page for page in PAGES if (clone.student / page).is_file()]:
            (to / "notebooks" / page).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clone.student / page, to / "notebooks" / page)
        print(f"copied {len(chapters)} chapters into {to}")


@app.command()
def lab(
    chapter: Annotated[str | None, typer.Argument(help="Open this chapter.")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """JupyterLab on your own copy of the student edition; your work is never overwritten."""
    from course_utils.site.study import start_lab

    clone = find_clone()
    chosen = clone.find_chapters([chapter])[0] if chapter else None
    raise typer.Exit(start_lab(clone, chosen, open_browser=browser))


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
) -> None:
    """Serve the built site on this machine and print its address."""
    from course_utils.site.study import serve_site

    serve_site(find_clone(), port)


@app.command()
def data() -> None:
    """Fetch the real data sets into the cache, or say where they are already."""
    from course_utils.data import locate, prefetch

    for name, source in prefetch().items():
        print(f"{name}: {source}, {locate(name)[0] or 'inside the package'}")


@app.command()
def train(
    names: Annotated[list[str] | None, typer.Argument(help="Names of stored runs.")] = None,
    all_runs: Annotated[bool, typer.Option("--all", help="Every stored run.")] = False,
) -> None:
    """Train stored runs again on the real data and write their cards; --all trains one on each core at a time."""
    from course_utils.runs import RECIPES, recipe_names, train_run
    from course_utils.runs.ablation import train_ablation
    from course_utils.runs.forecast import train_forecast
    from course_utils.runs.forecast_study import train_forecast_study
    from course_utils.runs.recall import train_recall
    from course_utils.runs.small_data import train_small_data
    from course_utils.runs.train_all import seconds_before, train_all

    # By the course's own engine, or many small trainings that are stored as one table.
    studies: dict[str, Callable[[], None]] = {
        "ablation": train_ablation,
        "forecast": train_forecast,
        "forecast-study": train_forecast_study,
        "recall": train_recall,
        "small-data": train_small_data,
    }
    known = [*recipe_names(), *studies]
    if not names and not all_runs:
        raise CourseError("name a run or say --all; the runs are " + ", ".join(known))
    if all_runs:
        alone = [recipe.name for recipe in RECIPES.values() if recipe.alone]
        train_all(known, seconds=seconds_before(), alone=alone)
        return
    for name in names or []:
        if name in studies:
            studies[name]()
        else:
            train_run(name)


@app.command()
def runs() -> None:
    """List the stored runs with their size, time and accuracy."""
    from rich.console import Console
    from rich.table import Column, Table

    from course_utils.runs import list_runs, load_run

    columns = ("weights", "epoch", "minutes", "validation", "test", "each seed")
    table = Table(Column("run", no_wrap=True), *columns)
    for name in list_runs():
        card = load_run(name).card
        table.add_row(
            name,
            f"{card.parameters:,}",
            f"{card.best_epoch} of {card.epochs}",
            f"{card.seconds / 60:.1f}",
            f"{card.metrics['val_accuracy']:.1%}",
            f"{card.metrics['test_accuracy']:.1%}",
            ", ".join(f"{trial.test_accuracy:.1%}" for trial in card.trials),
        )
    Console().print(table)


@app.command()
def classroom(
    chapters: Annotated[
        list[str] | None, typer.Argument(help="Chapters to grade; the first with exercises by default.")
    ] = None,
) -> None:
    """A demo class in `_build/classroom`: release, submit, autograde, feedback, export."""
    from course_utils.grading.classroom import print_report, run_classroom

    clone = find_clone()
    first = [chapter for chapter in clone.chapters if chapter.has_exercises][:1]
    chosen = clone.find_chapters(chapters) if chapters else first
    for chapter in chosen:
        if not chapter.is_graded:
            raise CourseError(
                f"{chapter.name} has neither exercises nor questions yet: there is nothing to grade"
            )
    print_report(run_classroom(clone, chosen), clone)


@app.command()
def check() -> None:
    """Check every notebook against the contract and report the lengths of its cells."""
    from course_utils.site.hygiene import check_notebooks, print_hygiene

    clone = find_clone()
    raise typer.Exit(print_hygiene(check_notebooks(clone.chapters)))


@app.command()
def glossary(
    italics: Annotated[
        bool, typer.Option("--italics", help="Set in italics what is bold and no term.")
    ] = False,
) -> None:
    """Make a link to the glossary of each term's first use in bold, where a chapter lacks it."""
    from course_utils.site.glossary import link_terms

    for file in link_terms(find_clone().chapters, italics=italics):
        print(f"changed {file}")


@quizzes.command("check")
def quiz_check(
    banks: Annotated[list[str] | None, typer.Argument(help="Banks, or chapters; all by default.")] = None,
    snippets: Annotated[bool, typer.Option(help="Run the programs that compute the answers.")] = True,
    strict: Annotated[bool, typer.Option(help="Let warnings fail, too.")] = False,
) -> None:
    """Check question banks: their format, their answers, and what would help to guess."""
    from course_utils.quiz.check import print_check

    clone = find_clone()
    files = _bank_files(banks) if banks else sorted(clone.quizzes.glob("*.yml"))
    if not files:
        raise CourseError(f"there is no bank in {clone.quizzes}: `course quiz new 3` begins one")
    raise typer.Exit(print_check(files, notebooks=clone.notebooks, snippets=snippets, strict=strict))


@quizzes.command("new")
def quiz_new(chapter: Annotated[str, typer.Argument(help="For example 3 or 03_unrolling.")]) -> None:
    """Begin a chapter's bank, with one question to write over."""
    from course_utils.quiz.exchange import new_bank

    clone = find_clone()
    name = clone.find_chapters([chapter])[0].name
    file = clone.quizzes / f"{name}.yml"
    if file.exists():
        raise CourseError(f"{file} is there already: write into it")
    file.parent.mkdir(exist_ok=True)
    file.write_text(new_bank(name), encoding="utf-8")
    print(f"write your questions into {file}, then: course quiz check {name[:2]}")


@quizzes.command("preview")
def quiz_preview(
    bank: Annotated[str, typer.Argument(help="A bank, or a chapter.")],
    to: Annotated[Path | None, typer.Option(help="Write the page into this folder, and keep it.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """A page on which every question of a bank is alive, as on the site."""
    import tempfile
    import webbrowser

    from course_utils.quiz.preview import write_preview

    folder = to or Path(tempfile.mkdtemp(prefix="course-quiz-"))
    page = write_preview(_bank_files([bank])[0], folder)
    print(page)
    if browser:
        webbrowser.open(page.as_uri())


@quizzes.command("export")
def quiz_export(
    bank: Annotated[str, typer.Argument(help="A bank, or a chapter.")],
    to_format: Annotated[ExportFormat, typer.Option("--format", help="Which format.")],
    to: Annotated[Path | None, typer.Option(help="The file; beside you by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Of the texts, for example de.")] = None,
) -> None:
    """Write a bank's questions as Moodle's XML or as GIFT."""
    from course_utils.quiz.bank import load_bank
    from course_utils.quiz.exchange import export_bank

    read = load_bank(_bank_files([bank])[0])
    is_gift = to_format is ExportFormat.gift
    done = export_bank(read, "gift" if is_gift else "moodle", language)
    file = to or Path(read.chapter + (".gift" if is_gift else ".xml"))
    file.write_text(done.text, encoding="utf-8")
    _print_exchanged(file, done)


@quizzes.command("import")
def quiz_import(
    file: Annotated[Path, typer.Argument(help="A GIFT file.")],
    to: Annotated[Path, typer.Option(help="The bank to make, for example quizzes/03_unrolling.yml.")],
    language: Annotated[str, typer.Option(help="Of the questions.")] = "en",
) -> None:
    """Make a bank of a GIFT file; what GIFT does not have says TODO in it."""
    from course_utils.quiz.exchange import import_gift_file

    _print_exchanged(to, import_gift_file(file, to, language))
    print(f"next: course quiz check {to}")


@quizzes.command("schema")
def quiz_schema() -> None:
    """Write `quizzes/bank.schema.json`, by which editors check a bank while it is written."""
    from course_utils.quiz.bank import bank_schema_text

    file = find_clone().quizzes / "bank.schema.json"
    file.write_text(bank_schema_text(), encoding="utf-8")
    print(file)


@quizzes.command("statistics")
def quiz_statistics(
    folder: Annotated[Path, typer.Argument(help="The class: where its gradebook is.")] = Path("class"),
    csv: Annotated[Path | None, typer.Option(help="Also write the table into this file.")] = None,
) -> None:
    """Per question, after grading: how many answered it, how well, and what they chose."""
    from course_utils.grading.quiz_statistics import print_statistics

    print_statistics(folder, csv)


def _bank_files(names: list[str]) -> list[Path]:
    """The files of banks that are named by their path or by their chapter."""
    files = []
    for name in names:
        if Path(name).is_file():
            files.append(Path(name))
            continue
        if name.endswith(".yml"):
            raise CourseError(f"there is no file {name}: name a bank or a chapter")
        clone = find_clone()
        file = clone.quizzes / f"{clone.find_chapters([name])[0].name}.yml"
        if not file.is_file():
            raise CourseError(f"{file.stem} has no questions yet: `course quiz new {name}` begins its bank")
        files.append(file)
    return files


def _print_exchanged(file: Path, done: Exchanged) -> None:
    for note, whose in done.told.items():
        print(f"{note}: {', '.join(whose)}")
    print(f"{file}: {done.questions} questions")


@app.command()
def strip(
    names: Annotated[
        list[str] | None, typer.Argument(help="Notebooks, or chapters; all chapters by default.")
    ] = None,
) -> None:
    """Remove outputs from notebooks, save those of cells tagged `nbval-check-output`.

    Where notebooks are named, status 1 says that one of them changed: a commit's hook stops there.
    """
    from course_utils.site.hygiene import strip_notebook

    files = _notebook_files(names) if names else [chapter.notebook for chapter in find_clone().chapters]
    changed = [file for file in files if strip_notebook(file)]
    for file in changed:
        print(f"stripped {file}")
    raise typer.Exit(1 if changed and names else 0)


def _notebook_files(names: list[str]) -> list[Path]:
    """The notebooks that are named by their path or by their chapter."""
    files = []
    for name in names:
        if not Path(name).is_file():
            files.append(find_clone().find_chapters([name])[0].notebook)
        elif name.endswith(".ipynb"):
            files.append(Path(name))
        else:
            raise CourseError(f"{name} is not a notebook: name a file that ends in .ipynb, or a chapter")
    return files


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Build what changed, then run every test; further arguments go to pytest."""
    from course_utils.site.pipeline import run_tests

    raise typer.Exit(run_tests(find_clone(), context.args))


@app.command()
def doctor() -> None:
    """Check this machine and say what is missing, and what to do about it."""
    from course_utils.doctor import print_checkup

    raise typer.Exit(print_checkup())


@app.command()
def lock() -> None:
    """Resolve `pyproject.toml` again into `requirements.lock`, with hashes and without addresses."""
    import subprocess

    root = find_clone().root
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--universal",
        "--python-version",
        "3.11",
        "--upgrade",
    ]
    command += [
        "--generate-hashes",
        "--all-extras",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
    ]
    done = subprocess.run(
        [*command, "--quiet", "--output-file", "requirements.lock", "pyproject.toml"], cwd=root
    )
    raise typer.Exit(done.returncode)


@app.command()
def clean() -> None:
    """Delete everything that was built; the environment, your work and a class's grades stay."""
    import shutil

    clone = find_clone()
    shutil.rmtree(clone.build, ignore_errors=True)
    print(f"deleted {clone.build}")


@app.command()
def version() -> None:
    """Print the version of the course."""
    print(__version__)


def main() -> None:
    """Run the command; what the reader can mend is one line on standard error and status 1."""
    try:
        app(prog_name="course")
    except CourseError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.exit(f"error: the disk is full ({error.filename}): make room and give the same command again")
        raise


if __name__ == "__main__":
    main()
