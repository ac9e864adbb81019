"""How does the division change on a date, without breaking what lies in it?"""
