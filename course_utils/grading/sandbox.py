"""A kernel for code we did not write: no network, no gradebook, no solutions, bounded memory, time and file sizes.

The kernel runs under bubblewrap in namespaces of its own and talks to the grader through Unix sockets in a private
folder. It sees the system's libraries, this Python environment, `course_utils`, the bundled and the real data (all
read-only), and the one folder of the submission.

Run as a module, this is the launcher that the kernel specification names: it replaces itself by bubblewrap.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course_utils.data.download import cache_folder

KERNEL_NAME = "course-sandbox"
MEMORY_BYTES = 16_000_000_000
"""Address space; TensorFlow reserves far more than it uses."""
CPU_SECONDS = 900
FILE_BYTES = 50_000_000
NOBODY = 65534


@dataclass(frozen=True)
class SandboxedKernel:
    """What an nbgrader call needs to run its kernel in the sandbox."""

    arguments: list[str]
    environment: dict[str, str]


def sandbox_problem() -> str | None:
    """Why student code cannot be kept apart on this machine, or None where it can."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap needs Linux"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (on Debian and Ubuntu: `apt install bubblewrap`)"
    probe = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    done = subprocess.run(probe, capture_output=True, text=True)
    if done.returncode != 0:
        return f"bubblewrap cannot make namespaces here ({done.stderr.strip()[:120]})"
    return None


@contextmanager
def sandboxed_kernel() -> Iterator[SandboxedKernel]:
    """Provide the kernel specification and a private folder for its sockets while an nbgrader call runs."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        spec = Path(folder) / "jupyter" / "kernels" / KERNEL_NAME
        sockets = Path(folder) / "s"
        spec.mkdir(parents=True)
        sockets.mkdir()
        kernel = {
            "argv": [sys.executable, "-m", "course_utils.grading.sandbox", "{connection_file}"],
            "display_name": "Sandboxed Python",
            "language": "python",
            # A signal would stop bubblewrap, not the cell.
            "interrupt_mode": "message",
        }
        (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
        path = os.pathsep.join(filter(None, [str(Path(folder) / "jupyter"), os.environ.get("JUPYTER_PATH")]))
        yield SandboxedKernel(
            arguments=[
                f"--Execute.kernel_name={KERNEL_NAME}",
                # A network namespace of its own leaves only Unix sockets; their paths must be absolute and short.
                "--KernelManager.transport=ipc",
                f"--KernelManager.ip={sockets / 'k'}",
                f"--KernelManager.connection_file={sockets / 'k.json'}",
            ],
            environment={"JUPYTER_PATH": path},
        )


def bubblewrap_command(connection_file: Path, workspace: Path, kernel_command: list[str]) -> list[str]:
    """The bubblewrap call around a kernel.

    Args:
        connection_file: the kernel's connection file; its folder holds the sockets.
        workspace: folder of the submission, the only one that can be written.
        kernel_command: what to run inside.
    """
    package = Path(__file__).resolve().parents[1]
    read_only = {Path(sys.prefix), Path(sys.base_prefix).resolve(), package}
    if (package.parent / "pyproject.toml").exists():  # a clone: the package and its data, never the notebooks
        read_only.add(package.parent / "data")
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox"]
    command += ["--cap-drop", "ALL", "--uid", str(NOBODY), "--gid", str(NOBODY), "--clearenv"]
    command += ["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"]
    command += ["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"]
    command += [
        "--ro-bind-try",
        "/etc/ld.so.cache",
        "/etc/ld.so.cache",
        "--ro-bind-try",
        "/etc/fonts",
        "/etc/fonts",
    ]
    command += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/home/student"]
    settings = {
        "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin",
        "HOME": "/home/student",
        "LANG": "C.UTF-8",
        "NBGRADER_EXECUTION": "autograde",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "KERAS_HOME": "/tmp/keras",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_OFFLINE": "1",
        "COURSE_CACHE": "/tmp/unrolled",
    }
    named = os.environ.get("COURSE_DATA")
    for name, folder in (("COURSE_DATA", Path(named) if named else None), ("COURSE_CACHE", cache_folder())):
        if folder is not None and folder.is_dir():
            read_only.add(folder.resolve())
            settings[name] = str(folder.resolve())
    for path in sorted(read_only):
        command += ["--ro-bind", str(path), str(path)]
    command += ["--bind", str(connection_file.parent), str(connection_file.parent)]
    command += ["--ro-bind", str(connection_file), str(connection_file)]
    command += ["--bind", str(workspace), str(workspace), "--chdir", str(workspace)]
    for name, value in settings.items():
        command += ["--setenv", name, value]
    return [*command, *kernel_command]


def _launch(connection_file: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    inner = [sys.executable, "-m", "ipykernel_launcher", "-f", str(connection_file)]
    inner.append("--HistoryManager.hist_file=:memory:")
    command = bubblewrap_command(connection_file, Path.cwd(), inner)
    os.execvp(command[0], command)


if __name__ == "__main__":
    _launch(Path(sys.argv[1]))
