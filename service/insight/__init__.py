"""What the numbers of an area say: what happened, what will happen, and where help is needed."""
