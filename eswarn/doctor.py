"""Says whether this machine has what eswarn needs, and what to do where not; it loads nothing heavy and calls nobody.

What only a heavy library can answer is asked in a process of its own, which does what every command would do.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn.errors import InputRefused
from eswarn.parallel import threads
from eswarn.screen import Screen

if TYPE_CHECKING:
    from packaging.requirements import Requirement

INSTALL = 'python -m pip install "{}"'
ANEW = "Install eswarn anew; in a clone of it:  make setup"
OPENMP = "Debian and Ubuntu  sudo apt install libgomp1,  Fedora  sudo dnf install libgomp,  macOS  brew install libomp"
LOOP = """
import json, numba, numpy
from eswarn.features.bits import last_bit
out = numpy.empty(1, numpy.int64)
last_bit(numpy.ones((1, 1), numpy.uint64), out)
print(json.dumps({"right": int(out[0]) == 0, "numba": numba.__version__, "folder": numba.config.CACHE_DIR}))
"""
TELEMETRY = "from eswarn.tracking import telemetry; telemetry.tell()"
SWITCHES = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")
BY_ITSELF = (  # how these begin is how MLflow knows tests and CI, where its telemetry stays off whatever eswarn does
    "PYTEST", "CI", "GITHUB", "GITLAB", "JENKINS", "TRAVIS", "TF_BUILD", "BITBUCKET", "CODEBUILD", "BUILDKITE", "TEAMCITY", "CLOUD_RUN",
    "RUNBOT",
)  # fmt: skip
PATIENCE = 120  # seconds for an answer; a first run on a slow disk takes some


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what is so, and what to do where something needed is not in order."""

    about: str
    said: str
    do: str = ""

    def __str__(self) -> str:
        line = f"{'!' if self.do else ' '} {self.about:<20} {self.said}"
        return f"{line}\n{'':<23}{self.do}" if self.do else line


def command(args: argparse.Namespace, screen: Screen) -> None:  # noqa: ARG001
    """Say what was found, line by line, and end with what is missing.

    Raises
    ------
    InputRefused
        Something that is needed is missing or not in order.
    """
    wrong: list[str] = []
    for finding in examine():
        screen.say(str(finding))
        wrong += [finding.about] if finding.do else []
    if wrong:
        told = f"not in order: {', '.join(wrong)}"
        raise InputRefused(told, where="this machine", do="Do what is said under each line with a !, then run this again.")
    screen.say("all is well")


def examine() -> Iterator[Finding]:
    """Look at everything, one thing after another; what cannot be looked at is a finding, too."""
    loop, telemetry = _Question(LOOP), _Question(TELEMETRY, without=(*SWITCHES, *BY_ITSELF))
    looks: dict[str, Callable[[], list[Finding]]] = {
        "machine": machine, "packages": packages, "LightGBM's library": openmp, "compiled loops": lambda: compiled_loops(loop),
        "telemetry": lambda: telemetry_of(telemetry), "tracking": tracking,
    }  # fmt: skip
    try:
        for about, look in looks.items():
            try:
                yield from look()
            except Exception as error:  # a broken machine is what this is for
                yield Finding(about, f"could not be looked at ({_without_secrets(error)})", ANEW)
    finally:
        loop.end()
        telemetry.end()


# --- what is looked at -----------------------------------------------------------------------------------------------


def machine() -> list[Finding]:
    """eswarn, Python, the system, processors and memory."""
    import eswarn

    memory = _memory()
    own = f"eswarn {eswarn.__version__} in {_shown(Path(eswarn.__file__).parent)}"
    return [
        Finding("eswarn", own),
        Finding("Python", f"{platform.python_version()} ({platform.python_implementation()}) in {_shown(Path(sys.prefix))}"),
        Finding("system", f"{platform.platform(terse=True)}, {platform.machine()}"),
        Finding("processors", f"{threads()} used of {os.cpu_count()}"),
        Finding("memory", f"{memory / 2**30:.1f} GB" if memory else "cannot be told on this system"),
    ]


