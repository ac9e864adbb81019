"""Who uses the product meanwhile, and what were they told? Residents, workers and supervisors over HTTP."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

from tests.journeys.conftest import Product

TEXTS = (
    "楼道的路灯坏了三天，晚上看不清台阶。",
    "小区垃圾桶满了没人清运。",
    "燃气泄漏，楼道里味道很大。",
    "电梯坏了，老人下不了楼。",
    "下水道堵了，一楼往外冒水。",
    "请问居住证在哪里办理？",
)
TOPICS = ("C05", "C03", "B06", "D01", "E01", "A01", None)
STAFF = ("li.qiang", "he.jun", "wu.dan", "chen.jing", "zhou.tao")
SUPERVISORS = ("chen.jing", "zhou.tao")
WEIGHTS = {"accept": 6, "reply": 3, "ask": 2, "note": 1, "resolve": 1, "extend": 3, "resume": 2}
TRIES_FOR = 60.0
"""Real seconds a resident goes on trying with the same key: 10 hours on the clock of that phase, and a key lasts 24."""


@dataclass
class Ask:
    """One request of a resident: its mark in the text, its key, and each receipt that came for it."""

    mark: str
    key: str | None
    email: str | None
    receipts: list[tuple[str, str]] = field(default_factory=list)
    """Number and tracking code."""


@dataclass
class Told:
    """What clients were told, and what they should never have been."""

    asks: list[Ask] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)
    """Number and action, each answered with 200."""
    acknowledged: list[int] = field(default_factory=list)
    ordered: list[tuple[int, str]] = field(default_factory=list)
    """Supervise orders: which, and what was done with it, each answered with 200 or 201."""
    helped: list[tuple[int, str]] = field(default_factory=list)
    """Likewise of parts of cases."""
    wrong: list[str] = field(default_factory=list)
    answers: int = 0
    unavailable: int = 0
    unheard: int = 0
    """Requests that got no answer at all."""

    @property
    def acknowledged_cases(self) -> int:
        return sum(bool(ask.receipts) for ask in self.asks)

    def judge(self, what: str, answer: httpx.Response) -> None:
        """Note an answer that nobody may get, also while everything breaks."""
        self.answers += 1
        if answer.status_code == 503:
            self.unavailable += 1
            if "retry-after" not in answer.headers:
                self.wrong.append(f"{what}: 503 without Retry-After")
        elif answer.status_code >= 500:
            self.wrong.append(f"{what}: {answer.status_code} {answer.text[:120]}")


class Crowd:
    """All clients of one phase, each a thread with dice of its own."""

    def __init__(self, product: Product, told: Told, seed: int, *, left_alone: str = "") -> None:
        self.product, self.told, self.seed = product, told, seed
        self.left_alone = left_alone
        """The number of a case that nobody touches."""
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[[random.Random, str], None], name: str) -> None:
        thread = threading.Thread(target=self._run, args=(work, name), daemon=True)
        self._threads.append(thread)
        thread.start()

    def leave(self) -> None:
        """Let everybody finish what they have begun."""
        self.over.set()
        for thread in self._threads:
            thread.join(TRIES_FOR + 60)
            if thread.is_alive():
                self.told.wrong.append("a client is still waiting for an answer")

    def _run(self, work: Callable[[random.Random, str], None], name: str) -> None:
        try:
            work(random.Random(f"{self.seed} {name}"), name)
        except Exception as why:  # noqa: BLE001  # Whatever a client stumbles on is a finding, not a silence.
            self.told.wrong.append(f"{name}: {type(why).__name__}: {why}")

    def resident(self, dice: random.Random, name: str) -> None:
        """Submit, with and without a key, look at once, send again, urge and withdraw."""
        mine: list[tuple[str, str]] = []
        with self.product.client() as client:
            areas = [a["code"] for a in self._patiently(client, "/api/v1/areas") if a["level"] == "community"]
            while not self.over.is_set():
                mark = f"〔{name}-{len(self.told.asks)}-{dice.randrange(10**6)}〕"
                ask = Ask(mark, mark if dice.random() < 0.7 else None, None)
                ask.email = f"r{dice.randrange(10**9)}@resident.example" if dice.random() < 0.5 else None
                self.told.asks.append(ask)
                self._submit(client, dice, ask, dice.choice(areas))
                mine += ask.receipts[:1]
                if mine and dice.random() < 0.15:
                    number, code = dice.choice(mine)
                    action = dice.choice(("urge", "withdraw"))
                    answer = self._try(client, f"/api/v1/cases/{number}/{action}", {"text": "", "code": code})
                    if answer is not None and answer.status_code == 200:
                        self.told.done.append((number, action))
                self.over.wait(dice.uniform(0.05, 0.5))

    def _submit(self, client: httpx.Client, dice: random.Random, ask: Ask, area: str) -> None:
        body: dict[str, Any] = {"text": dice.choice(TEXTS) + ask.mark, "area": area, "category": dice.choice(TOPICS)}
        body["contact"] = {"email": ask.email} if ask.email else {}
        headers = {"Idempotency-Key": f"storm-{self.seed}-{ask.key.encode().hex()}"} if ask.key else {}
        give_up, again = time.monotonic() + TRIES_FOR, dice.random() < 0.3
        while True:
            answer = self._try(client, "/api/v1/cases", body, headers)
            status = answer.status_code if answer is not None else 0
            if answer is not None and status == 201:
                ask.receipts.append((answer.json()["number"], answer.json()["tracking_code"]))
                self._look(client, *ask.receipts[-1])
                if not (again and ask.key and len(ask.receipts) < 2):
                    return
            elif 400 <= status < 500:
                self.told.wrong.append(f"a good request was refused: {status} {answer.text[:200] if answer else ''}")
                return
            elif ask.key is None:
                return
            elif time.monotonic() > give_up:
                self.told.wrong.append(f"a resident tried for {TRIES_FOR:g} s and was never heard")
                return
            else:
                time.sleep(dice.uniform(0.1, 0.6))

    def _look(self, client: httpx.Client, number: str, code: str) -> None:
        """What was acknowledged can be read at once, whatever else happens."""
        found = self._get(client, f"/api/v1/cases/{number}?code={code}")
        if found is not None and found.status_code == 404:
            self.told.wrong.append(f"{number} was acknowledged and is not there")

    def worker(self, dice: random.Random, login: str) -> None:
        """Take what the lifecycle offers on open cases."""
        self._signed_in(login, lambda staff: self._work(staff, dice))

    def _work(self, staff: httpx.Client, dice: random.Random) -> None:
        lines = self._get(staff, "/api/v1/queue?mine=false&limit=60")
        cases = lines.json()["items"] if lines is not None and lines.status_code == 200 else []
        cases = [line for line in cases if line["number"] != self.left_alone]
        for line in dice.sample(cases, min(3, len(cases))):
            full = self._get(staff, f"/api/v1/cases/{line['number']}/full")
            offered = [a for a in full.json()["actions"] if a in WEIGHTS] if full and full.status_code == 200 else []
            if not offered:
                continue
            action = dice.choices(offered, [WEIGHTS[a] for a in offered])[0]
            body = {"extend": {"days": 1, "reason": "等配件"}, "accept": {}, "resume": {}}.get(
                action, {"text": "已安排。"}
            )
            answer = self._try(staff, f"/api/v1/cases/{line['number']}/actions/{action}", body)
            if answer is not None and answer.status_code == 200:
                self.told.done.append((line["number"], action))
        for one in self._orders(staff)["to_answer"][:2]:
            self._act_on(staff, one["id"], "reply")
        self._help(staff, dice, cases)
        self.over.wait(dice.uniform(0.3, 1.0))

    def _help(self, staff: httpx.Client, dice: random.Random, lines: list[dict[str, Any]]) -> None:
        """Ask the unit of a case for help with it, and go on with what others ask."""
        if lines and dice.random() < 0.2:
            body = {"parts": [{"text": "请协助", "hours": dice.randint(1, 12)}]}
            made = self._try(staff, f"/api/v1/cases/{dice.choice(lines)['number']}/parts", body)
            if made is not None and made.status_code == 201:
                self.told.helped += [(part["id"], "ask") for part in made.json()["parts"]]
        lists = self._get(staff, "/api/v1/parts")
        waiting = lists.json()["to_do"] if lists is not None and lists.status_code == 200 else []
        for one in waiting[:2]:
            action = "accept" if one["state"] == "asked" else dice.choice(("finish", "decline"))
            answer = self._try(staff, f"/api/v1/parts/{one['id']}/{action}", {"text": "已处理"})
            if answer is not None and answer.status_code == 200:
                self.told.helped.append((one["id"], action))

    def _order(self, staff: httpx.Client, dice: random.Random) -> None:
        """Order something on a case, and judge one answer."""
        lines = self._get(staff, "/api/v1/queue?mine=false&limit=60")
        cases = lines.json()["items"] if lines is not None and lines.status_code == 200 else []
        cases = [line for line in cases if line["number"] != self.left_alone]
        if cases and dice.random() < 0.5:
            path = f"/api/v1/cases/{dice.choice(cases)['number']}/orders"
            made = self._try(staff, path, {"text": "请到现场", "hours": dice.randint(1, 12)})
            if made is not None and made.status_code == 201:
                self.told.ordered.append((made.json()["id"], "issue"))
        for one in self._orders(staff)["to_judge"][:1]:
            self._act_on(staff, one["id"], dice.choice(("accept", "send_back", "withdraw")))

    def _orders(self, staff: httpx.Client) -> dict[str, list[dict[str, Any]]]:
        lists = self._get(staff, "/api/v1/orders")
        return lists.json() if lists is not None and lists.status_code == 200 else {"to_answer": [], "to_judge": []}

    def _act_on(self, staff: httpx.Client, order: int, action: str) -> None:
        hours = {"hours": 2} if action == "send_back" else {}
        answer = self._try(staff, f"/api/v1/orders/{order}/{action}", {"text": "知道了", **hours})
        if answer is not None and answer.status_code == 200:
            self.told.ordered.append((order, action))

    def supervisor(self, dice: random.Random, login: str) -> None:
        """Acknowledge some of what waits."""
        self._signed_in(login, lambda staff: self._acknowledge(staff, dice))

    def _acknowledge(self, staff: httpx.Client, dice: random.Random) -> None:
        waiting = self._get(staff, "/api/v1/escalations?limit=30")
        items = waiting.json()["items"] if waiting is not None and waiting.status_code == 200 else []
        for one in dice.sample(items, min(2, len(items))):
            answer = self._try(staff, f"/api/v1/escalations/{one['id']}/acknowledge", {"note": "知道了"})
            if answer is not None and answer.status_code == 200:
                self.told.acknowledged.append(one["id"])
        self._order(staff, dice)
        self.over.wait(dice.uniform(0.5, 1.2))

    def _signed_in(self, login: str, work: Callable[[httpx.Client], None]) -> None:
        """Work as somebody, signing in again when that was not possible at first."""
        while not self.over.is_set():
            try:
                with self.product.staff(login) as staff:
                    while not self.over.is_set():
                        work(staff)
            except (httpx.TransportError, AssertionError):
                self.over.wait(0.5)

    def _try(
        self, client: httpx.Client, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        """Post; None when no answer came."""
        return self._heard(f"POST {path}", lambda: client.post(path, json=body, headers=headers))

    def _get(self, client: httpx.Client, path: str) -> httpx.Response | None:
        return self._heard(f"GET {path.partition('?')[0]}", lambda: client.get(path))

    def _heard(self, what: str, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.TransportError:
            self.told.unheard += 1
            return None
        self.told.judge(what, answer)
        return answer

    def _patiently(self, client: httpx.Client, path: str) -> list[dict[str, Any]]:
        while (answer := self._get(client, path)) is None or answer.status_code != 200:
            time.sleep(0.3)
        return list(answer.json()["items"])
