"""The shipped features: what eswarn looks at. This is the file a researcher edits."""

from __future__ import annotations

from eswarn.features.career import joined_mid_year, moves, schools_attended, time_at_school
from eswarn.features.events import Events, count, days_since_event, days_with, latest, mean_ratio, sums_ratio, total, unknown
from eswarn.features.feature import Feature
from eswarn.features.measures import (
    change,
    current_run,
    days_since,
    excess,
    first_ever,
    longest_run,
    percentile,
    reached,
    share,
    spells,
)  # fmt: skip
from eswarn.features.protected import PROTECTED
from eswarn.features.register import ABSENT, ATTENDED, AUTHORISED, ILLNESS, LATE, NO_REASON_YET, UNAUTHORISED, coded
from eswarn.features.weeks import faded, most_in_weeks, trend, weeks_over
from eswarn.features.windows import after_holidays, afternoons, days, half_term, last, last_year, weekdays, year_to_date

NO_SESSIONS = "has no sessions recorded {window}"
NOT_BOTH = "has no sessions recorded in one of the two periods compared"
NO_PEERS = "is in no known year group with enough classmates who have sessions recorded {window} to compare"
NOT_KEPT = "school keeps no such records"
NO_SUSPENSIONS = "no suspension records were supplied"
NO_TERMS = "has no termly totals {window}"

HOLIDAY = coded("G", "away on a holiday without leave")
NO_GOOD_REASON = coded("O", "absent without an acceptable reason")
PART_TIME = coded("C2", "on a part-time timetable")
EXCLUDED = coded("E", "suspended or excluded")
INCIDENTS = Events(
    "behaviour", "incident", where=(("kind", ("negative",)), ("role", ("involved",))), or_null=("role",)
)  # a pupil who was harmed, or saw it, has not misbehaved
PRAISE = Events("behaviour", "praise record", where=(("kind", ("positive",)),))
SUSPENSIONS = Events("suspensions", "suspension", where=(("kind", ("suspension", "permanent_exclusion")),))
RESULTS = Events("assessments", "result")
TERMS = Events("term_totals", "term")

