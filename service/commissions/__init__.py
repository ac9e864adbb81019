"""What is an outside party asked to do on a case, and what came of it? 委托单"""
