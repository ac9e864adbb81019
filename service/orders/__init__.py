"""What does a supervisor order on a case, and what became of it? 督办单"""
