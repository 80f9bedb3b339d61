"""The stand-in for Twilio: its HTTP, a telephone network of text, on a clock of its own.

Knows only HTTP; nothing of the rest of the product is imported here, so that what the product
learns by talking to it holds for the real carrier too.
"""
