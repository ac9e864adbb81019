"""Who holds the case, since when, and how loaded is everybody?"""
