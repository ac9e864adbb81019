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


def test_nobody_else_may_look_into_the_folder(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "data" / "attachments")
    name = storage.put(b"photo")
    for path, mode in ((storage.folder, 0o700), (storage.path(name).parent, 0o700), (storage.path(name), 0o600)):
        assert path.stat().st_mode & 0o777 == mode


def test_a_file_that_could_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.attachments.storage.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        Storage(tmp_path).put(b"photo")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
