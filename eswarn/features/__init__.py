"""Tables to one row per pupil and as-of date: what we look at."""
