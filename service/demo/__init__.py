"""What does a first visitor find? A whole invented county with its people and a month of its cases."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from service.accounts.rules import DEMO_PASSWORD
from service.areas.tables import Area
from service.categories.loading import load_catalogue
from service.clocks.actions import register_installed
from service.demo.cases import MONTH, deliver_the_past, live_a_month
from service.demo.catalogue import COMING, EARLIER, add_rules, dispute, revise_rules
from service.demo.channels import add_channels
from service.demo.desk import add_texts, leave_work
from service.demo.parties import add_parties
from service.demo.people import People, add_roster, build_staff
from service.demo.pictures import ask_for_photos
from service.demo.rosters import add_rosters
from service.demo.town import COUNTY_CODE, Town, build_town

SIGN_INS: tuple[tuple[str, str, str, str], ...] = (
    ("li.qiang", DEMO_PASSWORD, "worker", "The queue of a community worker of 湖滨社区"),
    ("he.jun", DEMO_PASSWORD, "head", "Everything of 湖滨社区, whose head he is"),
    ("wu.dan", DEMO_PASSWORD, "triage", "What the duty desk of 望湖街道 has to decide"),
    ("chen.jing", DEMO_PASSWORD, "supervisor", "The board of 望湖街道"),
    ("zhou.tao", DEMO_PASSWORD, "supervisor", "The board of 柳溪镇"),
    ("qian.bo", DEMO_PASSWORD, "district", "The board of the whole county, 江城区"),
    ("admin", DEMO_PASSWORD, "admin", "People, areas, duties, topics and rules"),
)
"""Whom a visitor may be: login, password, role, what they see (a message id)."""


def seed(session: Session, now: datetime) -> bool:
    """Write the demo as it stands at `now`, in the caller's transaction; False where the county is there already.

    1. the promises, places, topics, people and rules; 2. the month before `now`, lived through the product's own
    actions, so that every history, clock and escalation is what it would have been.
    """
    built = settle(session, now)
    if built is not None:
        town, people = built
        live_a_month(session, town, people, now)
        dispute(session, people, now)
        leave_work(session, town, people, now)
        revise_rules(session, COMING, people["qian.bo"], now, now)
        add_rosters(session, people, now)
        deliver_the_past(session, now)
    return built is not None


def settle(session: Session, now: datetime) -> tuple[Town, People] | None:
    """Write the county with its people and rules, before anything happens there; None where it is there already."""
    if session.exec(select(Area.id).where(Area.code == COUNTY_CODE)).first() is not None:
        return None
    begun = now - timedelta(days=MONTH + 10)
    register_installed(session, now)
    town = build_town(session, begun)
    load_catalogue(session, begun)
    people = build_staff(session, town, begun)
    add_roster(session, people, now)
    add_rules(session, town, people)
    for revision in EARLIER:
        revise_rules(session, revision, people["admin"], begun, begun)
    add_channels(session, people, begun)
    add_parties(session, town, people, begun)
    add_texts(session, town, people, begun)
    ask_for_photos(session)
    return town, people
