"""What changed just now, and whom does it concern? For pages that update by themselves."""
