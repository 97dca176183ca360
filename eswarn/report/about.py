"""What a run says of itself, in sentences: the horizon, what leaving early means, the places, the model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from eswarn import words
from eswarn.report.locales import Locale


class About:
    """What holds for a whole run.

    Parameters
    ----------
    told : mapping
        ``Scores.about``.
    locale : Locale
        The language.
    day : str
        The as-of date, as it is said.
    """

    def __init__(self, told: Mapping[str, Any], locale: Locale, day: str) -> None:
        self.told, self.locale, self.text, self.day = told, locale, locale.text, day

    @property
    def horizon(self) -> str:
        """The time within which leaving is asked about."""
        about, text = self.told, self.text
        until, days = about.get("horizon_until"), about.get("horizon_days")
        if until:
            return text["horizon_until"].format(day=words.day(dt.date.fromisoformat(str(until)[:10])))
        return text["horizon_days"].format(period=words.period(int(days)), day=self.day) if days else text["horizon_unknown"]

    @property
    def leaving(self) -> str:
        """What counts as leaving early, as the model asks; "" where a run does not say."""
        about, text = self.told, self.text
        if "leaving" not in about:
            return ""
        told = [text[f"leaving_{name}"] if f"leaving_{name}" in text else name.replace("_", " ") for name in about["leaving"].split(", ")]
        year = words.year_group(float(about["up_to_year"]))
        return self.locale.say(text["leaving"].format(what=" or ".join(told), year=year))

    def places_said(self, about: Mapping[str, Any], *, priority: int = 0) -> str:
        """The places of a run, from what it says about itself."""
        places, by_year, text = about.get("places"), about.get("places_by_year"), self.text
        if by_year:
            given = sorted((float(year), number) for year, number in by_year.items())
            each = [text["places_of_year"].format(number=number, year=words.year_group(year)) for year, number in given]
            return text["places_year"].format(years=", ".join(each))
        if places is None:
            return text["places_unknown"].format(priority=words.number(priority))
        return text["places_share" if places < 1 else "places_number"].format(share=words.share(places), number=words.number(places))

    @property
    def made_of(self) -> list[str]:
        """Model and version, each only where it is known; the id is cut to twelve characters, enough to find it again."""
        about = self.told
        values = {"model": str(about.get("model_id") or "")[:12], "trained_on": str(about.get("trained_on") or ""),
                  "made_by": str(about.get("version") or "")}  # fmt: skip
        return [self.locale.say(self.text[key].format(value)) for key, value in values.items() if value]