absence = Feature(
    "absence", theme="absence", measure=share(ABSENT),
    says="missed {value} of sessions {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
)  # fmt: skip
absence_among_peers = Feature(
    "absence_among_peers", theme="absence", measure=percentile(share(ABSENT)), window=year_to_date(),
    says="by absence {window} ranks at {value} of the year group in the same school (0 % least, 100 % most)",
    silent=NO_PEERS, more_is="riskier", actionable=True,
)  # fmt: skip
unauthorised = Feature(
    "unauthorised_absence", theme="unauthorised absence", measure=share(UNAUTHORISED),
    says="missed {value} of sessions without leave {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
)  # fmt: skip
no_reason_yet = Feature(
    "no_reason_yet", theme="unauthorised absence", measure=share(NO_REASON_YET),
    says="{value} of sessions {window} are absences with no reason established yet", silent=NO_SESSIONS, more_is="riskier",
    actionable=True,
)  # fmt: skip
first_without_reason = Feature(  # either way: no also stands for whoever has been absent like this for long
    "first_without_reason", theme="unauthorised absence", measure=first_ever(NO_GOOD_REASON),
    says="absent without an acceptable reason for the first time on record {window}: {value}", silent=NO_SESSIONS, more_is="either",
    reads_as="riskier", actionable=True,
)  # fmt: skip
authorised = Feature(
    "authorised_absence", theme="authorised absence", measure=share(AUTHORISED),
    says="missed {value} of sessions with leave {window}", silent=NO_SESSIONS, more_is="either", reads_as="riskier", actionable=True,
)  # fmt: skip
illness = Feature(
    "illness", theme="illness", measure=share(ILLNESS),
    says="missed {value} of sessions through illness {window}", silent=NO_SESSIONS, more_is="either", reads_as="riskier", actionable=True,
)  # fmt: skip
lateness = Feature(
    "lateness", theme="punctuality", measure=share(LATE),
    says="arrived late for {value} of sessions {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
)  # fmt: skip
incidents = Feature(
    "incidents", theme="behaviour", measure=count(INCIDENTS),
    says="behaviour incidents recorded {window}: {value}", silent=NOT_KEPT, more_is="riskier", actionable=True,
)  # fmt: skip
incident_points = Feature(  # the sign of points differs by school, so their size is added up
    "incident_points", theme="behaviour", measure=total(INCIDENTS, column="points", magnitude=True),
    says="points for behaviour incidents {window}: {value}", silent=NOT_KEPT, more_is="riskier", actionable=True,
)  # fmt: skip
incident_days = Feature(
    "incident_days", theme="behaviour", measure=days_with(INCIDENTS),
    says="school days with a behaviour incident {window}: {value}", silent=NOT_KEPT, more_is="riskier", actionable=True,
)  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    *absence.over(last(5), last(10), last(20), last(60), half_term(), year_to_date(), last_year()),
    Feature(
        "absence_change", theme="absence", measure=change(share(ABSENT), against=last(60, skip=20)), window=last(20),
        says="absence {window} compared with the 60 before: {value}", silent=NOT_BOTH, more_is="riskier", actionable=True,
    ),
    Feature(
        "absence_trend", theme="absence", measure=trend(ABSENT), window=last(60),
        says="absence {window}: {value}", silent="has sessions recorded in fewer than three weeks {window}",
        more_is="riskier", actionable=True,
    ),
    Feature(
        "absence_faded", theme="absence", measure=faded(ABSENT, half_life=4), window=days(365),
        says="missed {value} of sessions {window}, the latest weeks counting most", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "weeks_below_90_percent", theme="absence", measure=weeks_over(ABSENT, percent=10), window=year_to_date(),
        says="attended less than 90 % in {value} {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    absence_among_peers,
    *absence_among_peers.over(last(20)),
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
        "monday_friday_absence", theme="pattern of absence", measure=excess(ABSENT, weekdays(0, 4)), window=year_to_date(),
        says="absence on Mondays and Fridays compared with other days {window}: {value}",
        silent="has too few sessions recorded {window} to compare weekdays", more_is="either", reads_as="riskier", actionable=True,
    ),
    Feature(
        "after_holiday_absence", theme="pattern of absence", measure=excess(ABSENT, after_holidays(5)), window=year_to_date(),
        says="absence in the first five days after holidays compared with other days {window}: {value}",
        silent="has no sessions recorded {window} soon after a holiday, or none at other times",
        more_is="either", reads_as="riskier", actionable=True,
    ),
    Feature(
        "afternoon_absence", theme="pattern of absence", measure=excess(ABSENT, afternoons()), window=year_to_date(),
        says="absence in the afternoon compared with the morning {window}: {value}",
        silent="has no mornings or no afternoons recorded {window}", more_is="either", reads_as="riskier", actionable=True,
    ),
    *unauthorised.over(last(10), last(20), last(60), year_to_date(), last_year()),
    Feature(
        "unauthorised_change", theme="unauthorised absence", measure=change(share(UNAUTHORISED), against=last(60, skip=20)),
        window=last(20), says="absence without leave {window} compared with the 60 before: {value}", silent=NOT_BOTH, more_is="riskier",
        actionable=True,
    ),
    *no_reason_yet.over(last(10)),
    Feature(
        "unauthorised_among_peers", theme="unauthorised absence", measure=percentile(share(UNAUTHORISED)), window=year_to_date(),
        says="by absence without leave {window} ranks at {value} of the year group in the same school (0 % least, 100 % most)",
        silent=NO_PEERS, more_is="riskier", actionable=True,
    ),
    Feature(
        "most_unauthorised_in_ten_weeks", theme="unauthorised absence", measure=most_in_weeks(UNAUTHORISED, weeks=10), window=days(365),
        says="most missed without leave within ten school weeks {window}: {value}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "penalty_threshold", theme="unauthorised absence", measure=reached(most_in_weeks(UNAUTHORISED, weeks=10), at_least=10),
        window=days(365), says="missed ten sessions or more without leave within ten school weeks {window}: {value}", silent=NO_SESSIONS,
        more_is="riskier", actionable=True,
    ),
    Feature(
        "term_time_holiday", theme="unauthorised absence", measure=share(HOLIDAY), window=year_to_date(),
        says="missed {value} of sessions for holidays without leave {window}", silent=NO_SESSIONS,
        more_is="either", reads_as="riskier", actionable=True,
    ),
    *first_without_reason.over(last(20), last(60)),
    *authorised.over(last(20), year_to_date()),
    Feature(
        "part_time_timetable", theme="authorised absence", measure=share(PART_TIME), window=year_to_date(),
        says="did not have to attend {value} of sessions under a part-time timetable {window}", silent=NO_SESSIONS, more_is="either",
        reads_as="riskier", actionable=True,
    ),
    Feature(
        "first_part_time_timetable", theme="authorised absence", measure=first_ever(PART_TIME), window=last(60),
        says="on a part-time timetable for the first time on record {window}: {value}", silent=NO_SESSIONS, more_is="either",
        reads_as="riskier", actionable=True,
    ),
    *illness.over(last(20), last(60), year_to_date()),
    *lateness.over(last(10), last(20), last(60), year_to_date()),
    Feature(
        "lateness_change", theme="punctuality", measure=change(share(LATE), against=last(60, skip=20)), window=last(20),
        says="lateness {window} compared with the 60 before: {value}", silent=NOT_BOTH, more_is="riskier", actionable=True,
    ),
    *incidents.over(last(5), last(20), last(60), year_to_date()),
    *incident_points.over(last(20), year_to_date()),
    *incident_days.over(last(60), year_to_date()),
    Feature(
        "incident_change", theme="behaviour", measure=change(count(INCIDENTS), against=last(20, skip=20)), window=last(20),
        says="behaviour incidents {window} compared with the 20 before: {value}", silent=NOT_KEPT, more_is="riskier", actionable=True,
    ),
    Feature(
        "days_since_incident", theme="behaviour", measure=days_since_event(INCIDENTS),
        says="time since the last behaviour incident: {value}", silent="has no behaviour incident on record", more_is="either",
        reads_as="safer", actionable=True,
    ),
    Feature(
        "praise", theme="behaviour", measure=count(PRAISE), window=year_to_date(),
        says="praise recorded {window}: {value}", silent=NOT_KEPT, more_is="either", reads_as="safer", actionable=True,
    ),
    Feature(
        "suspensions", theme="suspension", measure=count(SUSPENSIONS), window=days(365),
        says="suspensions and exclusions {window}: {value}", silent=NO_SUSPENSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "sessions_suspended", theme="suspension", measure=total(SUSPENSIONS, column="sessions"), window=year_to_date(),
        says="lost {value} to suspension {window}", silent=NO_SUSPENSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "days_since_suspension", theme="suspension", measure=days_since_event(SUSPENSIONS),
        says="time since the last suspension began: {value}", silent="has no suspension on record",
        more_is="either", reads_as="safer", actionable=True,
    ),
    Feature(
        "days_since_first_suspension", theme="suspension", measure=days_since_event(SUSPENSIONS, first=True),
        says="time since the first suspension on record began: {value}", silent="has no suspension on record", more_is="either",
        reads_as="safer", actionable=True,
    ),
    Feature(
        "excluded_sessions", theme="suspension", measure=share(EXCLUDED), window=year_to_date(),
        says="missed {value} of sessions while suspended or excluded {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True,
    ),
    Feature(
        "first_excluded_session", theme="suspension", measure=first_ever(EXCLUDED), window=last(60),
        says="missed a session while suspended or excluded for the first time on record {window}: {value}", silent=NO_SESSIONS,
        more_is="either", reads_as="riskier", actionable=True,
    ),
    Feature(
        "attainment", theme="attainment", measure=mean_ratio(RESULTS, top="score", bottom="maximum"), window=days(365),
        says="reached {value} of the marks in assessments {window}", silent="has no marked assessment {window}", more_is="safer",
        actionable=True,
    ),
    Feature(
        "attainment_change", theme="attainment",
        measure=change(mean_ratio(RESULTS, top="score", bottom="maximum"), against=days(365, skip=365)), window=days(365),
        says="share of the marks reached in assessments {window} compared with the year before: {value}",
        silent="has no marked assessment in one of the two years compared", more_is="safer", actionable=True,
    ),
    Feature(
        "results", theme="attainment", measure=count(RESULTS), window=year_to_date(),
        says="assessment results recorded {window}: {value}", silent=NOT_KEPT, more_is="either", reads_as="safer", actionable=True,
    ),
    Feature(
        "term_absence", theme="termly totals", measure=sums_ratio(TERMS, top=("authorised", "unauthorised"), bottom="possible"),
        window=days(400), says="missed {value} of sessions in terms that ended {window}", silent=NO_TERMS, more_is="riskier",
        actionable=True,
    ),
    Feature(
        "term_unauthorised", theme="termly totals", measure=sums_ratio(TERMS, top=("unauthorised",), bottom="possible"), window=days(400),
        says="missed {value} of sessions without leave in terms that ended {window}", silent=NO_TERMS, more_is="riskier", actionable=True,
    ),
    Feature(
        "term_illness", theme="termly totals", measure=sums_ratio(TERMS, top=("illness",), bottom="possible"), window=days(400),
        says="missed {value} of sessions through illness in terms that ended {window}", silent=NO_TERMS,
        more_is="either", reads_as="riskier", actionable=True,
    ),
    Feature(
        "term_absence_change", theme="termly totals", window=days(200),
        measure=change(sums_ratio(TERMS, top=("authorised", "unauthorised"), bottom="possible"), against=days(365, skip=200)),
        says="absence in terms that ended {window} compared with those of the year before: {value}",
        silent="has no termly totals in one of the two periods compared", more_is="riskier", actionable=True,
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
        "moves", theme="school career", measure=moves(), window=days(365),
        says="moves to another school {window}: {value}", silent="has no marks on record", more_is="riskier",
    ),
    Feature(
        "time_at_school", theme="school career", measure=time_at_school(),
        says="time at this school: {value}", silent="date of joining is not known", more_is="either", reads_as="safer",
    ),
    Feature(
        "joined_mid_year", theme="school career", measure=joined_mid_year(),
        says="joined this school after the school year had begun: {value}",
        silent="this school has no days on record in the year of joining", more_is="riskier",
    ),
    Feature(
        "year_group_unknown", theme="school career", measure=unknown("year_group"),
        says="year group missing from the records: {value}", silent="no context records were supplied", more_is="either",
    ),
    *PROTECTED,
)  # fmt: skip
