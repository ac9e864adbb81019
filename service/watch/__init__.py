"""What must never be true?"""
