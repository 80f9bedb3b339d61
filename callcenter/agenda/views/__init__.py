"""Days and weeks as rows and columns for the screens."""
