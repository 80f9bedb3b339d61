"""One operator's gesture across the domains below: the call card, the disposition, the emergency relay, the board."""
