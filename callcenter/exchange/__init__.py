"""What comes in from other programs, as files."""
