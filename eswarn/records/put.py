"""The loops of `Scatter`: one mark after another to its cell, a byte each.

The arguments are the arrays of `Rows` and of `Scatter`; each loop gives the row at which it stopped, and why.
"""

from __future__ import annotations

import numpy as np

from eswarn.compiled import compiled

DONE, MORE_ROWS, MORE_COLUMNS, MORE_LATER, DELAYED, ODD = range(6)
LATER = 255  # days after which a mark became known, where they do not fit a byte


@compiled
def put_plain(  # type: ignore[no-untyped-def]
    pupil_index, pupil, school_index, school, day, half_index, half, code_index, meaning, eras, day_0, first, column_of, known_of, head,
    stay_pupil, stay_school, following, counts, used,
):  # fmt: skip
    """What `put` does, for rows that fill empty cells of half days on their day; gives the first row that does not."""
    width = first.shape[1]
    last_pupil, last_school, last_day, column, era = -1, -1, -1, -1, 0
    row = first[0]
    for i in range(len(day)):
        p_at, s_at, d = pupil_index[i], school_index[i], day[i]
        if p_at != last_pupil or s_at != last_school:
            p, s = pupil[p_at], school[s_at]
            stay = head[p]
            while stay >= 0 and stay_school[stay] != s:
                stay = following[stay]
            if stay < 0:
                stay = counts[0]
                if stay == first.shape[0]:
                    return i
                counts[0] += 1
                stay_pupil[stay], stay_school[stay], following[stay], head[p] = p, s, head[p], stay
            last_pupil, last_school, row = p_at, s_at, first[stay]
        if d != last_day:
            column = column_of[d - day_0]
            if column < 0:
                column = counts[1]
                if 2 * column >= width:
                    return i
                counts[1] += 1
                column_of[d - day_0] = column
            if d < known_of[d - day_0]:
                known_of[d - day_0] = d
            era = 0
            while era < len(eras) and d >= eras[era]:
                era += 1
            last_day = d
        cell = 2 * column + half[half_index[i]]
        if row[cell] != 0:
            return i
        row[cell] = meaning[code_index[i], era]
        used[code_index[i], era] += 1
    return len(day)


@compiled
def put(  # type: ignore[no-untyped-def]
    at, pupil_index, pupil, school_index, school, day, half_index, half, code_index, meaning, recorded, eras, day_0, first, delay,
    has_delay, column_of, known_of, head, stay_pupil, stay_school, following, counts, later, later_meaning, twice, used, merge,
):  # fmt: skip
    """Put rows in from one on, whatever their cells hold: the mark known first stays in the grid, later versions go beside it."""
    width = first.shape[1]
    told = len(recorded) > 0
    last_pupil, last_school, stay, last_day, column, era = -1, -1, -1, -(1 << 40), -1, 0
    for i in range(at, len(day)):
        p, s, d = pupil[pupil_index[i]], school[school_index[i]], day[i]
        if p != last_pupil or s != last_school:
            stay = head[p]
            while stay >= 0 and stay_school[stay] != s:
                stay = following[stay]
            if stay < 0:
                stay = counts[0]
                if stay == first.shape[0]:
                    return i, MORE_ROWS
                counts[0] += 1
                stay_pupil[stay], stay_school[stay], following[stay], head[p] = p, s, head[p], stay
            last_pupil, last_school = p, s
        if d != last_day:
            column = column_of[d - day_0]
            if column < 0:
                column = counts[1]
                if 2 * column >= width:
                    return i, MORE_COLUMNS
                counts[1] += 1
                column_of[d - day_0] = column
            era = 0
            while era < len(eras) and d >= eras[era]:
                era += 1
            last_day = d
        mark = meaning[code_index[i], era]
        known = d
        if told and recorded[i] > d:
            known = recorded[i]
        if known < known_of[d - day_0]:
            known_of[d - day_0] = known
        h = half[half_index[i]]
        from_half, to_half = (0, 2) if h == 2 else (h, h + 1)
        if counts[2] + 4 > later.shape[1] or counts[3] + 4 > len(twice):
            return i, MORE_LATER
        if known > d and not has_delay:
            return i, DELAYED
        used[code_index[i], era] += 1
        for part in range(from_half, to_half):
            at_cell = 2 * column + part
            there = first[stay, at_cell]
            if there == 0 and known - d < LATER:
                first[stay, at_cell] = mark
                if has_delay:
                    delay[stay, at_cell] = known - d
                continue
            first_known = d + delay[stay, at_cell] if has_delay else d
            if merge and there == mark:
                counts[4] += part == from_half
                continue
            if there != 0 and known == first_known:
                twice[counts[3]] = stay * width + at_cell
                counts[3] += 1
                continue
            n = counts[2]
            later[0, n] = stay * width + at_cell
            counts[2] += 1
            if there == 0 or known > first_known:
                later[1, n], later[2, n], later_meaning[n] = known, known, mark
            else:
                later[1, n], later[2, n], later_meaning[n] = first_known, first_known, there
                first[stay, at_cell], delay[stay, at_cell] = mark, known - d
    return len(day), DONE


