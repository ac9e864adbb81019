"""Where does a thing happen, and which desk stands for that place?"""
