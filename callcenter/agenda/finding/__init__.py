"""Free time, found: rules and what is taken, read or remembered, and put to the decisions of ``agenda.rules``."""
