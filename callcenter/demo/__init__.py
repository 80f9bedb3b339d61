"""The demonstration: an imaginary centre, its patients who ring, and operators who can be simulated.

It drives the product and the stand-in carrier from outside, over HTTP; neither knows of it.
"""
