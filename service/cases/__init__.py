"""What is a case, and what may become of it?"""
