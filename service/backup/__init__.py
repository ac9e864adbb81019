"""How is everything kept for a bad day, and how does it come back? Commands only: no page and no worker uses it."""
