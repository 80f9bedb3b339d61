"""A medical telephone secretariat and appointment call-centre, owned by those who use it."""

__version__ = "0.1.0"
