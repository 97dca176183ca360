"""A past run in a tracking store: every edit of its figures or files is found, and an unharmed one passes."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import eswarn as ew
from eswarn import cli
from eswarn.errors import InputRefused, UsageError
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES, head_of, read_record
from eswarn.evidence.verify import verify
from eswarn.tracking import copies, facts
from eswarn.tracking.copies import differences
from tests import made_up_school


class Tracked:
    """A scoring run, tracked; ``files`` is the folder in the store."""

    def __init__(self, place: Path) -> None:
        self.out, self.database = place / "out", place / "runs" / "mlflow.db"
        self.uri = f"sqlite:///{self.database}"
        ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=self.out, tracking=self.uri)
        self.head = verify(self.out).head
        record = read_record(self.out)
        self.run_id, self.output_id = str(record.run["tracked"]["run_id"]), record.output_id
        self.facts = facts.of_scores(record.about, record.run, record.output_id)
        ((_, self.files, self.finished),) = copies(record.output_id, head_of(self.out), uri=self.uri)

    def wrong(self) -> list[tuple[str, int, str]]:
        return ew.verify(f"runs:/{self.run_id}", head=self.head, tracking=self.uri).findings

    @contextmanager
    def edited(self, sql: str, *values: object) -> Iterator[None]:
        whole = self.database.read_bytes()
        try:
            with closing(sqlite3.connect(self.database)) as database, database:
                assert database.execute(sql, values).rowcount > 0
            yield
        finally:
            self.database.write_bytes(whole)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    return Tracked(tmp_path_factory.mktemp("keeping"))


def test_a_run_that_nobody_touched_passes(tracked: Tracked):
    assert tracked.wrong() == []
    assert tracked.finished
    assert ew.verify(tracked.out, head=tracked.head).passed


def test_an_audit_that_is_kept_with_the_run_is_no_tamper(tracked: Tracked):
    (tracked.files / "audit").mkdir()
    (tracked.files / "audit" / "audit.json").write_text("{}", encoding="utf-8")
    assert tracked.wrong() == []
    (tracked.files / "audit" / "audit.json").unlink()
    (tracked.files / "audit").rmdir()


def test_an_edited_metric_parameter_or_tag_in_the_database_is_found(tracked: Tracked):
    for sql, what in (
        ("UPDATE latest_metrics SET value = value + 1 WHERE key = 'scores.scored'", "metric scores.scored"),
        ("DELETE FROM latest_metrics WHERE key = 'scores.schools'", "metric scores.schools"),
        ("UPDATE params SET value = '0.5' WHERE key = 'score.places'", "parameter score.places"),
        ("UPDATE tags SET value = 'abc' WHERE key = 'model_id'", "tag model_id"),
    ):
        with tracked.edited(sql):
            assert ("tracking store", 0, f"{what} is not what the record says") in tracked.wrong(), sql
    assert tracked.wrong() == []


def test_an_edited_artifact_is_found(tracked: Tracked):
    theirs = [name for name in PUPIL_FILES if name != "changes.parquet"]  # without an earlier run nothing is compared
    for name in (*theirs, *EVIDENCE_FILES, "head.json", "manifest.json", "model/booster.txt"):
        whole = (tracked.files / name).read_bytes()
        (tracked.files / name).write_bytes(whole[:-9] + b"x" + whole[-8:])
        assert [file for file, _, _ in tracked.wrong() if file == name], name
        (tracked.files / name).write_bytes(whole)
    assert tracked.wrong() == []


@pytest.mark.parametrize("tries", [200, pytest.param(3_000, marks=pytest.mark.long)])
def test_every_edit_of_a_figure_is_told_by_its_name(tracked: Tracked, tries: int):
    rng = random.Random(7)
    kinds = {"params": "parameter", "metrics": "metric", "tags": "tag"}
    whole = {name: dict(tracked.facts[name]) for name in kinds}
    whole["params"] = {key: str(value) for key, value in whole["params"].items()}
    more = {"tags": {"mlflow.runName": "x", "kind": "scoring", "pupil_files": "yes"}}
    stored = {name: {**values, **more.get(name, {})} for name, values in whole.items()}
    assert differences(stored, tracked.facts) == [], "the control"
    for _ in range(tries):
        kind = rng.choice(list(kinds))
        key = rng.choice(sorted(whole[kind]))
        changed = {name: dict(values) for name, values in stored.items()}
        if rng.random() < 0.2:
            del changed[kind][key]
        elif rng.random() < 0.2 and kind != "tags":
            key = f"{key}.more"
            changed[kind][key] = changed[kind][key.removesuffix(".more")]
        else:
            old = changed[kind][key]
            changed[kind][key] = old + rng.choice([-1, 1e-6, 1]) if isinstance(old, float) else f"{old}0"
        assert differences(changed, tracked.facts) == [f"{kinds[kind]} {key}"]


def test_what_an_upload_that_failed_has_left_is_removed(tmp_path: Path):
    run = Tracked(tmp_path)
    with closing(sqlite3.connect(run.database)) as database, database:
        database.execute("UPDATE runs SET status = 'FAILED' WHERE run_uuid = ?", (run.run_id,))
    pupil = verify(run.out) and read_record(run.out).table("scores")["pupil_id"][0]
    ew.erase(run.out, [pupil])
    assert sorted(p.name for p in run.files.iterdir()) == ["head.json", "manifest.json", "model", "run.json"]


def test_a_head_that_is_none_and_a_store_that_is_gone_are_told(tracked: Tracked, tmp_path: Path):
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        ew.verify(tracked.out, head="abc")
    with pytest.raises(InputRefused, match="no tracking store"):
        ew.erase(tracked.out, ["P"], tracking=f"sqlite:///{tmp_path / 'nowhere.db'}")


def test_the_commands_sign_print_the_head_and_verify_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "public.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    exports, model, out = str(made_up_school.few_exports()), str(made_up_school.model_folder()), str(tmp_path / "out")
    score = ["score", exports, "--model", model, "--as-of", str(made_up_school.FEW_AS_OF), "--out", out, "--tracking", "off"]
    assert cli.main([*score, "--previous", "abc"]) == 2
    assert cli.main([*score, "--sign", str(tmp_path / "public.pem")]) == 3
    assert not Path(out).exists()
    assert cli.main([*score, "--sign", str(tmp_path / "key.pem"), "--previous", "ab" * 32]) == 0
    head = verify(out).head
    assert f"Head of the evidence (signed), to be kept elsewhere: {head}" in capsys.readouterr().out
    assert cli.main(["verify", out, "--head", head, "--previous", "ab" * 32, "--key", str(tmp_path / "public.pem")]) == 0
    assert "The record is as it was written." in capsys.readouterr().out
    assert cli.main(["verify", out, "--head", "cd" * 32]) == 5
    assert "1 thing found wrong" in capsys.readouterr().err
    assert cli.main(["verify", str(tmp_path)]) == 3
    assert "there is no evidence of a scoring run" in capsys.readouterr().err, "a mistyped folder is no tampering"
    assert cli.main(["verify", out, "--key", str(tmp_path / "nowhere.pem")]) == 2
    assert "there is no such key file" in capsys.readouterr().err, "nor is a mistyped key"


def left_in(place: Path, pupil: str) -> list[str]:
    """Files under a place that still name a pupil, compressed tables read."""
    found = []
    for path in sorted(place.rglob("*")):
        if path.is_file():
            table = pq.read_table(path).to_pandas().to_csv().encode() if path.suffix == ".parquet" else b""
            found += [path.name] if pupil.encode() in path.read_bytes() + table else []
    return found


def test_an_erasure_that_did_not_reach_the_store_is_made_good_by_the_next(tmp_path: Path):
    own = Tracked(tmp_path)
    first, second, third = pq.read_table(own.out / "scores.parquet")["pupil_id"].to_pylist()[:3]
    ew.erase(own.out, [first], tracking="off")
    assert left_in(own.files, first), "the control"
    told = ew.erase(own.out, [second])
    assert (left_in(own.files, first), left_in(own.files, second), left_in(own.out, second)) == ([], [], [])
    assert told.places == ("the folder", f"run {own.run_id} of the tracking store")
    ew.erase(own.out, [third], tracking="off")
    again = ew.erase(own.out, [third])
    assert (again.unknown, left_in(own.files, third), left_in(own.database.parent, third)) == (0, [], [])
    assert verify(own.out, head=own.head).passed
    assert verify(own.files, head=own.head).passed
    with pytest.raises(UsageError, match="starts from the folder"):
        ew.erase(f"runs:/{own.run_id}", [third])
