"""How does the database get its tables?"""
