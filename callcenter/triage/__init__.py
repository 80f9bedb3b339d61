"""Scripts, their questions and answers, the outcome."""
