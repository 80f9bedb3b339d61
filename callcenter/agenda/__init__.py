"""Rules, free time, appointments."""
