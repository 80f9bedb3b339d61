"""What opens an agenda and what a visit asks of it: decisions without a database."""
