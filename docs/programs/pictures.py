"""The pictures of the concepts: `python docs/programs/pictures.py` writes them into docs/pictures/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drawing import Drawing

FOLDER = Path(__file__).parents[1] / "pictures"


def flow() -> Drawing:
    """How an event flows."""
    d = Drawing(780, 330, "How an event flows: inserted or called, checked, stored, projected, in one transaction")
    d.box(10, 60, 150, 50, "INSERT", "INTO bet_events, ...")
    d.box(10, 150, 150, 50, "place_bet(), ...", "stored functions")
    d.frame(185, 10, 585, 250, "one transaction")
    d.box(200, 105, 80, 50, "check", "or refuse", kind="code")
    d.box(310, 105, 90, 50, "event", "append-only", kind="event")
    d.arrow(160, 85, 180, 85, 180, 122, 198, 122)
    d.arrow(160, 175, 180, 175, 180, 138, 198, 138)
    d.arrow(280, 130, 308, 130)
    for n, (name, row) in enumerate(
        (("bets_view", "bet"), ("payments_view", "payment"), ("user_balances_view", "user"))
    ):
        d.box(425, 35 + 75 * n, 160, 46, name, f"a row for each {row}", kind="table")
        d.arrow(400, 130, 412, 130, 412, 58 + 75 * n, 423, 58 + 75 * n)
    d.box(610, 35, 150, 46, "user_activity_view", "a row for each user", kind="table")
    d.box(610, 185, 150, 60, "tenants_summary", "_view", "a row for each tenant", kind="table")
    d.arrow(585, 50, 608, 50)
    d.arrow(585, 126, 592, 126, 592, 66, 608, 66)
    d.arrow(585, 70, 600, 70, 600, 196, 608, 196)
    d.arrow(585, 142, 592, 142, 592, 212, 608, 212)
    d.arrow(585, 208, 592, 208, 592, 228, 608, 228)
    d.arrow(735, 81, 735, 183)
    d.box(290, 275, 130, 46, "feed()", "every event once", kind="code")
    d.arrow(355, 155, 355, 273)
    d.words(432, 303, "to other systems, in an order that skips nothing", "small")
    return d


def life() -> Drawing:
    """One bet's life."""
    d = Drawing(720, 250, "One bet's life: placed, confirmed, settled, corrected; or cancelled")
    for x, name, rank in ((15, "placed", 0), (215, "confirmed", 1), (415, "settled", 2)):
        d.box(x, 70, 110, 50, name, f"rank {rank}", kind="table")
    d.box(215, 180, 110, 50, "cancelled", "rank 2", kind="table")
    d.arrow(125, 95, 213, 95)
    d.words(169, 87, "confirm_bet", "middle small")
    d.arrow(325, 95, 413, 95)
    d.words(369, 87, "settle_bet", "middle small")
    d.arrow(70, 70, 70, 35, 470, 35, 470, 68)
    d.words(270, 28, "settle_bet, without being confirmed", "middle small")
    d.arrow(70, 120, 70, 205, 213, 205)
    d.words(78, 198, "cancel_bet", "small")
    d.arrow(270, 120, 270, 178)
    d.words(278, 160, "cancel_bet: the stake goes back", "small")
    d.arrow(525, 85, 575, 85, 575, 105, 527, 105)
    d.words(585, 90, "resettle_bet", "small")
    d.words(585, 107, "void_bet", "small")
    d.words(390, 138, "staked from the balance: paid out to it", "small")
    d.words(390, 200, "A bet that is settled or cancelled stays so,", "small")
    d.words(390, 217, "whatever else arrives, and however it is dated.", "small")
    return d


def locks() -> Drawing:
    """What is locked."""
    d = Drawing(720, 270, "What is locked: the row of the bet, that of the user, a slot of the tenant, in this order")
    d.words(15, 25, "Two writers of one tenant settle bets of one user:", "name")
    for y, name in ((45, "writer A"), (165, "writer B")):
        d.box(15, y, 90, 46, name, kind="code")
    for n, (x, a, b, what) in enumerate(
        (
            (150, "bet-1", "bet-2", "bets_view"),
            (340, "anna", "", "user_activity_view"),
            (530, "slot 3", "slot 17", "tenant_totals"),
        )
    ):
        d.words(x + 75, 262, f"{n + 1}. {what}", "middle small")
        if b:
            d.box(x, 45, 150, 46, a, "locked by A", kind="table")
            d.box(x, 165, 150, 46, b, "locked by B", kind="table")
        else:
            d.box(x, 105, 150, 46, a, "B waits for A to end", kind="wall")
    d.arrow(105, 68, 148, 68)
    d.arrow(105, 188, 148, 188)
    d.arrow(300, 68, 320, 68, 320, 118, 338, 118)
    d.arrow(300, 188, 320, 188, 320, 138, 338, 138)
    d.arrow(490, 118, 510, 118, 510, 68, 528, 68)
    d.arrow(490, 138, 510, 138, 510, 188, 528, 188)
    return d


def walls() -> Drawing:
    """The walls."""
    d = Drawing(720, 350, "The walls: what each role may do, and what stops the rest")
    for n, (role, who) in enumerate(
        (
            ("betledger_app", "service of all tenants"),
            ("betledger_tenant", "one tenant"),
            ("betledger_reader", "analysts"),
            ("betledger_operator", "DBAs"),
        )
    ):
        d.box(10, 20 + 75 * n, 170, 48, role, who)
        d.arrow(180, 44 + 75 * n, 218, 44 + 75 * n)
    d.box(220, 10, 90, 300, "privileges", "for each role", kind="wall")
    d.box(335, 10, 110, 300, "row-level", "security, forced:", "app.tenant_id", "or nothing", kind="wall")
    d.arrow(310, 160, 333, 160)
    d.box(
        475,
        20,
        235,
        60,
        "event tables",
        "insert and read; a trigger refuses",
        "to change them, to the owner, too",
        kind="event",
    )
    d.box(
        475,
        115,
        235,
        60,
        "read tables",
        "read; written by trigger functions",
        "alone, which run as the owner",
        kind="table",
    )
    d.box(475, 210, 235, 60, "keys of persons", "through two functions,", "for applications alone", kind="code")
    for y in (50, 145, 240):
        d.arrow(445, y, 473, y)
    d.words(10, 338, "betledger_owner owns everything, and nobody logs in as it. PUBLIC may execute nothing.", "small")
    return d


def cluster() -> Drawing:
    """A cluster."""
    d = Drawing(720, 330, "A cluster: all rows of a tenant, in all tables, are on one node")
    d.box(285, 10, 150, 44, "clients", "any node will do")
    d.box(265, 95, 190, 44, "coordinator", "knows where tenants are", kind="code")
    d.arrow(360, 54, 360, 93)
    for n, tenants in enumerate((("10001", "10002"), ("10003", "10004"))):
        x = 15 + 360 * n
        d.frame(x, 170, 330, 150, f"worker-{n + 1}")
        for m, tenant in enumerate(tenants):
            d.box(
                x + 12 + 157 * m,
                197,
                149,
                110,
                f"tenant {tenant}",
                "events, read tables,",
                "triggers, functions:",
                "one shard of each table",
                kind="table",
            )
        d.arrow(360, 139, 360, 155, x + 165, 155, x + 165, 168)
        d.arrow(*((285, 32, 100, 32, 100, 168) if n == 0 else (435, 32, 620, 32, 620, 168)))
    return d


PICTURES: dict[str, Callable[[], Drawing]] = {
    "flow": flow,
    "life": life,
    "locks": locks,
    "walls": walls,
    "cluster": cluster,
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")
