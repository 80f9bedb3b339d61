"""What a practice wants said and done: its greeting and its standing instructions."""
