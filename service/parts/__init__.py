"""Which other desks are called to help with a case, and what became of their parts? 主办/协办, 吹哨报到"""
