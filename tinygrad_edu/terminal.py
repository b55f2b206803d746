"""What tables and progress are printed with: rich, loaded so that nobody notices.

As rich is loaded it draws a number from Python's global random generator. A script that seeds the generator first would
then train another network than one that seeds it later; so the generator is put back here, and nobody else loads rich.

May import: rich.
"""

import random

_state = random.getstate()

from rich.console import Console as Console  # noqa: E402 - between the two lines that keep the state
from rich.console import RenderableType as RenderableType  # noqa: E402 - as above
from rich.jupyter import JupyterMixin as JupyterMixin  # noqa: E402 - as above
from rich.progress import BarColumn as BarColumn  # noqa: E402 - as above
from rich.progress import Progress as Progress  # noqa: E402 - as above
from rich.progress import TextColumn as TextColumn  # noqa: E402 - as above
from rich.progress import TimeRemainingColumn as TimeRemainingColumn  # noqa: E402 - as above
from rich.table import Column as Column  # noqa: E402 - as above
from rich.table import Table as Table  # noqa: E402 - as above
from rich.text import Text as Text  # noqa: E402 - as above

random.setstate(_state)
