"""A record of each score that anyone can check later: how it is kept true."""
