"""A researcher: the public names from Python, a model of one's own, and shap's own plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_validate

import eswarn as ew
from eswarn.config import Config
from eswarn.features.compute import Dataset, choose, compute
from eswarn.records.timeline import Timeline
from tests import made_up_school
from tests.made_up_school import AS_OF

DAYS = ("2023-09-11", "2023-10-30", "2024-01-08")


@pytest.fixture(scope="module")
def labelled() -> Dataset:
    """A feature table with its labels, as training makes it."""
    config = Config()
    days = [pd.Timestamp(day).date() for day in DAYS]
    data = compute(Timeline(made_up_school.records()), days, config.cohort, features=choose(config.features), labelled=True)
    return data.rows(~np.isnan(data.y))


def test_a_few_lines_go_from_files_to_the_reasons_of_a_pupil(tmp_path: Path):
    records = ew.read(made_up_school.exports())
    model = ew.train(records, out=tmp_path / "model", tracking="off")
    scores = ew.score(model, records, as_of=str(AS_OF), out=tmp_path / "out", tracking="off")
    first = scores[scores.frame["pupil_id"][0]]
    assert first.tier == "priority"
    assert first.reasons[0].sentence in first._repr_html_()
    assert ew.report(scores, tmp_path / "page.html").read_bytes() == (tmp_path / "out" / "report.html").read_bytes()
    assert ew.audit(tmp_path / "out").passed
    assert ew.load(tmp_path / "model") == model
    assert repr(model) == f"Model({model.id[:12]}, {len(model.features)} features, trained on {model.card['cohort']['rows']:,} rows)"


def test_a_model_scores_from_its_folder_as_it_did_from_memory(tmp_path: Path):
    scores = ew.score(made_up_school.model_folder(), made_up_school.records(), pd.Timestamp(AS_OF))
    pd.testing.assert_frame_equal(scores.frame, made_up_school.scores().frame, check_exact=True)


def test_the_feature_table_alone_feeds_any_other_model(labelled: Dataset):
    table = ew.feature_table(made_up_school.records(), DAYS)
    assert list(table.columns[:2]) == ["pupil_id", "as_of"]
    both = table.merge(labelled.keys[["pupil_id", "as_of"]].assign(y=labelled.y), on=["pupil_id", "as_of"])
    assert len(both) == len(labelled.y)
    X, y, people = both[table.columns[2:]].dropna(axis="columns", how="all"), both["y"].to_numpy(int), both["pupil_id"].to_numpy()
    told = cross_val_predict(
        HistGradientBoostingClassifier(max_depth=3, max_iter=40), X, y, groups=people, cv=GroupKFold(3), method="predict_proba"
    )
    assert roc_auc_score(y, told[:, 1]) > 0.6


def test_one_date_or_many_as_text_or_as_dates_give_the_same_rows():
    records = made_up_school.few_records()
    one = ew.feature_table(records, "2023-06-05")
    for same in ([pd.Timestamp("2023-06-05")], [made_up_school.FEW_AS_OF], ("2023-06-05",)):
        pd.testing.assert_frame_equal(ew.feature_table(records, same), one)
    many = ew.feature_table(records, ["2023-06-05", "2023-01-09"])
    pd.testing.assert_frame_equal(many[many["as_of"] == made_up_school.FEW_AS_OF].reset_index(drop=True), one)


def test_risk_model_is_cross_validated_like_any_other(labelled: Dataset):
    people = labelled.keys["pupil_id"].to_numpy(str)
    signs = {f.column: f.sign for f in labelled.features if f.sign}
    told = cross_validate(
        ew.RiskModel(trees=60, monotone=signs), labelled.X, labelled.y.astype(int), groups=people, cv=GroupKFold(3), scoring="roc_auc",
        error_score="raise",
    )  # fmt: skip
    assert told["test_score"].mean() > 0.6


def test_a_trained_model_never_falls_as_a_riskier_feature_grows():
    model, data = made_up_school.model(), made_up_school.dataset()
    table = data.X.to_numpy(float)
    for column, feature in enumerate(data.features):
        if feature.sign:
            values = np.unique(table[:, column][~np.isnan(table[:, column])])
            for row in table[::100]:
                grid = np.repeat(row[None, :], len(values), axis=0)
                grid[:, column] = values
                assert (np.diff(model.booster.predict(grid, raw_score=True)) * feature.sign >= 0).all(), feature.column


def test_shap_draws_its_own_plots(tmp_path: Path):
    import shap
    from matplotlib import pyplot

    explanation = made_up_school.scores().shap()
    assert isinstance(explanation, shap.Explanation)
    for draw in (lambda: shap.plots.waterfall(explanation[0], show=False), lambda: shap.plots.bar(explanation[:50], show=False)):
        draw()
        pyplot.savefig(tmp_path / "plot.png")
        pyplot.close("all")
        assert (tmp_path / "plot.png").stat().st_size > 5_000


def test_contributions_join_features_and_scores_by_pupil(tmp_path: Path):
    out = tmp_path / "out"
    ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=out, tracking="off")
    tables = {name: pq.read_table(out / f"{name}.parquet").to_pandas() for name in ("scores", "contributions", "features")}
    assert all(table["pupil_id"].equals(tables["scores"]["pupil_id"]) for table in tables.values())
    columns = [f.column for f in made_up_school.model().features]
    total = tables["contributions"]["base_value"] + tables["contributions"][columns].sum(axis=1)
    assert (total - tables["contributions"]["raw_score"]).abs().max() < 1e-9
