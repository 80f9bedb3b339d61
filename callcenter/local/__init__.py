"""Programs of this machine, for demonstrations, drills and benchmarks: processes, a PostgreSQL, a line that stalls."""
