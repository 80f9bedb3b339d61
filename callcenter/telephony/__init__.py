"""Calls and their legs, the documents the carrier executes, and the port towards it."""
