#!/usr/bin/env python3
"""Run a `course` command from a bare clone: `python course.py build`.

Makes the virtual environment `.venv` first, where it is missing or older than the lock, then hands over to the
command `course` inside it. Uses nothing but the standard library, and only syntax that an old Python can read,
so that an old Python gets one clear line instead of a syntax error.
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, "requirements.lock")
STAMP = os.path.join(VENV, "unrolled-environment.txt")
OLDEST, NEWEST = (3, 11), (3, 13)
GIGABYTES_NEEDED = (
    5.0  # measured: the environment 2.3 GB, the builds 0.03 GB; the rest is for pip's downloads
)


def stop(message):
    """Print one line that says what to do, and leave with status 1."""
    sys.stderr.write("error: " + message + "\n")
    sys.exit(1)


def check_python():
    """Refuse a Python for which the pinned packages have no wheels."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(
            "Unrolled needs Python %d.%d to %d.%d and this is %d.%d: name another one, for example "
            "`make course PYTHON=python3.12` or `python3.12 course.py build`"
            % (OLDEST + NEWEST + sys.version_info[:2])
        )


def check_disk():
    """Refuse to start an installation that cannot end."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < GIGABYTES_NEEDED:
        stop(
            "%.1f GB are free in %s and the environment needs %.0f: make room, or clone onto another disk"
            % (free, ROOT, GIGABYTES_NEEDED)
        )


def wanted_environment():
    """Return what the stamp of a finished environment says: this Python, this lock, this list of packages."""
    digest = hashlib.sha256()
    for name in ("requirements.lock", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return "python %d.%d, lock %s\n" % (sys.version_info[:2] + (digest.hexdigest(),))


def installed_environment():
    """Return the stamp of the environment that is there, or an empty string."""
    try:
        with io.open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def program(name):
    """Return the path of a program inside the environment, on any system."""
    folder, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return os.path.join(VENV, folder, name + suffix)


def show_progress(done, total, name, started):
    """Show one line of progress: rewritten in a terminal, every 40th package elsewhere."""
    line = "  [%3d/%d] %-40s %4.0f s" % (done, total, name[:40], time.time() - started)
    if sys.stdout.isatty():
        sys.stdout.write("\r" + line)
    elif done % 40 == 0 or done == total:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def install(arguments, total, started):
    """Run pip in the environment, showing each package as it is fetched; stop with pip's own words if it fails."""
    command = [program("python"), "-m", "pip", "--disable-pip-version-check", "install"] + arguments
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, text=True
    )
    done, said = 0, []
    for line in process.stdout:
        said.append(line)
        found = re.match(r"Collecting (\S+)", line)
        if found and total:
            done += 1
            show_progress(done, total, found.group(1), started)
        elif line.startswith("Installing collected packages") and total:
            show_progress(total, total, "unpacking", started)
    if process.wait() != 0:
        errors = [line for line in said if line.startswith("ERROR")] or said[-5:]
        sys.stdout.write("\n" + "".join(errors))
        stop(
            "the installation failed (pip's words are above): check the network and the disk, "
            "then give the same command again"
        )


def make_environment():
    """Create `.venv` from the lock; an interrupted or outdated one is made anew where needed."""
    started = time.time()
    check_disk()
    print("environment: installing the pinned packages into .venv (a few minutes, once)")
    broken = os.path.isdir(VENV) and (
        not os.path.exists(program("python"))
        or not installed_environment().startswith(wanted_environment()[:11])
    )
    if broken and installed_environment():
        shutil.rmtree(VENV)  # made by another Python
    made = subprocess.run(
        [sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode != 0:
        stop(
            "this Python cannot make virtual environments: install its venv package "
            "(on Debian and Ubuntu: `apt install python3-venv`), then give the same command again"
        )
    with io.open(LOCK, encoding="utf-8") as file:
        total = len(re.findall(r"^[A-Za-z0-9][\w.\-]*==", file.read(), re.MULTILINE))
    install(["--require-hashes", "--no-deps", "-r", LOCK], total, started)
    install(["--no-deps", "--no-build-isolation", "--quiet", "-e", ROOT], 0, started)
    with io.open(STAMP, "w", encoding="utf-8") as file:
        file.write(wanted_environment())
    if sys.stdout.isatty():
        print()
    print("environment: ready in %.0f s" % (time.time() - started))
    return time.time() - started


def list_targets(makefile):
    """Print the targets of the Makefile with their comments."""
    with io.open(makefile, encoding="utf-8") as file:
        for name, text in re.findall(r"^(\w+):\s+## (.*)$", file.read(), re.MULTILINE):
            print("make %-10s %s" % (name, text))


def main():
    """Check the machine, make the environment where needed, and hand over to the command `course`."""
    if len(sys.argv) == 3 and sys.argv[1] == "--targets":
        return list_targets(sys.argv[2])
    check_python()
    environment = dict(os.environ)
    if installed_environment() != wanted_environment() or not os.path.exists(program("python")):
        environment["COURSE_INSTALL_SECONDS"] = "%.0f" % make_environment()
    # nbgrader and Jupyter call their own programs by name
    environment["PATH"] = os.path.dirname(program("python")) + os.pathsep + environment.get("PATH", "")
    command = [program("python"), "-m", "course_utils.cli"] + sys.argv[1:]
    return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: nothing is lost, the same command goes on where this one stopped\n")
        sys.exit(130)
