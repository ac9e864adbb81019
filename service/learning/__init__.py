"""What can the service learn from how staff settled the topics of cases?"""
