"""The command line: draw a formula, step through it, check its derivatives, train a network."""
