"""Which text is proposed: of a folder, or of the installed one with some files exchanged?"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from sqlmodel import Session

from service.categories.queries import topics
from service.settings import get_settings
from sla_policies.documents import FOLDER
from sla_policies.given_files import folder_of, unusable
from sla_policies.policy import PolicyBook
from sla_policies.reading import KNOWN_ARE, DocumentInvalidError, Problem
from sla_policies.versions import read_versions

MOST_FILES = 20


def proposed(session: Session, folder: Path, *, version: str = "", pack: str = "") -> PolicyBook:
    """Return the newest version of the pack in a folder, or the named one, all of them checked.

    Without `pack` it is that of this installation. Errors: DocumentInvalidError with everything that is wrong.
    """
    books = read_versions(folder, pack or get_settings().policy_pack, categories=frozenset(topics(session)) or None)
    if not version:
        return books[-1]
    found = next((each for each in books if each.version == version), None)
    if found is None:
        facts = {"version": version, "known": ", ".join(each.version for each in books)}
        raise DocumentInvalidError([Problem(str(folder), 1, "There is no version {version}.", KNOWN_ARE, facts)])
    return found


def with_files(session: Session, files: Mapping[str, bytes], *, version: str = "") -> PolicyBook:
    """Return the installed text with these files added, or put in the place of those of the same name.

    Errors: DocumentInvalidError.
    """
    problems = [problem for name, content in files.items() for problem in unusable(name, content)]
    if not files or len(files) > MOST_FILES:
        facts = {"count": str(len(files)), "most": str(MOST_FILES)}
        problems.append(Problem("files", 1, "There are {count} files.", "Choose one to {most}.", facts))
    if problems:
        raise DocumentInvalidError(problems)
    installed = get_settings().policies_dir or FOLDER
    with tempfile.TemporaryDirectory(prefix="jiban-proposed-") as made:
        folder = Path(made)
        for part in ("policies", "calendars"):
            (folder / part).mkdir()
            for path in (installed / part).glob("*.yaml"):
                (folder / part / path.name).write_bytes(path.read_bytes())
        for name, content in files.items():
            is_pack = (folder / "policies" / name).exists()
            (folder / ("policies" if is_pack else folder_of(content)) / name).write_bytes(content)
        return proposed(session, folder, version=version)