@compiled
def cells_of(  # type: ignore[no-untyped-def]
    pupil_index, pupil, school_index, school, day, half_index, half, column_of, head, stay_school, following, width, day_0
):
    """First cell of each row, and how many it fills."""
    cells, filled = np.zeros(len(day), np.int64), np.zeros(len(day), np.int64)
    for i in range(len(day)):
        s, h = school[school_index[i]], half[half_index[i]]
        stay = head[pupil[pupil_index[i]]]
        while stay_school[stay] != s:
            stay = following[stay]
        cells[i] = stay * width + 2 * column_of[day[i] - day_0] + (h if h < 2 else 0)
        filled[i] = 2 if h == 2 else 1
    return cells, filled


@compiled
def put_strings(  # type: ignore[no-untyped-def]
    at, data, starts, start, week, pupil, school, meaning, known, opens, eras, day_0, first, column_of, known_of, head, stay_pupil,
    stay_school, following, counts, used,
):  # fmt: skip
    """Put strings of marks in from one on; `ODD` where a mark is told twice, or is no register code."""
    for i in range(at, len(start)):
        if week[i] == 0:
            continue
        weekday, text = (start[i] + 3) % 7, data[starts[i] : starts[i + 1]]
        days = len(text) // 2
        if 2 * (counts[1] + days) > first.shape[1]:  # room for every day of the string, so that none is put in by half
            missing = 0
            for day in range(days):
                place = weekday + day
                date = start[i] + (day if week[i] == 7 else place // 5 * 7 + place % 5 - weekday)
                missing += column_of[date - day_0] < 0
            if 2 * (counts[1] + missing) > first.shape[1]:
                return i, MORE_COLUMNS
        stay = head[pupil[i]]
        while stay >= 0 and stay_school[stay] != school[i]:
            stay = following[stay]
        if stay < 0:
            stay = counts[0]
            if stay == first.shape[0]:
                return i, MORE_ROWS
            counts[0] += 1
            stay_pupil[stay], stay_school[stay], following[stay], head[pupil[i]] = pupil[i], school[i], head[pupil[i]], stay
        row = first[stay]
        for day in range(days):
            one, other = text[2 * day], text[2 * day + 1]
            place = weekday + day
            if week[i] == 7 and place % 7 >= 5 and not opens[one] and not opens[other]:
                continue
            date = start[i] + (day if week[i] == 7 else place // 5 * 7 + place % 5 - weekday)
            era = 0
            while era < len(eras) and date >= eras[era]:
                era += 1
            column = column_of[date - day_0]
            if column < 0 and (one != 32 or other != 32):
                column = counts[1]
                counts[1] += 1
                column_of[date - day_0] = column
            for half in range(2):
                sign = text[2 * day + half]
                if sign == 32 or (week[i] == 7 and place % 7 >= 5 and not opens[sign]):
                    continue
                if not known[sign] or row[2 * column + half] != 0:
                    return i, ODD
                row[2 * column + half] = meaning[sign, era]
                used[sign, era] += 1
                if date < known_of[date - day_0]:
                    known_of[date - day_0] = date
    return len(start), DONE
