"""Jiban's service: the rooms of the domain, and the web in front of them."""
