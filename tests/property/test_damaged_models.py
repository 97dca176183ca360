"""Damaged and forged model texts: none is parsed that the manifest does not know, and none ends the process, hangs or scores wrongly."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from eswarn.errors import EswarnError, ModelRefused
from eswarn.model import bundle
from eswarn.model.shapley import shapley_values
from eswarn.model.trees import NAN_IS_MISSING, ZERO, ZERO_IS_MISSING, Trees, read_trees
from tests import made_up_school
from tests.conftest import LONG, ROOT

MUTANTS = 10_000 if LONG else 300
ALONE = 10_000 if LONG else 60  # of the same mutants, given to LightGBM without us
BATCH = 500
SECONDS = 5  # any one mutant may take
NUMBERS = [
    "0", "-1", "1", "2", "7", "254", "255", "99999", "2147483647", "2147483648", "-2147483649",
    "9" * 19, "9" * 400, "nan", "-nan", "inf", "-inf",
    "1e400", "-1e400", "1e-400", "1e5", "1e300", "-1.7976931348623157e308", "5e-324", "", " ", "1_0", "0x10", "1e", "--1", "+1", "1.", ".5",
    "true", *(digit.encode().decode("latin-1") for digit in ("\u0661", "\uff11", "\u00b2")),
]  # fmt: skip
INSERTED = [
    "0", " ", "\n", "\r", "\0", "=", "-", ".", "e", "Tree=", "\nTree=1\n", "\nend of trees\n", "\n\n",
    "9" * 300, "1 " * 500, "\xff", "\xc3\xa9",
]  # fmt: skip
LINES = [
    "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value", "leaf_count",
    "internal_count", "is_linear", "shrinkage", "max_feature_idx", "num_class", "num_tree_per_iteration", "tree_sizes", "label_index",
]  # fmt: skip


def mutant(text: str, seed: int) -> bytes:
    """Damage a model text in one or several of many ways; every other one has the lengths of its trees put right, as a forger would."""
    rng = random.Random(seed)
    damaged = text
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        damaged = rng.choice(WAYS)(damaged, rng)
    if damaged == text:
        damaged = _flip(text, rng)
    if rng.random() < 0.5:
        damaged = _sized(damaged)
    return damaged.encode("latin-1")  # a character is a byte here, so that any bytes may come of it


def _sized(text: str) -> str:
    body, end, rest = text.partition("\nend of trees")
    head, *blocks = body.split("\nTree=")
    sizes = " ".join(str(len(f"Tree={block}\n")) for block in blocks)
    return "\nTree=".join([re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head), *blocks]) + end + rest


def _place(text: str, rng: random.Random) -> int:
    """A place in the head or the trees; seldom behind them, where nothing matters."""
    end = text.find("end of trees")
    return rng.randrange(max(end if end > 0 and rng.random() < 0.95 else len(text), 1))


def _flip(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = _place(text, rng)
        text = text[:at] + chr(ord(text[at : at + 1] or "a") ^ rng.randrange(1, 256)) + text[at + 1 :]
    return text


def _digit(text: str, rng: random.Random) -> str:
    """Another digit in the place of one, which makes another sound text more often than not."""
    places = [m.start() for m in re.finditer("[0-9]", text[: text.find("end of trees")])]
    at = rng.choice(places or [0])
    return text[:at] + rng.choice("0123456789") + text[at + 1 :]


def _delete(text: str, rng: random.Random) -> str:
    at = _place(text, rng)
    return text[:at] + text[at + rng.choice([1, 1, 5, 80, 3000]) :]


def _insert(text: str, rng: random.Random) -> str:
    at = _place(text, rng)
    return text[:at] + rng.choice(INSERTED) + text[at:]


def _swap_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    a, b = (min(text.count("\n", 0, _place(text, rng)), len(lines) - 1) for _ in range(2))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def _drop_line(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    del lines[text.count("\n", 0, _place(text, rng))]
    return "\n".join(lines)


def _number(text: str, rng: random.Random) -> str:
    name = rng.choice(LINES)
    lines = list(re.finditer(rf"(?m)^{name}=(.*)$", text))
    if not lines:
        return text
    line = rng.choice(lines)
    words = line[1].split(" ")
    words[rng.randrange(len(words))] = rng.choice([*NUMBERS, rng.choice(words), str(rng.randrange(-9, 90)), repr(rng.gauss(0, 1))])
    return text[: line.start(1)] + " ".join(words) + text[line.end(1) :]


def _truncate(text: str, rng: random.Random) -> str:
    return text[: _place(text, rng)] + rng.choice(["", "", "\n", "\nend of trees\n"])


def _blocks(text: str, rng: random.Random) -> str:
    """A tree twice, left out, or in the place of another."""
    head, *blocks = text.split("\nTree=")
    if not blocks:
        return text
    a, b = rng.randrange(len(blocks)), rng.randrange(len(blocks))
    how = rng.randrange(4)
    if how == 0:
        blocks.insert(b, blocks[a])
    elif how == 1:
        del blocks[a]
    elif how == 2:
        blocks[a], blocks[b] = blocks[b], blocks[a]
    else:  # numbered again: sound, and another model
        blocks = [f"{i}\n{block.partition(chr(10))[2]}" for i, block in enumerate([*blocks[:a], *blocks[a + 1 :]])]
    return "\nTree=".join([head, *blocks])


WAYS = [_flip, _digit, _delete, _insert, _swap_lines, _drop_line, _number, _number, _number, _truncate, _blocks]


def plain(trees: Trees, row: list[float]) -> float:
    """The raw score of a row by following each tree from its root, from LightGBM's documented rules alone."""
    score = 0.0
    for tree in range(len(trees)):
        at = int(trees.node_start[tree])
        if at == trees.node_start[tree + 1]:
            at = ~int(trees.leaf_start[tree])
        while at >= 0:
            value, way = row[trees.feature[at]], trees.missing[at]
            if abs(value) <= ZERO or (value != value and way != NAN_IS_MISSING):
                value = 0.0
            missing = value != value or (way == ZERO_IS_MISSING and value == 0)
            left = trees.default_left[at] if missing else value <= trees.threshold[at]
            at = int(trees.left[at] if left else trees.right[at])
        score += float(trees.value[~at])
    return score


