"""The automatic call distributor: queue, agents, offers."""
