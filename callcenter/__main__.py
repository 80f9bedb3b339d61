"""``python -m callcenter`` is the command ``callcenter``."""

from callcenter.cli import app

app()
