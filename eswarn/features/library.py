"""The shipped features: what eswarn looks at. This is the file a researcher edits."""

from __future__ import annotations

from eswarn.features.events import Events, count, days_since_event, latest, mean_ratio, total, unknown
from eswarn.features.feature import Feature
from eswarn.features.measures import (
    change,
    current_run,
    days_since,
    excess,
    longest_run,
    percentile,
    schools_attended,
    share,
    spells,
    time_at_school,
)  # fmt: skip
from eswarn.features.register import ABSENT, ATTENDED, ILLNESS, LATE, NO_REASON_YET, UNAUTHORISED
from eswarn.features.windows import days, last, last_year, year_to_date

NO_SESSIONS = "has no sessions recorded {window}"
NOT_KEPT = "school keeps no such records"

INCIDENTS = Events(
    "behaviour", "incident", where=(("kind", ("negative",)), ("role", ("involved",))), or_null=("role",)
)  # a pupil who was harmed, or saw it, has not misbehaved
SUSPENSIONS = Events("suspensions", "suspension", where=(("kind", ("suspension", "permanent_exclusion")),))
RESULTS = Events("assessments", "result")

absence = Feature(
    "absence", theme="absence", measure=share(ABSENT),
    says="missed {value} of sessions {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
)  # fmt: skip
unauthorised = Feature(
    "unauthorised_absence", theme="unauthorised absence", measure=share(UNAUTHORISED),
    says="missed {value} of sessions without leave {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
)  # fmt: skip
illness = Feature(
    "illness", theme="illness", measure=share(ILLNESS),
    says="missed {value} of sessions through illness {window}", silent=NO_SESSIONS, more_is="either", actionable=True,
)  # fmt: skip
no_reason_yet = Feature(
    "no_reason_yet", theme="unauthorised absence", measure=share(NO_REASON_YET),
    says="{value} of sessions {window} are absences with no reason established yet", silent=NO_SESSIONS, more_is="riskier",
    actionable=True,
)  # fmt: skip
lateness = Feature(
    "lateness", theme="punctuality", measure=share(LATE),
    says="arrived late for {value} of sessions {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
)  # fmt: skip
incidents = Feature(
    "incidents", theme="behaviour", measure=count(INCIDENTS),
    says="behaviour incidents recorded {window}: {value}", silent=NOT_KEPT, more_is="riskier", actionable=True,
)  # fmt: skip

FEATURES: tuple[Feature, ...] = (
    *absence.over(last(10), last(20), last(60), year_to_date(), last_year()),
    *unauthorised.over(last(20), year_to_date(), last_year()),
    *illness.over(last(60)),
    *no_reason_yet.over(last(10)),
    *lateness.over(last(20), year_to_date()),
    Feature(
        "absence_change", theme="absence", measure=change(share(ABSENT), against=last(60, skip=20)), window=last(20),
        says="absence {window} compared with the 60 before: {value}",
        silent="has no sessions recorded in one of the two periods compared", more_is="riskier", actionable=True,
    ),
    Feature(
        "longest_absence", theme="pattern of absence", measure=longest_run(ABSENT), window=year_to_date(),
        says="longest absence {window}: {value} in a row", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "current_absence", theme="pattern of absence", measure=current_run(ABSENT), window=last(60),
        says="absent for the latest {value} in a row", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "absence_spells", theme="pattern of absence", measure=spells(ABSENT), window=last(60),
        says="away {value} {window}, however long each time", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "days_since_attended", theme="pattern of absence", measure=days_since(ATTENDED),
        says="time since a session was last attended: {value}", silent="has never attended a session on record", more_is="riskier",
        actionable=True,
    ),
    Feature(
        "monday_friday_absence", theme="pattern of absence", measure=excess(ABSENT, weekdays=(0, 4)), window=year_to_date(),
        says="absence on Mondays and Fridays compared with other days {window}: {value}",
        silent="has too few sessions recorded {window} to compare weekdays", more_is="either", actionable=True,
    ),
    Feature(
        "absence_among_peers", theme="absence", measure=percentile(share(ABSENT)), window=year_to_date(),
        says="by absence {window} ranks at {value} of the year group in the same school (0 % least, 100 % most)",
        silent="is in no known year group with enough classmates who have sessions recorded {window} to compare",
        more_is="riskier", actionable=True,
    ),
    *incidents.over(last(20), year_to_date()),
    Feature(
        "days_since_incident", theme="behaviour", measure=days_since_event(INCIDENTS),
        says="time since the last behaviour incident: {value}", silent="has no behaviour incident on record", more_is="either",
        actionable=True,
    ),
    Feature(
        "suspensions", theme="suspension", measure=count(SUSPENSIONS), window=days(365),
        says="suspensions and exclusions {window}: {value}", silent="no suspension records were supplied", more_is="riskier",
        actionable=True,
    ),
    Feature(
        "sessions_suspended", theme="suspension", measure=total(SUSPENSIONS, column="sessions"), window=year_to_date(),
        says="lost {value} to suspension {window}", silent="no suspension records were supplied", more_is="riskier", actionable=True,
    ),
    Feature(
        "attainment", theme="attainment", measure=mean_ratio(RESULTS, top="score", bottom="maximum"), window=days(365),
        says="reached {value} of the marks in assessments {window}", silent="has no marked assessment {window}", more_is="safer",
        actionable=True,
    ),
    Feature(
        "results", theme="attainment", measure=count(RESULTS), window=year_to_date(),
        says="assessment results recorded {window}: {value}", silent=NOT_KEPT, more_is="either", actionable=True,
    ),
    Feature(
        "year_group", theme="school career", measure=latest("year_group"),
        says="is in Year {value}", silent="year group is not known", more_is="either",
    ),
    Feature(
        "schools_attended", theme="school career", measure=schools_attended(),
        says="schools attended on record: {value}", silent="has no marks on record", more_is="riskier",
    ),
    Feature(
        "time_at_school", theme="school career", measure=time_at_school(),
        says="time at this school: {value}", silent="date of joining is not known", more_is="either",
    ),
    Feature(
        "year_group_unknown", theme="school career", measure=unknown("year_group"),
        says="year group missing from the records: {value}", silent="no context records were supplied", more_is="either",
    ),
    # Kept for judging fairness; a model sees one only if its configuration names it and says why.
    Feature("female", theme="protected", measure=latest("sex", ("F",)), says="sex recorded as female: {value}",
            silent="sex is not recorded", more_is="either", protected=True),
    Feature("fsm", theme="protected", measure=latest("fsm"), says="eligible for free school meals: {value}",
            silent="free school meals are not recorded", more_is="either", protected=True),
    Feature("sen", theme="protected", measure=latest("sen", ("K", "E")), says="special educational needs: {value}",
            silent="special educational needs are not recorded", more_is="either", protected=True),
    Feature("ehcp", theme="protected", measure=latest("sen", ("E",)), says="education, health and care plan: {value}",
            silent="special educational needs are not recorded", more_is="either", protected=True),
    Feature("eal", theme="protected", measure=latest("eal"), says="English as an additional language: {value}",
            silent="first language is not recorded", more_is="either", protected=True),
    Feature("looked_after", theme="protected", measure=latest("cla"), says="looked after: {value}",
            silent="care status is not recorded", more_is="either", protected=True),
    Feature("young_carer", theme="protected", measure=latest("young_carer"), says="young carer: {value}",
            silent="caring is not recorded", more_is="either", protected=True),
    Feature("idaci_decile", theme="protected", measure=latest("idaci_decile"), says="income deprivation decile of the area: {value}",
            silent="area is not recorded", more_is="either", protected=True),
)  # fmt: skip
