"""When is who on duty: duties, single shifts, swaps, absences, skills?"""
