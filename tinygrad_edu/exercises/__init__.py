"""Exercises: a learner fills in a function, and is told what is wrong with it, never first what is right.

`catalog` lists them, by the chapters of the demos that they belong to, and finds their files; `chapters_01_to_05` and
the modules after it hold what is asked of each. `learner` calls what a learner wrote, `comparing` turns differences
into sentences, and `running` does all that in a process of its own, which may hang or crash.
"""
