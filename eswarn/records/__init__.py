"""Files to tables, every row accounted for: what a school holds."""
