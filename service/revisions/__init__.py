"""What would another text of the promises do to cases, and how is it applied to open ones and taken back?"""
