"""What is decided about messages, with no database behind it."""
