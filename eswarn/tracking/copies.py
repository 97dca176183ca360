"""What a store holds of a scoring run: its figures, to be compared with the record, and the folders with its files, for an erasure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eswarn.errors import InputRefused
from eswarn.evidence.record import head_of
from eswarn.progress import silent
from eswarn.tracking.allowed import METRICS, PARAMETERS, TAGS
from eswarn.tracking.fetch import location_of
from eswarn.tracking.store import folder_at, is_here, open_store


def edited(run_id: str, facts: Mapping[str, Mapping[str, Any]], *, uri: str) -> list[str]:
    """The parameters, metrics and tags of a run that are not what the record makes them; see `differences`."""
    with open_store(uri, family=InputRefused, progress=silent) as store:
        data = store.client.get_run(run_id).data
        return differences({"params": data.params, "metrics": data.metrics, "tags": data.tags}, facts)


def differences(found: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What of parameters, metrics and tags is changed, missing, or there beside those of a scoring run.

    Parameters
    ----------
    found, facts : mapping
        ``params``, ``metrics`` and ``tags``, as a store gives them and as `eswarn.tracking.facts.of_scores` does.
    """
    ours = {**facts, "params": {key: str(value) for key, value in facts["params"].items()}}
    kinds = (("parameter", "params", PARAMETERS), ("metric", "metrics", METRICS), ("tag", "tags", TAGS))
    return [
        f"{kind} {key}" for kind, name, known in kinds for key in sorted({*ours[name], *found[name]})
        if found[name].get(key) != ours[name].get(key) and (key in ours[name] or key.split(".")[0] in known)
    ]  # fmt: skip


def copies(output_id: str, head: str, *, uri: str) -> list[tuple[str, Path, bool]]:
    """Each run with the files of pupils of this record in a store on this machine: its id, the folder, and whether it was finished.

    A copy is known by the head of its evidence, which no erasure changes, or by the id of the output.
    """
    found: list[tuple[str, Path, bool]] = []
    with open_store(uri, family=InputRefused, progress=silent) as store:
        from mlflow.entities import ViewType

        homes = [home.experiment_id for home in store.client.search_experiments(view_type=ViewType.ALL)]
        token: str | None = None
        while homes and (token is None or token):
            runs = store.client.search_runs(homes, "tags.pupil_files = 'yes'", run_view_type=ViewType.ALL, page_token=token)
            for run in runs:
                place = str(run.info.artifact_uri)
                local = store.folder is not None and urlsplit(place).scheme in ("", "file")
                same = local and head and head_of(folder_at(place)) == head
                if not same and run.data.tags.get("output_id") != output_id:
                    continue
                location = location_of(store, run.info.run_id)
                if not is_here(store, location, InputRefused):
                    do = 'Remove them there, then erase with the tracking URI "off": eswarn erases in a store on this machine only.'
                    raise InputRefused("the store keeps the files of this run on another machine", where=run.info.run_id, do=do)
                found.append((run.info.run_id, folder_at(location), run.info.status == "FINISHED"))
            token = runs.token or ""
    return found


def retag(run_id: str, output_id: str, *, uri: str) -> None:
    """Give a run the id that its files have after an erasure."""
    with open_store(uri, family=InputRefused, progress=silent) as store:
        store.client.set_tag(run_id, "output_id", output_id)
