"""Started by root, the product runs as the servers' user wherever that user can run it."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from service.embedded import product
from service.embedded.account import servers_account
from service.embedded.folder import DataFolder
from service.embedded.product import product_account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")


@pytest.fixture
def data(folder: Path) -> DataFolder:
    opened = DataFolder(folder / "data")
    opened.account = servers_account()
    opened.path.mkdir()
    return opened


def photo_in(data: DataFolder) -> Path:
    """Write a photo as an earlier start as root did, and a link out of the folder."""
    photo = data.folder("attachments") / "ab" / "abcd"
    photo.parent.mkdir(mode=0o700)
    photo.write_bytes(b"photo")
    (data.path / "elsewhere").write_text("root's own")
    (photo.parent / "link").symlink_to(data.path / "elsewhere")
    return photo


def test_what_an_earlier_start_as_root_wrote_is_handed_over(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = photo_in(data)
    monkeypatch.setattr(product, "command", lambda *_: ["/bin/true"])
    said: list[str] = []

    account = product_account(data, said.append)

    assert account is not None
    assert account == data.account
    assert said == []
    for path in (photo, photo.parent, data.path / "attachments", data.path / "metrics"):
        assert path.stat().st_uid == account.uid, path
    assert (data.path / "elsewhere").stat().st_uid == 0


def test_where_that_user_cannot_read_the_program_it_stays_root_and_says_so(
    data: DataFolder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = photo_in(data)
    monkeypatch.setattr(product, "command", lambda *_: ["/bin/true"])
    product_account(data, print)
    home = folder / "home"
    home.mkdir(mode=0o700)
    shutil.copy("/bin/true", home / "python")
    monkeypatch.setattr(sys, "executable", str(home / "python"))
    monkeypatch.setattr(product, "command", lambda *_: [str(home / "python")])
    said: list[str] = []

    assert product_account(data, said.append) is None

    assert len(said) == 1
    assert said[0].startswith("Warning: web, worker and beat run as root")
    assert f"may not enter {home}" in said[0]
    assert photo.stat().st_uid == 0
    assert home.stat().st_mode & 0o777 == 0o700
