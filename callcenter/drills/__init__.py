"""Drills: the product is stopped, stalled and replaced under calls, and what became of each caller is counted."""
