"""How are contacts hidden, tokens remembered without keeping them, and names shown masked?

The pure functions take the key; the short names beside them take it from the settings of this process.
"""

import base64
import hmac
import re
import secrets
import unicodedata
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.errors import ServiceError
from service.settings import get_settings

KEY_ID = 1
"""The first byte of every encrypted value names its key, so that a later key can be told from this one."""
NONCE_BYTES = 12
STARS = "****"

_PHONE = re.compile(
    r"""1[3-9]\d{9}            # a mobile phone
      | 0\d{2,3}[2-9]\d{6,7}   # a land line with its area code
      | [2-9]\d{6,7}           # a land line of the same town
      | [48]00\d{7}            # a company's number
      | \+(?!86)[1-9]\d{6,14}  # any other country
    """,
    re.VERBOSE,
)


class PhoneInvalidError(ServiceError):
    """The text is no telephone number."""

    status, code = 422, "phone-invalid"
    sentence = "This is not a telephone number. A mobile number has 11 digits, such as 138 0013 8000."


class SecretUnreadableError(Exception):
    """A stored value cannot be decrypted: another key, or damaged bytes."""


def encrypt_with(key: bytes, plain: str) -> bytes:
    """Return the text under AES-256-GCM: one byte of key id, the nonce, the sealed text."""
    return seal_with(key, plain.encode())


def decrypt_with(key: bytes, sealed: bytes) -> str:
    """Return the text. Errors: SecretUnreadableError."""
    try:
        return unseal_with(key, sealed).decode()
    except UnicodeDecodeError as why:
        raise SecretUnreadableError("a stored secret is no text") from why


def seal_with(key: bytes, plain: bytes) -> bytes:
    """Return the bytes under AES-256-GCM: one byte of key id, the nonce, what is sealed."""
    head = bytes([KEY_ID])
    nonce = secrets.token_bytes(NONCE_BYTES)
    return head + nonce + _cipher(key).encrypt(nonce, plain, head)


def unseal_with(key: bytes, sealed: bytes) -> bytes:
    """Return the bytes. Errors: SecretUnreadableError."""
    head, nonce, body = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if head != bytes([KEY_ID]):
        raise SecretUnreadableError(f"no key has the id {head.hex() or 'of nothing'}")
    try:
        return _cipher(key).decrypt(nonce, body, head)
    except (InvalidTag, ValueError) as why:
        raise SecretUnreadableError("a stored secret does not fit the key") from why


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> AESGCM:
    """Return the cipher of a key, whose making costs more than sealing a line. Errors: ValueError."""
    return AESGCM(key)


def blind_index_with(key: bytes, text: str) -> bytes:
    """Return 32 bytes by which equal texts (whatever their case, width, spaces) are found but not read."""
    return hmac.digest(key, b"index:" + fold(text).encode(), "sha256")


def token_hash_with(key: bytes, token: str) -> bytes:
    """Return 32 bytes that recognise a random token and do not give it away."""
    return hmac.digest(key, b"token:" + token.encode(), "sha256")


def signature_with(key: bytes, text: str) -> bytes:
    """Return 32 bytes that only who holds the key can make for this text."""
    return hmac.digest(key, b"signature:" + text.encode(), "sha256")


def encrypt(plain: str) -> bytes:
    """Encrypt with this installation's key."""
    return encrypt_with(_encryption_key(), plain)


def decrypt(sealed: bytes) -> str:
    """Decrypt with this installation's key. Errors: SecretUnreadableError."""
    return decrypt_with(_encryption_key(), sealed)


def seal(plain: bytes) -> bytes:
    """Encrypt a file with this installation's key."""
    return seal_with(_encryption_key(), plain)


def unseal(sealed: bytes) -> bytes:
    """Decrypt a file with this installation's key. Errors: SecretUnreadableError."""
    return unseal_with(_encryption_key(), sealed)


def blind_index(text: str) -> bytes:
    """Return the blind index under this installation's key; the caller normalises a telephone number."""
    return blind_index_with(index_key(), text)


def token_hash(token: str) -> bytes:
    """Return the token's hash under this installation's key."""
    return token_hash_with(index_key(), token)


def signature(text: str) -> bytes:
    """Return the signature under this installation's key."""
    return signature_with(index_key(), text)


def index_key() -> bytes:
    """Return the key of indexes, tokens and signatures."""
    return base64.urlsafe_b64decode(get_settings().index_key.get_secret_value())


def _encryption_key() -> bytes:
    return base64.urlsafe_b64decode(get_settings().encryption_key.get_secret_value())


def fold(text: str) -> str:
    """Return a text as it is compared: full-width forms as plain ones, small letters, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def normalise_phone(text: str) -> str:
    """Return the digits of a Chinese number, or + and the digits of another. Errors: PhoneInvalidError."""
    digits = re.sub(r"[\s()./_-]|\u2010|\u2013|\u2014", "", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+|00)86", "", digits)
    digits = re.sub(r"^00", "+", digits)
    if not digits.isascii() or not _PHONE.fullmatch(digits):
        raise PhoneInvalidError
    return digits


def mask_phone(phone: str) -> str:
    """Return '138****5678' for '13812345678'; of a short number only the last two digits."""
    long_enough = len(phone) >= len("13800138000")
    return f"{phone[:3]}{STARS}{phone[-4:]}" if long_enough else f"{STARS}{phone[-2:]}"


def mask_name(name: str) -> str:
    """Return '王*' for '王芳': the family name's first sign, and stars."""
    name = name.strip()
    if not name:
        return ""
    return name[0] + ("*" * min(len(name) - 1, 2) if not name.isascii() else "***")


def mask_email(email: str) -> str:
    """Return 'w****@example.com' for 'wangfang@example.com'."""
    local, at, domain = email.partition("@")
    return f"{local[:1]}{STARS}{at}{domain}"
