"""Standard texts: what desks say so often that it is written once, warmly and correctly."""
