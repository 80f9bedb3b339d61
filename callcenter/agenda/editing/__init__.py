"""The rules as a practice sets and changes them, and what a change would do before it is kept."""
