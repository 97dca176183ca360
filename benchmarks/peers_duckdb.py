"""The features of peers.py in SQL, for DuckDB: one grouped query for all that is counted, window functions for the runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.peers import ATTENDED, AUTHORISED, LATE, OPEN, SETTLING_DAYS, UNAUTHORISED, year_start

if TYPE_CHECKING:
    import pandas as pd


def _share(part: str, inside: str) -> str:
    return f"count_if({part} and {inside}) / nullif(count_if(possible and {inside}), 0)"


def _first(n: int) -> str:
    """Whether the first O lies in the last so many open days."""
    return f"case when count_if(possible and ago <= {n}) > 0 then coalesce(max(ago) filter (code = 'O') <= {n}, false)::double end"


FEATURES = f"""
with known as not materialized (
    select *, absent or attended as possible, isodow(date) in (1, 5) as edge, session = 'PM' as afternoon, date >= $year as now
    from (
        select pupil_id, school_id, date, session, code,
            code in $authorised or code in $unauthorised as absent,
            code in $authorised as authorised,
            code in $unauthorised and not (code = 'N' and date >= $settled) as unauthorised,
            code in $attended as attended, code in $late as late,
        from read_parquet($file) where date < $as_of
    )
),
opened as (
    select school_id, date, row_number() over (partition by school_id order by date desc) as ago
    from known where code <> '-' group by school_id, date having count(*) >= $open
),
marks as materialized (select * from known join opened using (school_id, date)),
counted as (
    select pupil_id, count_if(possible) as places, count_if(possible and now) as possible_now,
        count_if(possible and ago <= 60) as possible_60,
        {_share("absent", "ago <= 5")} as absence_last_5_days,
        {_share("absent", "ago <= 10")} as absence_last_10_days,
        {_share("absent", "ago <= 20")} as absence_last_20_days,
        {_share("absent", "ago <= 60")} as absence_last_60_days,
        {_share("absent", "now")} as absence_this_year,
        {_share("absent", "ago <= 20")} - {_share("absent", "ago between 21 and 80")} as absence_change,
        min(ago) filter (attended) - 1 as days_since_attended,
        {_share("absent", "now and edge")} - {_share("absent", "now and not edge")} as monday_friday_absence,
        {_share("absent", "now and afternoon")} - {_share("absent", "now and not afternoon")} as afternoon_absence,
        {_share("unauthorised", "ago <= 10")} as unauthorised_absence_last_10_days,
        {_share("unauthorised", "ago <= 20")} as unauthorised_absence_last_20_days,
        {_share("unauthorised", "ago <= 60")} as unauthorised_absence_last_60_days,
        {_share("unauthorised", "now")} as unauthorised_absence_this_year,
        {_share("unauthorised", "ago <= 20")} - {_share("unauthorised", "ago between 21 and 80")} as unauthorised_change,
        {_share("code = 'N'", "ago <= 10")} as no_reason_yet_last_10_days,
        {_share("code = 'G'", "now")} as term_time_holiday,
        {_first(20)} as first_without_reason_last_20_days,
        {_first(60)} as first_without_reason_last_60_days,
        {_share("authorised", "ago <= 20")} as authorised_absence_last_20_days,
        {_share("authorised", "now")} as authorised_absence_this_year,
        {_share("code = 'I'", "ago <= 20")} as illness_last_20_days,
        {_share("code = 'I'", "ago <= 60")} as illness_last_60_days,
        {_share("code = 'I'", "now")} as illness_this_year,
        {_share("late", "ago <= 10")} as lateness_last_10_days,
        {_share("late", "ago <= 20")} as lateness_last_20_days,
        {_share("late", "ago <= 60")} as lateness_last_60_days,
        {_share("late", "now")} as lateness_this_year,
    from marks group by pupil_id
),
numbered as (
    select pupil_id, ago, absent, now, row_number() over (partition by pupil_id order by 2 * (date - $year) + afternoon::int) as place
    from marks where possible
),
runs as (
    select pupil_id, count_if(now) as this_year, count_if(ago <= 60) as last_60, max(place) as ended
    from (select *, place - row_number() over (partition by pupil_id order by place) as run from numbered where absent)
    group by pupil_id, run
),
longest as (
    select pupil_id, max(this_year) as longest, count_if(last_60 > 0) as spells, max(ended) as ended, arg_max(last_60, ended) as latest
    from runs group by pupil_id
),
weeks as (
    select pupil_id, count_if(100 * absences > 10 * sessions) as below
    from (
        select pupil_id, count_if(absent) as absences, count(*) as sessions
        from marks where possible and now group by pupil_id, date_trunc('week', date)
    ) group by pupil_id
)
select counted.* exclude (places, possible_now, possible_60), below as weeks_below_90_percent,
    case when possible_now > 0 then coalesce(longest, 0) end as longest_absence,
    case when possible_60 > 0 then case when ended = places then latest else 0 end end as current_absence,
    case when possible_60 > 0 then coalesce(spells, 0) end as absence_spells
from counted left join longest using (pupil_id) left join weeks using (pupil_id)
"""


def features(file: Path, as_of: dt.date) -> pd.DataFrame:
    """One row a pupil; see peers.py."""
    with duckdb.connect() as engine:
        found: pd.DataFrame = engine.execute(
            FEATURES,
            {
                "file": str(file), "as_of": as_of, "year": year_start(as_of), "settled": as_of - dt.timedelta(days=SETTLING_DAYS),
                "open": OPEN, "attended": list(ATTENDED), "authorised": list(AUTHORISED), "unauthorised": list(UNAUTHORISED),
                "late": list(LATE),
            },
        ).df()  # fmt: skip
    return found
