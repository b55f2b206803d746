"""The command line: draw a formula, step through it, check its derivatives, train a network.

`main` holds the table of commands, `formulas` and `train` the commands themselves, `problems` what `train` can be asked
to learn.
"""
