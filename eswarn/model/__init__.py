"""Features to risk, exact values and reasons: what we say."""
