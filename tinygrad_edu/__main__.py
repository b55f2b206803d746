"""`python -m tinygrad_edu`.

May import: `cli`, `terminal`.
"""

import sys

from tinygrad_edu.cli.main import main
from tinygrad_edu.terminal import as_a_program

if __name__ == "__main__":
    as_a_program()
    sys.exit(main())
