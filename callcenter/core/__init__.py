"""What every room of the house stands on: settings, time, database, events, telephone numbers."""