def packages() -> list[Finding]:
    """Every package that eswarn needs, by the ranges it was installed with, and what the extras would bring."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in importlib.metadata.requires("eswarn") or ()]
        extras = importlib.metadata.metadata("eswarn").get_all("Provides-Extra") or []
    except importlib.metadata.PackageNotFoundError:
        return [Finding("packages", "eswarn itself is not installed, so nobody knows what it needs", ANEW)]
    found = [_package(need) for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]
    for extra in extras:
        found += [_package(need, extra) for need in wanted if need.marker and _only_with(need, extra)]
    return found


def openmp() -> list[Finding]:
    """Whether LightGBM's library can be loaded, which needs one of the system's own."""
    spec = importlib.util.find_spec("lightgbm")
    if spec is None or spec.origin is None:
        return []  # told among the packages
    library = next((p for p in Path(spec.origin).parent.rglob("lib_lightgbm.*") if p.suffix in (".so", ".dylib", ".dll")), None)
    try:
        ctypes.CDLL(str(library or "libgomp.so.1"))
    except OSError as error:
        missing = next((name for name in ("libgomp", "libomp") if name in str(error)), "")
        said = f"cannot be loaded: the system library {missing} is missing" if missing else f"cannot be loaded ({error})"
        return [Finding("LightGBM's library", said, OPENMP if missing else 'python -m pip install --force-reinstall "lightgbm"')]
    return [Finding("LightGBM's library", "can be loaded, and so can the system's OpenMP")]


def compiled_loops(question: _Question) -> list[Finding]:
    """Whether a compiled loop gives the right answer, and where the machine code is kept."""
    told = question.answer()
    if not told["right"]:
        return [Finding("compiled loops", f"give a wrong answer with numba {told['numba']}", ANEW)]
    if os.environ.get("ESWARN_COMPILED") == "off":
        where = "not kept (ESWARN_COMPILED=off): each run compiles anew, which takes seconds"
    elif told["folder"]:
        kept = [path for path in Path(told["folder"]).rglob("*.nb?") if path.is_file()]
        where = f"kept in {_shown(Path(told['folder']))} ({len(kept)} files, {sum(p.stat().st_size for p in kept) / 1e6:.1f} MB)"
    else:
        where = "not kept, as the folder for it is not only yours to write: let ESWARN_COMPILED name one; until then each run takes longer"
    return [Finding("compiled loops", f"work; {where}")]


def telemetry_of(question: _Question) -> list[Finding]:
    """Whether MLflow's telemetry is off once eswarn has opened it, with none of the variables set that would do so anyway."""
    told = question.answer()
    own = [name for name in SWITCHES if os.environ.get(name)]
    if not told["off"]:
        do = f"Set {' and '.join(f'{name}=true' for name in SWITCHES)} before you run eswarn, and report this: it should have done so."
        return [Finding("MLflow's telemetry", "is ON", do)]
    here = f"set in this environment too: {', '.join(own)}" if own else "a notebook that loads MLflow before eswarn has to set them itself"
    return [Finding("MLflow's telemetry", f"off: eswarn sets {' and '.join(told['by'])}, and MLflow was asked ({here})")]


def tracking() -> list[Finding]:
    """Where runs go unless a configuration or ``--tracking`` says otherwise."""
    from eswarn.config import load_config

    uri = load_config().tracking.uri
    place = Path(uri.removeprefix("sqlite:///")).absolute()
    there = "is there" if place.exists() else "made by the first run"
    return [Finding("runs are tracked", f"in {_shown(place)} ({there}), unless --tracking or [tracking] names another store")]


# --- how -------------------------------------------------------------------------------------------------------------


class _Question:
    """A question that another process answers, in JSON, while other things are looked at."""

    def __init__(self, code: str, *, without: tuple[str, ...] = ()) -> None:
        environment = {name: value for name, value in os.environ.items() if not (without and name.startswith(without))}
        self._process = subprocess.Popen(  # noqa: S603  # our own code, our own Python
            [sys.executable, "-P", "-c", code], env=environment, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def answer(self) -> dict[str, Any]:
        """Wait for the answer; RuntimeError with the kind of failure where there is none."""
        out, err = self._process.communicate(timeout=PATIENCE)
        if self._process.returncode:
            last = (err.strip().splitlines() or [f"it ended with {self._process.returncode}"])[-1]
            raise RuntimeError(last if last.startswith(("ImportError", "ModuleNotFoundError", "it ended")) else last.split(":")[0])
        told: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        return told

    def end(self) -> None:
        """Stop a process that nobody waits for any more."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def _package(need: Requirement, extra: str = "") -> Finding:
    wanted = f"{need.name}{need.specifier}"
    try:
        version = importlib.metadata.version(need.name) or ""  # of a package half removed there is none
    except importlib.metadata.PackageNotFoundError:
        version = ""
    if not version:
        if extra:
            return Finding(need.name, f"not installed; only the extra [{extra}] needs it:  {INSTALL.format(wanted)}")
        return Finding(need.name, f"missing; needed: {need.specifier}", INSTALL.format(wanted))
    if not need.specifier.contains(version, prereleases=True):
        return Finding(need.name, f"{version}, which is outside {need.specifier}", INSTALL.format(wanted))
    return Finding(need.name, f"{version} (extra [{extra}])" if extra else version)


def _only_with(need: Requirement, extra: str) -> bool:
    marker = need.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _memory() -> int:
    """Bytes this process may have; 0 where the system does not tell."""
    try:
        told = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    try:
        most = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()  # of a container
    except (OSError, ValueError):
        return told
    return min(told, int(most)) if most.isdecimal() else told


def _shown(path: Path) -> str:
    """A path as people write it: the home folder holds a name, and what is said here may be passed on."""
    home = Path(os.path.expanduser("~"))  # "~" itself where there is none
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def _without_secrets(error: Exception) -> str:
    """What may be said of a failure: the name of what is missing, never a text that might repeat an address."""
    return str(error) if isinstance(error, ImportError | RuntimeError) else type(error).__name__
