"""Is the list fair? Groups, their rates with intervals, gaps that are shown or cannot be told, remedies, and what may leave the school."""
