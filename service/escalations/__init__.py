"""Who hears when time runs out, and who has answered? 督办"""
