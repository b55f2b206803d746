"""The command line: draw a formula, step through it, check its derivatives, play with it; train a network; exercises.

`main` holds the table of commands, `formulas`, `play`, `train` and `exercise` the commands themselves, `problems` what
`train` can be asked to learn.
"""
