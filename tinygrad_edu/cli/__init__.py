"""The command line: draw a formula, step through it, check its derivatives, train a network, check an exercise.

`main` holds the table of commands, `formulas`, `train` and `exercise` the commands themselves, `problems` what `train`
can be asked to learn.
"""
