import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.secrecy import (
    PhoneInvalidError,
    SecretUnreadableError,
    blind_index_with,
    decrypt_with,
    encrypt_with,
    mask_email,
    mask_name,
    mask_phone,
    normalise_phone,
    token_hash_with,
)

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.text())
def test_what_was_encrypted_comes_back(text: str) -> None:
    assert decrypt_with(KEY, encrypt_with(KEY, text)) == text


def test_the_same_text_never_looks_the_same() -> None:
    assert encrypt_with(KEY, "13800138000") != encrypt_with(KEY, "13800138000")


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(encrypt_with(KEY, "13800138000"))
    sealed[place] ^= 1
    with pytest.raises(SecretUnreadableError):
        decrypt_with(KEY, bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 13, b"\x02" * 40])
def test_what_was_never_encrypted_is_refused(sealed: bytes) -> None:
    with pytest.raises(SecretUnreadableError):
        decrypt_with(KEY, sealed)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SecretUnreadableError):
        decrypt_with(OTHER, encrypt_with(KEY, "13800138000"))


def test_the_blind_index_overlooks_width_case_and_spaces() -> None:
    one = blind_index_with(KEY, "Wang Fang １３８")
    assert one == blind_index_with(KEY, " wangfang138")
    assert one != blind_index_with(OTHER, " wangfang138")
    assert len(one) == 32


def test_an_index_and_a_token_of_the_same_text_differ() -> None:
    assert blind_index_with(KEY, "abc") != token_hash_with(KEY, "abc")
    assert token_hash_with(KEY, "abc") != token_hash_with(KEY, "ABC")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("13800138000", "13800138000"),
        (" 138 0013 8000 ", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("0086 13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("0571-8765 4321", "057187654321"),
        ("(010) 87654321", "01087654321"),
        ("87654321", "87654321"),
        ("400-810-1234", "4008101234"),
        ("+44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
    ],
)
def test_numbers_are_understood_as_people_type_them(typed: str, expected: str) -> None:
    assert normalise_phone(typed) == expected


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "138****8000", "1380013800", "138001380000", "phone", "٠١٢٣٤٥٦٧٨٩", "12800138000", "+86"],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(PhoneInvalidError):
        normalise_phone(typed)


def test_masks_show_enough_to_recognise_and_too_little_to_use() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("87654321") == "****21"
    assert mask_name("王芳") == "王*"
    assert mask_name("欧阳娜娜") == "欧**"
    assert mask_name("John Smith") == "J***"
    assert mask_name(" ") == ""
    assert mask_email("wangfang@example.com") == "w****@example.com"
