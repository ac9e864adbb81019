"""Who gets the case, and why?"""
