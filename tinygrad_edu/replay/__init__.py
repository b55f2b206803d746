"""Replay: scalar code is recorded once, and runs on whole arrays. Six steps, one file each.

Here is a layer of two neurons, written number by number, for one example x of two numbers:

    >>> import numpy as np
    >>> from tinygrad_edu import Value
    >>> a, b, c, d = [Value(0.1), Value(0.2), Value(0.3), Value(0.4)]
    >>> def layer(x):
    ...     return (a * x[0] + b * x[1]).relu() + (c * x[0] + d * x[1]).relu()
    >>> program = record(layer, shapes=(2,), params=[a, b, c, d])
    >>> print(program)
    9 Values a call became 9 array operations on 4 parameters
    forward
        v1 = theta[2×2] @ x0                                        (2, batch)     6 Values
        v2 = maximum(v1, 0)                                         (2, batch)     2 Values
        v3 = v2[0:1] + v2[1:2]                                      (1, batch)     1 Value
    backward
        v4 = v2 > 0                                                 (2, batch)
        v5 = 1 where v4, else 0                                     (2, batch)
        v6 = 2 parts: seed, seed                                    (2, batch)
        v7 = v6 * v5                                                (2, batch)
        v8 = v7 @ x0ᵀ                                               (4)
        v9 = 1 parts: v8                                            (4)
    >>> mean, gradient = program.value_and_grad(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]]))
    >>> print(f"{mean:.3f}", gradient)
    1.200 [1.         1.33333333 1.         1.33333333]

How did four multiplications and two additions become one matrix product, and who wrote the backward half?

1. Record (`recording`). The function is run once, in a mode that keeps every `Value` it makes: a graph. The inputs hold
   the numbers of an example, and the function may compute with them, but not look at them: `if x[0] > 0` would freeze
   this example's choice, so it is an error that says what to write instead. The graph then holds for every example.
2. Scalars (`scalars`). The graph becomes a numbered list. What constants alone make is computed now, equal operations
   are shared, and × and + are gathered into sums of products, as dots already are. A scalar's level is 1 more than the
   highest level of its inputs, so the scalars of one level do not depend on each other.
3. Lower (`lower`). Level by level, scalars of equal operations become one operation on arrays, which have a row for
   each scalar. Sums of products become a matrix product where all of some weights meet all of some inputs: v1 above.
   Each group of scalars is a node: an array, the nodes that it was made from, and a local derivative by each of them.
4. Sweep (`sweep`). Nodes have `inputs` and `local_derivatives`, as `Value`s have. So the same loop that runs backward
   through `Value`s, `backprop.sweep`, runs through the nodes, and its × and + write the backward instructions. Slopes
   that the steps of a recurrence have alike are then computed together (`together`).
5. Bind (`bind`). For a batch size, each array is given its memory, as it was planned in `memory`: a view where it can
   be one, a place inside a larger array, or memory of its own. Then each instruction is a call that needs no arguments.
6. Run (`run`). A program copies the data in, makes the calls one after the other, and reads the result. The batch is
   the last axis inside, so that each scalar is a row, though it is the first axis for callers. Of a large batch only
   so many examples are run at a time as the processor keeps at hand (`shares`).

Where hardly two operations are alike, as in a long recurrence, arrays do not help, and for a few examples a program is
run otherwise (`costs` counts which is quicker): the scalars of step 2 are written out, forward and backward, as Python
over floats, one line for each number, and computed for one example after the other. `formulas` has the lines of each
operation, `straight` those of a graph, `pieces` cuts them into functions, `as_python` compiles these, and `by_example`
runs them. With `record(..., native=True)` the same lines become machine code, several examples side by side: `assembly`
has the instructions of a formula, `machine_code` those of a program, `native` compiles them, and `by_machine` runs
them. Either way the numbers are those of eager code, to the last bit.

Where only a part of a program is like that, such as a penalty of one's own beside a network, only that part is written
out: runs of instructions that compute few numbers are `tangles`, and `by_tangle` runs each of them as lines of Python,
in the place of the array calls that it stands for. With `native=True` they are machine code (`compiled_tangle`), and of
several examples, too.

On arrays, each instruction is a pass over whole arrays. With `native=True`, runs of cheap instructions on elements,
such as the slopes of max pooling, are `loops`, each compiled to one pass (`loop_code`, `compiled_loops`), to the same
bits; `element_formulas` has the formula of each instruction, for lines and loops.

In the end (`agreement`) the program is compared with the function on other examples, because a recording cannot see
everything, such as a function that counts its calls. `record`, in `programs`, does all of this in order.

Beside the steps:

    steps 1, 6    `programs` and `given`: what users call, and what they may give it
    step 3        `grouping`, `stacking`: which scalars belong together; `gathering`: how operands are brought
                  together; `nodes`; `forms`: operations on many inputs; `linear`: local derivatives that are matrices
    steps 3, 4    `builder` and `known`: arrays and numbers as a number system that writes instructions
    the set of    `instruction`: what one is; `elementwise`, `cases`, `prefer`: on each element; `rows`, `indices`:
    instructions  which rows; `sums`, `products`, `choices`: of many numbers
    a program     `listing`: as text; `picture`: as a drawing; `pure`: as a function for JAX; `devices`: by
                  JAX, on all its devices
"""

from tinygrad_edu.replay.programs import Programs, record
from tinygrad_edu.replay.recording import RecordingError
from tinygrad_edu.replay.run import Program

__all__ = ["Program", "Programs", "RecordingError", "record"]
