"""Hidden: what is asked of a submission (probes) and what must hold (tests), per pack."""
