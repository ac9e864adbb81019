"""How does a request become a case? 受理"""
