"""Which labelled texts stand in a file, and which topic of the catalogue stands for which of their labels?"""

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from service.categories.rules import SOMETHING_ELSE, Catalogue
from service.errors import ServiceError
from service.learning.fitting import Example

COLUMNS = ("title", "text", "label")
MOST_FIELD = 1_000_000
LABELS_ENDING = ".labels.yaml"
FEWEST = 20


class FileUnusableError(ServiceError):
    """A file cannot be learnt from or judged by."""

    sentence = "{file}: {why}"


@dataclass(frozen=True)
class Labelled:
    """The labelled texts of a file, and how many rows had no label or no words."""

    examples: list[Example]
    without_label: int
    without_words: int


def read_labelled(path: Path) -> Labelled:
    """Read a CSV file (also .csv.gz), UTF-8, with columns title, text and label; others are passed over.

    Errors: FileUnusableError.
    """
    csv.field_size_limit(MOST_FIELD)
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise FileUnusableError(file=path.name, why=f"the first line must name {', '.join(missing)}.")
            rows = [{name: (row[name] or "").strip() for name in COLUMNS} for row in reader]
    except (OSError, UnicodeDecodeError, EOFError, csv.Error) as why:
        raise FileUnusableError(file=path.name, why=f"it cannot be read as CSV in UTF-8 ({why}).") from why
    kept = [Example(**row) for row in rows if row["label"] and (row["title"] or row["text"])]
    if len(kept) < FEWEST or len({one.label for one in kept}) < 2:
        raise FileUnusableError(file=path.name, why=f"at least {FEWEST} rows of two labels are needed.")
    without = sum(not row["label"] for row in rows)
    return Labelled(kept, without, len(rows) - without - len(kept))


def labels_beside(path: Path) -> Path:
    """Return where the labels of a file are looked for: messages.csv.gz has messages.labels.yaml beside it."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".csv") + LABELS_ENDING)


def read_labels(path: Path, catalogue: Catalogue, wanted: set[str] | None) -> Mapping[str, str]:
    """Read which code of the catalogue, a group or a topic, stands for which label, in YAML or JSON.

    `wanted` are the labels there are; None: any. Errors: FileUnusableError where it is no such table, or names codes
    or labels that are not there.
    """
    try:
        with path.open(encoding="utf-8") as file:
            read: Any = yaml.safe_load(file.read(MOST_FIELD))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as why:
        raise FileUnusableError(file=path.name, why=f"it cannot be read ({' '.join(str(why).split())}).") from why
    if not isinstance(read, dict) or not read or not all(isinstance(one, str) for pair in read.items() for one in pair):
        raise FileUnusableError(file=path.name, why="it must say CODE: label, line by line.")
    unknown = sorted(set(read) - set(catalogue.topics))
    foreign = sorted(set(read.values()) - wanted) if wanted is not None else []
    if unknown or foreign:
        raise FileUnusableError(file=path.name, why=_strange(unknown, foreign))
    return read


def label_of(code: str, labels: Mapping[str, str], catalogue: Catalogue) -> str | None:
    """Return the label of a topic: its own, or that of the nearest above it."""
    return next((labels[above] for above in catalogue.path(code) if above in labels), None)


def hints_of(catalogue: Catalogue, labels: Mapping[str, str] | None = None) -> list[Example]:
    """Return the words of every topic in use as texts: its name, examples and keywords, under its code or label."""
    found = []
    for topic in catalogue.topics.values():
        label = topic.code if labels is None else label_of(topic.code, labels, catalogue)
        if topic.is_active and topic.parent_code and topic.code != SOMETHING_ELSE and label:
            found.append(
                Example(f"{topic.name} {topic.name_en}", f"{topic.examples} {' '.join(topic.keywords)}", label)
            )
    return found


def _strange(unknown: list[str], foreign: list[str]) -> str:
    parts = ["these codes are not in the catalogue: " + ", ".join(unknown[:5])] if unknown else []
    parts += ["no row has the label " + ", ".join(foreign[:5])] if foreign else []
    return "; ".join(parts) + "."
