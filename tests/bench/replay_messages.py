"""What becomes of real messages? Posts a CSV through the public API and says how each was received.

    python tests/bench/replay_messages.py FILE.csv[.gz] --url http://127.0.0.1:8000 [--most N] [--login L --password P]

The file needs the columns `title` and `text`; `place` words, where there are any, go into the address. Prints how many
were accepted, refused and why, routed to whom, and (with a sign-in) what escalated when. Exits 1 when one was lost.
"""

import argparse
import csv
import gzip
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx

MOST_FIELD = 10_000_000


def messages(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV, gzipped or not."""
    csv.field_size_limit(MOST_FIELD)
    unpack = gzip.open if path.suffix == ".gz" else open
    with unpack(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def post(client: httpx.Client, row: dict[str, str]) -> httpx.Response:
    """Send one message as a resident would: words, and the place as an address."""
    place = " ".join(filter(None, (row.get("place"), row.get("area"), row.get("district"))))
    body = {"text": row.get("text") or "", "title": (row.get("title") or "")[:100] or None, "address": place[:300]}
    return client.post("/api/v1/cases", json=body, headers={"Accept-Language": "en"})


def signed_in(url: str, login: str, password: str) -> httpx.Client:
    """Return a client whose reads are those of a member of staff."""
    staff = httpx.Client(base_url=url, timeout=60)
    found = re.search(r'<input[^>]*name="csrf"[^>]*value="([^"]+)"', staff.get("/sign-in").text)
    if found is None:
        sys.exit("the sign-in page has no form")
    form = {"csrf": found[1], "login": login, "password": password, "next": ""}
    if staff.post("/sign-in", data=form).status_code != 303:
        sys.exit("the sign-in was refused")
    return staff


def main() -> None:
    """Replay, wait, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=Path)
    asked.add_argument("--url", default="http://127.0.0.1:8000")
    asked.add_argument("--most", type=int, default=10**9)
    asked.add_argument("--wait", type=float, default=0, help="real seconds to wait for escalations")
    asked.add_argument("--login")
    asked.add_argument("--password", default="")
    options = asked.parse_args()

    refused: Counter[str] = Counter()
    desks: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    held: dict[str, str] = {}
    begun = time.perf_counter()
    with httpx.Client(base_url=options.url, timeout=60) as client:
        for n, row in enumerate(messages(options.file)):
            if n >= options.most:
                break
            answer = post(client, row)
            if answer.status_code == 201:
                receipt = answer.json()
                held[receipt["number"]] = receipt["tracking_code"]
                desks[receipt["desk"]["name"]] += 1
                topics[f"{receipt['category']['code']} {receipt['category']['name']}"] += 1
            else:
                refused[f"{answer.status_code} {json.dumps(answer.json().get('errors'), ensure_ascii=False)}"] += 1
        took = time.perf_counter() - begun
        time.sleep(options.wait)
        lost = [
            n for n, code in held.items() if client.get(f"/api/v1/cases/{n}", params={"code": code}).status_code != 200
        ]
    print(
        f"accepted {len(held)} in {took:.1f} s ({len(held) / took:.0f}/s),"
        f" refused {sum(refused.values())}, lost {len(lost)}"
    )
    for title, counted in (("refused because", refused), ("routed to", desks), ("topics", topics)):
        print(f"\n{title}:")
        for what, count in counted.most_common(12):
            print(f"  {count:6} {what}")
    if options.login:
        _print_escalations(signed_in(options.url, options.login, options.password), held)
    sys.exit(1 if lost else 0)


def _print_escalations(staff: httpx.Client, held: dict[str, str]) -> None:
    steps: Counter[str] = Counter()
    delay: list[float] = []
    for number in list(held)[:500]:
        full = staff.get(f"/api/v1/cases/{number}/full")
        for step in full.json().get("escalations", []):
            steps[step["step"]] += 1
            delay.append(_seconds(step["raised_at"]) - _seconds(step["due_at"]))
    print("\nescalated (first 500 cases):")
    for step, count in steps.most_common():
        print(f"  {count:6} {step}")
    if delay:
        delay.sort()
        print(f"  from due to raised, product seconds: median {delay[len(delay) // 2]:.1f}, longest {delay[-1]:.1f}")


def _seconds(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()


if __name__ == "__main__":
    main()
