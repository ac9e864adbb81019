from pathlib import Path

import pytest

from service.attachments.storage import Storage


def test_bytes_come_back_under_the_hash_of_their_content_and_are_stored_once(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    name = storage.put(b"photo")
    assert storage.put(b"photo") == name
    assert storage.get(name) == b"photo"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [storage.path(name)]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_no_hash_leads_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Storage(tmp_path).get(name)


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    name = storage.put(b"photo")
    storage.path(name).write_bytes(b"another")
    with pytest.raises(OSError, match="no longer matches"):
        storage.get(name)
