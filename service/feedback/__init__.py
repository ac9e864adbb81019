"""Was the resident helped? 回访"""
