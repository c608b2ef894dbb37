"""English words of catalogs by their translations, so that a name is found in a text in another language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from datagap import model
from datagap.settings import parse_yaml
from datagap.validate import embedded

FILE: Final = "glossary.yaml"


@cache
def load_glossary() -> Mapping[str, str]:
    """Return the embedded translations, of all languages together."""
    content = (files("datagap.report") / FILE).read_bytes()
    data = embedded().read(model.Glossary, parse_yaml(content, FILE), FILE)
    return {word: english for words in data.words.values() for word, english in words.items()}
