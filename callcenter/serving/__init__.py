"""The listening socket outlives the process that serves: a small parent holds it, children come and go."""
