"""Which promises are running on a case, and which run out next?"""
