"""Due work, on a ticker."""
