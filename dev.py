"""Make a working place from a fresh clone and run one of the project's tasks in it, with nothing installed but Python.

    python3 dev.py TASK [options of the task]        on Windows: py dev.py TASK [options of the task]

The place is ``.venv``: the packages of ``requirements.lock``, each checked against its hash, and eswarn itself from
this folder. It is made on the first run, made again when the lock has changed or a set-up was broken off, and
otherwise left alone. uv is used where it is on the PATH, pip where not.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "made-by-dev.txt"  # written last: what the place was made from
LOG = VENV / "set-up.log"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome", "msedge")  # on the PATH
WINDOWS = ("Chromium/Application/chrome.exe", "Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
MACOS = tuple(f"{name}.app/Contents/MacOS/{name}" for name in ("Chromium", "Google Chrome", "Microsoft Edge"))


class Stop(Exception):
    """The task cannot go on; the text says why and what to do."""


def run(*command: str | Path, **environment: str) -> int:
    """Run a command in the project's folder and environment; its exit code."""
    paths = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    return subprocess.run([str(c) for c in command], cwd=ROOT, env={**os.environ, "PATH": paths, **environment}, check=False).returncode


def run_all(*commands: tuple[str | Path, ...]) -> int:
    """Run every command, also after one has failed, so that all complaints are seen at once; the worst exit code."""
    worst = 0
    for command in commands:
        print("·", " ".join(Path(c).name if Path(c).is_absolute() else str(c) for c in command), flush=True)
        worst = max(worst, abs(run(*command)))
    return worst


# --- the place -------------------------------------------------------------------------------------------------------


