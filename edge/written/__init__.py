"""What is said becomes what is written: commands, punctuation, figures, spelling and the user's own words.

    writer = Writer("en", WrittenOptions(commands=True, punctuation="end"))
    writer.write("twenty five percent full stop").text  # "25%."

Rules run by tables (`languages/*.toml`, which a user's settings override). None is a model: the same words give the
same text, and each change is listed.
"""

from .draft import Change, Written
from .options import Replacement, WrittenOptions
from .tables import LANGUAGES
from .writer import Writer

__all__ = ["LANGUAGES", "Change", "Replacement", "Writer", "Written", "WrittenOptions"]
