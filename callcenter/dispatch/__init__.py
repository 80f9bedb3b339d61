"""Messages for practitioners: when and how they are told, who is told next, who is on call."""
