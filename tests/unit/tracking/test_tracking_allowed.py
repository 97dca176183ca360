"""What may be written into a tracking store, and what may not."""

import pytest

from eswarn.errors import NotTracked
from eswarn.tracking.allowed import allowed, allowed_name


def test_aggregates_dates_hashes_and_lists_of_names_pass() -> None:
    facts = allowed(
        {
            "model.trees": 200,
            "model.learning_rate": 0.05,
            "cohort.leaving": "neet,work",
            "cohort.as_of": "2026-02-14",
            "features.few": True,
        },
        {"calibration.auc": 0.6, "scores.pupils": 7},
        {"output_id": "ab12", "eswarn_version": "0.1.0+local"},
        needed=("output_id",),
    )
    assert facts.params["model.trees"] == "200"
    assert facts.params["cohort.leaving"] == "neet,work"
    assert facts.metrics == {"calibration.auc": 0.6, "scores.pupils": 7.0}
    assert facts.tags == {"output_id": "ab12", "eswarn_version": "0.1.0+local"}


def test_a_metric_that_is_not_defined_is_left_out() -> None:
    assert allowed({}, {"calibration.auc": float("nan"), "calibration.ece": 0.1}, {}, needed=()).metrics == {"calibration.ece": 0.1}


@pytest.mark.parametrize(
    "key",
    [
        "P000123",
        "pupil.P000123",
        "model",
        "model.",
        "model.Depth",
        "pupil.risk",
        "model.a b",
        "data.pupils",
        "test.auc",
        "model." + "a" * 100,
    ],
)
def test_parameter_and_metric_keys_off_the_list_are_refused(key: str) -> None:
    for params, metrics in (({key: 1}, {}), ({}, {key: 1.0})):
        with pytest.raises(NotTracked, match="not on the list") as refused:
            allowed(params, metrics, {}, needed=())
        assert key not in str(refused.value).split("\n")[0]


@pytest.mark.parametrize("key", ["mlflow.user", "mlflow.note.content", "comment", "school", "kind", "pupil_files", "config_hash"])
def test_tags_off_the_list_are_refused_and_so_are_those_that_eswarn_sets_itself(key: str) -> None:
    with pytest.raises(NotTracked, match="not on the list"):
        allowed({}, {}, {key: "x"}, needed=())


@pytest.mark.parametrize(
    "value",
    [
        "was rude in class",
        "/home/jo/exports",
        "file:///home/jo",
        "C:\\exports",
        "~/exports",
        "jo@school.uk",
        "",
        "x" * 501,
        "a\nb",
        "Zoë",
        "it's",
    ],
)
def test_values_that_read_like_text_paths_or_addresses_are_refused_and_not_repeated(value: str) -> None:
    for params, tags in (({"model.source": value}, {}), ({}, {"data_hash": value})):
        with pytest.raises(NotTracked, match="reads like text or a path") as refused:
            allowed(params, {}, tags, needed=())
        assert not value or value not in str(refused.value)


def test_infinite_metrics_and_missing_tags_are_refused() -> None:
    with pytest.raises(NotTracked, match="finite"):
        allowed({}, {"calibration.auc": float("inf")}, {}, needed=())
    with pytest.raises(NotTracked, match='"output_id" is missing'):
        allowed({}, {}, {}, needed=("output_id",))


@pytest.mark.parametrize("name", ["", "../x", "/Shared/x", "a/b", "models:x", "x" * 101, "it's"])
def test_names_that_a_store_could_misread_are_refused(name: str) -> None:
    assert allowed_name("Autumn cohort 2026", "experiment") == "Autumn cohort 2026"
    with pytest.raises(NotTracked, match="name of the experiment"):
        allowed_name(name, "experiment")
