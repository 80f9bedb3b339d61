"""Everything that takes, gives back or exchanges time, behind the same locks (docs/decisions/0017)."""
