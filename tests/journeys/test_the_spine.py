"""One request from end to end, on the running product: answered in time, left in silence, not helped, and kills."""

import os
import signal
from typing import Any

import httpx2 as httpx

from tests.journeys.conftest import Product
from tests.journeys.waiting import wait_for

REQUEST = {"text": "楼道一个多星期没人打扫，物业一直没来。", "category": "A01", "area": "湖滨社区"}
PATIENCE = 90
"""Real seconds; at 1200 times the speed the town lives thirty hours meanwhile."""


def submit(product: Product, **more: Any) -> tuple[str, str]:
    with product.client() as client:
        answer = client.post("/api/v1/cases", json=REQUEST | more)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt["desk"]["name"]
    assert receipt["promises"]
    return receipt["number"], receipt["tracking_code"]


def follow(product: Product, number: str, code: str) -> dict[str, Any]:
    with product.client() as client:
        answer = client.get(f"/api/v1/cases/{number}", params={"code": code})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def does(staff: httpx.Client, number: str, action: str, **answers: Any) -> dict[str, Any]:
    answer = staff.post(f"/api/v1/cases/{number}/actions/{action}", json=answers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def steps(staff: httpx.Client, number: str) -> list[dict[str, Any]]:
    full = staff.get(f"/api/v1/cases/{number}/full")
    assert full.status_code == 200, full.text
    return [e for e in full.json()["escalations"] if not e["skipped"]]


def test_a_request_is_answered_in_time_and_closed(product: Product) -> None:
    number, code = submit(product)
    with product.staff("he.jun") as head:
        does(head, number, "accept")
        does(head, number, "reply", text="已联系物业，明天上午来打扫。")
        does(head, number, "resolve", text="楼道已打扫干净，请放心。")
    case = follow(product, number, code)
    assert case["status"] == "resolved"
    assert {p["state"] for p in case["promises"]} == {"satisfied"}
    assert not any(p["breached_at"] for p in case["promises"])
    with product.client() as client:
        rating = {"code": code, "solved": True, "satisfaction": "satisfied"}
        assert client.post(f"/api/v1/cases/{number}/rating", json=rating).json()["status"] == "closed"


def test_silence_climbs_to_the_head_the_subdistrict_and_is_acknowledged(product: Product) -> None:
    number, code = submit(product, category="C03", text="垃圾三天没有清运了。")
    with product.staff("chen.jing") as supervisor:

        def mine() -> dict[str, Any] | None:
            waiting = supervisor.get("/api/v1/escalations", params={"limit": 100}).json()["items"]
            return next(
                (e for e in waiting if e["number"] == number and e["roles"] == ["subdistrict_supervisor"]), None
            )

        escalation = wait_for(mine, 4 * PATIENCE, "the sub-district hears")
        ledger = steps(supervisor, number)
        first = {role: n for n, e in reversed(list(enumerate(ledger))) for role in e["roles"]}
        assert first["community_head"] < first["subdistrict_supervisor"], "the head of the community heard first"
        assert len({(e["step"]) for e in ledger}) == len(ledger), "no step twice"
        assert all(e["due_at"] <= e["raised_at"] for e in ledger)
        answer = supervisor.post(f"/api/v1/escalations/{escalation['id']}/acknowledge", json={"note": "已派人"})
        assert answer.json()["acknowledged_at"]
        board = supervisor.get("/api/v1/board").json()
        assert number in {c["number"] for c in board["breached"]} or board["counts"]["breached"] > 200
    assert "breached" in {line["what"] for line in follow(product, number, code)["timeline"]}


def test_a_resident_who_was_not_helped_gets_a_second_handling(product: Product) -> None:
    number, code = submit(product, text="下水道又堵了，一楼往外冒水。", category="B06")
    with product.staff("chen.jing") as supervisor:
        does(supervisor, number, "accept")
        does(supervisor, number, "resolve", text="已疏通。")
    with product.client() as client:
        rating = {"code": code, "solved": False, "satisfaction": "dissatisfied", "text": "还是堵的"}
        assert client.post(f"/api/v1/cases/{number}/rating", json=rating).json()["status"] == "reopened"
    again = follow(product, number, code)
    assert {p["state"] for p in again["promises"] if p["instance"] == 2} == {"running"}


def test_every_process_may_be_killed_and_nothing_acknowledged_is_lost(product: Product) -> None:
    held = [submit(product, text=f"第{n}件：路灯不亮。") for n in range(5)]
    for name in ("workers.app", "workers.beat", "valkey-server", "bin/postgres", "service.app"):
        victims = product.pids(name) or product.pids(name.replace("service.app", " web"))
        assert victims, f"no process for {name}"
        os.kill(victims[0], signal.SIGKILL)
        wait_for(lambda: _answers(product), 60, f"ready again after {name} was killed")
        held.append(wait_for(lambda: _try_submit(product), 30, "a request is taken in again"))
    for number, code in held:
        assert follow(product, number, code)["number"] == number
    with product.staff("chen.jing") as supervisor:
        number = held[-1][0]
        wait_for(lambda: steps(supervisor, number), 3 * PATIENCE, "the clocks of the last one are watched")


def _answers(product: Product) -> bool:
    try:
        return httpx.get(f"{product.url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _try_submit(product: Product) -> tuple[str, str] | None:
    try:
        return submit(product)
    except (httpx.TransportError, AssertionError):
        return None