def digest(*parts: bytes) -> str:
    """SHA-256 over all parts."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_ready() -> None:
    """Make ``.venv`` what the lock and pyproject.toml say; do nothing where it already is."""
    packages = digest(LOCK.read_bytes(), str(VENV).encode())  # the path too: an environment cannot be moved
    project = digest((ROOT / "pyproject.toml").read_bytes())
    done = STAMP.read_text(encoding="utf-8").split() if STAMP.exists() else []
    if done == [packages, project] and PYTHON.exists():
        return
    uv = shutil.which("uv")
    if done[:1] != [packages] or not PYTHON.exists():
        install_packages(uv)
        STAMP.write_text(packages, encoding="utf-8")
    install_eswarn(uv)
    STAMP.write_text(f"{packages} {project}", encoding="utf-8")


def install_packages(uv: str | None) -> None:
    """Make the environment anew and install what the lock lists, and nothing else."""
    empty_out()
    count = sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
    if uv:
        print(f"Making .venv: {count} packages from requirements.lock, with uv (about half a minute).", flush=True)
        step("uv venv", uv, "venv", "--allow-existing", "--python", sys.executable, VENV)
        step("uv pip install", uv, "pip", "install", "--python", PYTHON, "--compile-bytecode", "--require-hashes", "-r", LOCK)
        return
    print(f"Making .venv: {count} packages from requirements.lock, with pip (a few minutes; about 1 GB on disk).", flush=True)
    try:
        import ensurepip  # noqa: F401  # Debian and Ubuntu ship Python without it
        import venv  # noqa: F401
    except ImportError:
        name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        raise Stop(f"This Python lacks the venv module. On Debian or Ubuntu: sudo apt install {name}, then run this again.") from None
    step("venv", sys.executable, "-m", "venv", VENV)
    step("pip install", PYTHON, "-m", "pip", "install", "--require-hashes", "-r", LOCK, count=count)


def empty_out() -> None:
    """Leave an empty ``.venv`` with a stamp that says "unfinished"; refuse to touch one that somebody else made."""
    VENV.mkdir(exist_ok=True)
    held = [path for path in VENV.iterdir() if path != STAMP]
    if held and not STAMP.exists():
        raise Stop(f"{VENV} was not made by dev.py. Move it away or delete it, then run this again.")
    STAMP.write_text("unfinished", encoding="utf-8")  # first and kept throughout, so that a run broken off here can heal
    for path in held:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def install_eswarn(uv: str | None) -> None:
    """Install eswarn itself from this folder, so that edits take effect at once."""
    pip: list[str | Path] = [uv, "pip", "install", "--python", PYTHON] if uv else [PYTHON, "-m", "pip", "install"]
    step("install eswarn", *pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def step(name: str, *command: str | Path, count: int = 0) -> None:
    """Run one step of the set-up, its output into the log; on a screen count the packages as they are collected."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    on_screen, seen = bool(count) and sys.stdout.isatty(), 0
    with LOG.open("a", encoding="utf-8") as log, subprocess.Popen(
        [str(c) for c in command], cwd=ROOT, env=environment, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:  # fmt: skip
        try:
            for line in process.stdout or ():
                log.write(line)
                seen += line.startswith("Collecting ")
                if on_screen:
                    doing = "installing" if line.startswith("Installing ") else f"fetched {min(seen, count)} of {count}"
                    print(f"\r  {doing:<30}", end="", flush=True)
        except BaseException:
            process.kill()  # or it would go on filling a place that the next run is emptying
            raise
    if on_screen:
        print("\r" + " " * 32 + "\r", end="", flush=True)
    if process.returncode:
        tail = "".join(f"  {line}\n" for line in LOG.read_text(encoding="utf-8").splitlines()[-15:])
        raise Stop(f"{name} failed; the end of {LOG}:\n{tail}Run the same command again once this is mended.")


# --- a browser for the tests of pages --------------------------------------------------------------------------------


def find_browser() -> str | None:
    """The program that ESWARN_BROWSER names, else the first Chromium, Chrome or Edge of this machine; None where there is none."""
    named = os.environ.get("ESWARN_BROWSER")
    homes = [Path(os.environ[name]) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA") if name in os.environ]
    apart = [home / place for home in homes for place in WINDOWS] + [Path("/Applications", place) for place in MACOS]
    found = (shutil.which(str(name)) for name in ([named] if named else [*BROWSERS, *apart]))
    return next((path for path in found if path), None)


def want_browser() -> None:
    """Install Debian's Chromium where there is no browser and it may be installed; where not, say so: no test needs one to pass."""
    if find_browser() or os.environ.get("ESWARN_BROWSER"):
        return
    apt, root = shutil.which("apt-get"), hasattr(os, "geteuid") and os.geteuid() == 0
    if apt and root:
        print("Installing Chromium for the tests of pages (apt-get; once). To do without: ESWARN_BROWSER=off", flush=True)
        quiet = ("env", "DEBIAN_FRONTEND=noninteractive", apt, "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30")
        try:
            step("apt-get update", *quiet, "update")
            step("apt-get install", *quiet, "install", "-y", "--no-install-recommends", "chromium")
        except (Stop, OSError):
            print(f"No browser: the tests of pages will be skipped. Chromium could not be installed; {LOG} says why.", flush=True)
        return
    do = "sudo apt install chromium" if apt else "install Chromium, Chrome or Edge"
    print(f"No browser: the tests of pages will be skipped. To have them: {do}, or let ESWARN_BROWSER name one.", flush=True)


# --- the tasks -------------------------------------------------------------------------------------------------------


def demo(*options: str) -> int:
    """Made-up schools, from export files to a report, in ./demo (or the next free name)."""
    if not any(option.split("=")[0] == "--out" for option in options):
        names = ("demo", *(f"demo-{n}" for n in range(2, 1000)))
        name = next(n for n in names if not (ROOT / n).exists())
        if name != "demo":
            print(f"./demo exists and is left alone; this one goes to ./{name}.", flush=True)
        options = (*options, "--out", name)
    return run(BIN / "eswarn", "demo", *options)


def test(*options: str) -> int:
    """The tests, without the long ones; options go to pytest."""
    return run(PYTHON, "-m", "pytest", *options)


def test_long(*options: str) -> int:
    """All tests, with many more random examples."""
    return run(PYTHON, "-m", "pytest", *options, ESWARN_LONG="1")


def lint() -> int:
    """Style, format, types and floors."""
    return run_all(
        (PYTHON, "-m", "ruff", "check", "."),
        (PYTHON, "-m", "ruff", "format", "--check", "."),
        (PYTHON, "-m", "mypy"),
        (BIN / "lint-imports", "--no-cache"),
    )


def docs() -> int:
    """Write the generated pages: tables, schema, features, default choices."""
    return run(PYTHON, "docs/generate.py")


def config() -> int:
    """Write configs/default.toml only."""
    return run(PYTHON, "docs/generate.py", "configs/default.toml")


def model() -> int:
    """Rebuild models/demo from made-up schools, bit for bit."""
    with tempfile.TemporaryDirectory() as folder:
        exports, built = Path(folder) / "exports", Path(folder) / "demo"
        simulate = (BIN / "eswarn", "simulate", "--pupils", "2000", "--years", "3", "--seed", "7", "--out", exports)
        train = (BIN / "eswarn", "train", exports, "--out", built, "--tracking", "off")
        code = run(*simulate) or run(*train)
        if code:
            return code
        shutil.rmtree(ROOT / "models" / "demo", ignore_errors=True)
        shutil.copytree(built, ROOT / "models" / "demo")
    return 0


def figures(*options: str) -> int:
    """Measure what docs/figures.md states (minutes; real data where ESWARN_DATA names its folder)."""
    return run(PYTHON, "benchmarks/figures.py", *options)


def lock() -> int:
    """Resolve requirements.lock anew from pyproject.toml (needs uv)."""
    uv = shutil.which("uv")
    if not uv:
        raise Stop("make lock needs uv on the PATH: it resolves for every system at once.")
    return run(
        uv, "pip", "compile", "pyproject.toml", "--group", "dev", "--universal", "--python-version", "3.11", "--generate-hashes",
        "--no-header", "--quiet", "--output-file", LOCK.name,
    )  # fmt: skip


def setup() -> int:
    """Only make .venv."""
    print(f"{VENV} is ready.")
    return 0


TASKS: dict[str, Callable[..., int]] = {
    "demo": demo, "test": test, "test-long": test_long, "lint": lint, "docs": docs, "config": config,
    "model": model, "figures": figures, "lock": lock, "setup": setup,
}  # fmt: skip
TAKE_OPTIONS = {"demo", "test", "test-long", "figures"}
NEED_BROWSER = {"test", "test-long"}


def main(arguments: list[str]) -> int:
    """Run the task that was named, in a place made ready for it."""
    if sys.version_info < (3, 11):  # noqa: UP036  # whoever has only an older one deserves a sentence
        raise Stop(f"eswarn needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).")
    name, options = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name not in TASKS or (options and name not in TAKE_OPTIONS):
        print("Usage: python3 dev.py TASK (on Windows: py dev.py TASK). The tasks:")
        for task, function in TASKS.items():
            print(f"  {task:<10} {function.__doc__}")
        return 0 if name in ("", "help", "--help", "-h") else 2
    if name != "lock":
        make_ready()
    if name in NEED_BROWSER:
        want_browser()
    return TASKS[name](*options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(str(stop))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Running the same command again goes on from here.")
