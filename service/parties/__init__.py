"""Who beside the staff does work for us: volunteers, social organisations, party members, firms. 社会力量"""
