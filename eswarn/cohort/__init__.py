"""Who is asked about, when, and what happened next."""
