"""How is a case worked on? 办理"""
