"""How does the course of a request look as an Atom feed (RFC 4287)? What happened and when, and none of the words.

Readers of feeds are other people's computers: names, places and what was said stay here, behind the code.
"""

import base64
import hashlib
import hmac
from urllib.parse import urlencode
from xml.etree import ElementTree

from service.handling.queries import CaseView
from service.secrecy import signature
from service.web import resident_words as telling
from service.web.catalogues import HTML_LANG, Language, translate
from service.web.resident_timeline import lines

ATOM = "http://www.w3.org/2005/Atom"
MOST_LINES = 50


def key_of(number: str) -> str:
    """Return what opens the feed of a case; only this installation can make it."""
    return base64.urlsafe_b64encode(signature(f"case-feed:{number}")).decode().rstrip("=")


def is_key(number: str, key: str) -> bool:
    """Does the key open the feed of that case? Takes as long whatever is wrong."""
    return hmac.compare_digest(key.encode(), key_of(number).encode())


def address_of(number: str, language: Language, public_url: str) -> str:
    """Return where the feed is. The key stands in the query, which no log keeps."""
    return f"{public_url}/track/{number}/feed?{urlencode({'lang': language, 'key': key_of(number)})}"


def atom(seen: CaseView, language: Language, public_url: str) -> str:
    """Return the feed of a case, the newest line first."""
    number = seen.case.number
    page = f"{public_url}/track?{urlencode({'number': number})}"
    told = list(lines(seen, language))
    updated = told[-1].at if told else seen.case.received_at
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": HTML_LANG[language]})
    _add(root, "id", f"urn:jiban:{number}")
    _add(root, "title", translate(language, "Your request %(number)s") % {"number": number})
    _add(root, "updated", updated.isoformat())
    ElementTree.SubElement(root, "link", {"href": page})
    author = ElementTree.SubElement(root, "author")
    _add(author, "name", telling.desk_of(seen, language))
    for place, line in reversed(list(enumerate(told))[-MOST_LINES:]):
        entry = ElementTree.SubElement(root, "entry")
        _add(entry, "id", f"urn:jiban:{number}:{place}")
        _add(entry, "title", line.title)
        _add(entry, "updated", line.at.isoformat())
        ElementTree.SubElement(entry, "link", {"href": page})
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False)


def tag_of(text: str) -> str:
    """Return the ETag of a feed."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text