def table(trees: Trees) -> np.ndarray:
    """Rows that go different ways: ordinary, missing, 0, next to 0, far out, and on the thresholds."""
    rng = np.random.default_rng(5)
    out = rng.normal(size=(12, trees.features)) * np.array([1, 1, 1, 0.1, 5, 30, 100, 1e300, 1e-36, 0, 1, 1])[:, None]
    out[rng.random(out.shape) < 0.15] = np.nan
    out[10] = np.nan
    for feature in range(trees.features):
        cuts = trees.threshold[trees.feature == feature]
        out[11, feature] = cuts[0] if len(cuts) and np.isfinite(cuts[0]) else 0.0
    return out


def judge(folder: str, first: int, last: int) -> None:
    """In a child process: load each forged model, and print what came of it, line by line."""
    place = Path(folder)
    text = (place / "whole.txt").read_text(encoding="utf-8")
    rows = table(read_trees(text))
    for seed in range(first, last):
        _say(f"{seed} ")
        forged(place / "model", mutant(text, seed))
        begin = time.process_time()  # a process that waits for ever is ended with its batch
        try:
            verdict = _fares(place / "model", rows)
        except Exception as error:
            verdict = f"untyped-{type(error).__name__}"
        _say(f"{verdict} {time.process_time() - begin:.3f}\n")


def _say(words: str) -> None:
    """To the parent, at once: the process may end with the next mutant."""
    sys.stdout.write(words)
    sys.stdout.flush()


def _fares(folder: Path, rows: np.ndarray) -> str:
    try:
        model = bundle.load_model(folder)
        raw = model.booster.predict(rows, raw_score=True)
    except ModelRefused as error:
        return "refused" if error.what and error.where.startswith(str(folder)) else "refused-without-a-place"
    if raw.tobytes() != np.array([plain(model.trees, row) for row in rows.tolist()]).tobytes():
        return "wrong"
    for explain in (lambda: model.explain(rows), lambda: shapley_values(model.booster_text, rows, method="path")):
        try:
            if not np.abs(explain().raw - raw).max() <= 1e-9:
                return "wrong"
        except EswarnError:
            return "scored-as-it-says-and-not-explained"
    return "scored-as-it-says"


def forged(folder: Path, booster: bytes) -> None:
    """Put other trees into a model folder, and their hash into its manifest."""
    (folder / "booster.txt").write_bytes(booster)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"]["booster.txt"] = hashlib.sha256(booster).hexdigest()
    (folder / "manifest.json").write_bytes(bundle._json(manifest))


