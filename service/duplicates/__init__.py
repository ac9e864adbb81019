"""Which cases are about the same matter, and where do many people ask for the same?"""
