"""Who works here, in which role and where, when are they on duty, and how do they prove who they are?"""
