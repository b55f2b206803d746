"""Play with a formula: the live page behind a line to type in, from a server on this machine.

`server` answers the browser, `front` is the page with the line, `answers` what it is answered: the live page of a
formula, or what is wrong with it and where; and, to share it, the command and the Python (`writing`) that make it.
"""