def alone(folder: str, first: int, last: int) -> None:
    """In a child process: give each mutant to LightGBM itself, in a process of its own, and print what became of that."""
    import lightgbm

    place = Path(folder)
    text = (place / "whole.txt").read_text(encoding="utf-8")
    rows = table(read_trees(text))
    sound = lightgbm.Booster(model_str=text).predict(rows, raw_score=True, num_threads=1)
    for seed in range(first, last):
        (place / "mutant.txt").write_bytes(mutant(text, seed))
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            try:
                told = lightgbm.Booster(model_file=place / "mutant.txt").predict(rows, raw_score=True, num_threads=1)
                os._exit(0 if told.tobytes() == sound.tobytes() else 7)
            except Exception:
                os._exit(8)
        _say(f"{seed} {_ended(child)}\n")


def _ended(child: int) -> str:
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "died" if os.WIFSIGNALED(status) else {0: "the-same", 7: "other-scores", 8: "raised"}.get(os.WEXITSTATUS(status), "died")
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "hung"


def in_batches(what: str, folder: Path, last: int) -> tuple[Counter[str], float]:
    """What became of all mutants, each batch in a child process; a child that dies or hangs is counted, and the rest go on in another."""
    fared: Counter[str] = Counter()
    first, slowest = 0, 0.0
    while first < last:
        call = f"from tests.property import test_damaged_models as t; t.{what}({str(folder)!r}, {first}, {min(first + BATCH, last)})"
        log = folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT, stdout=out, stderr=subprocess.PIPE)
            try:
                _, said = process.communicate(timeout=60 + BATCH * SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                said = process.communicate()[1]
        lines = [line.split(" ") for line in log.read_text().splitlines()]
        done = [line for line in lines if len(line) > 1 and line[1]]
        fared.update(line[1] for line in done)
        slowest = max([slowest, *(float(line[2]) for line in done if len(line) > 2)])
        assert process.returncode == 0 or lines, said.decode()[-2000:]
        if process.returncode:
            fared[f"ended the process: seed {lines[-1][0]}, {process.returncode}"] += 1
            first = int(lines[-1][0]) + 1
        else:
            first += BATCH
    return fared, slowest


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    made_up_school.model().save(folder / "model")
    (folder / "whole.txt").write_text(made_up_school.model().booster_text, encoding="utf-8", newline="\n")
    return folder


def test_with_the_manifest_as_it_was_every_damaged_text_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = made_up_school.model()
    folder = model.save(tmp_path / "model")
    read: list[str] = []
    monkeypatch.setattr(bundle, "read_trees", lambda text: read.append(text) or read_trees(text))
    whole = (folder / "booster.txt").read_bytes()
    damaged = 0
    for seed in range(MUTANTS):
        content = mutant(model.booster_text, seed)
        if content != whole:
            (folder / "booster.txt").write_bytes(content)
            with pytest.raises(ModelRefused, match="its bytes are not those the manifest names") as told:
                bundle.load_model(folder)
            assert told.value.where == str(folder / "booster.txt")
            damaged += 1
    assert read == []
    assert damaged >= 0.97 * MUTANTS, "two changes may undo each other; hardly ever"
    (folder / "booster.txt").write_bytes(whole)
    bundle.load_model(folder)
    assert len(read) == 1, "the control: a whole model is read"


def test_with_a_forged_manifest_none_ends_the_process_or_hangs_or_scores_wrongly(place: Path):
    fared, slowest = in_batches("judge", place, MUTANTS)
    assert set(fared) <= {"refused", "scored-as-it-says", "scored-as-it-says-and-not-explained"}, fared
    assert fared.total() == MUTANTS
    assert fared["refused"] > 0.5 * MUTANTS, fared
    assert fared["scored-as-it-says"] + fared["scored-as-it-says-and-not-explained"] > 0.02 * MUTANTS, "else nothing was compared"
    assert slowest < SECONDS


def test_the_same_texts_end_the_process_where_lightgbm_reads_them_itself(place: Path):
    """The control: the damage is of the kind that kills."""
    fared, _ = in_batches("alone", place, ALONE)
    assert fared.total() == ALONE
    assert fared["died"] + fared["hung"] > 0.1 * ALONE, fared


def test_a_whole_text_scores_as_it_says(place: Path, tmp_path: Path):
    """The control of the comparison: it passes a sound model, and it sees a wrong score."""
    folder = made_up_school.model().save(tmp_path / "model")
    trees = read_trees(made_up_school.model().booster_text)
    rows = table(trees)
    assert _fares(folder, rows) == "scored-as-it-says"
    assert len({plain(trees, row) for row in rows.tolist()}) > 6
    forged(folder, (folder / "booster.txt").read_bytes().replace(b"\nleaf_value=", b"\nleaf_value=9", 1))
    assert _fares(folder, rows) in ("refused", "scored-as-it-says-and-not-explained")
