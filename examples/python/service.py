"""The API of the guide over HTTP. Each request is one transaction of its tenant, and one call of the ledger."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, LiteralString, TypeVar
from uuid import UUID

import ledger
import psycopg
import uvicorn
from database import pool, transaction
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.rows import class_row
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

T = TypeVar("T")

# What each SQLSTATE is in HTTP. What is not here is a fault of ours: 500.
STATUS = {
    "BL001": 400,  # a bad argument
    "BL002": 404,  # no such bet
    "BL003": 409,  # a forbidden transition
    "BL004": 402,  # too little money: well formed, unlike what 400 and 422 are for, and payment is what is required
    "BL005": 422,  # the key was used for something else: as the draft of the Idempotency-Key header has it
    "BL006": 403,  # another tenant
    "BL007": 410,  # the person was erased
    "BL008": 403,  # the tenant is suspended or closed
    "BL032": 503,  # a node of the cluster failed
    "23505": 409,  # an id or a key that was used
    "40001": 503,  # others came in between, each time that it was tried
    "40P01": 503,
    "42501": 403,  # the login lacks the right
}


class Refusal(Exception):
    """A request that is refused, with its HTTP status. PT and the status is the code where the ledger has none."""

    def __init__(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint = status, code, message, hint


def refusal(error: Exception) -> Refusal:
    """What a client is told of an error."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the body"
        return Refusal(400, "BL001", f"{where}: {first['msg']}", 'Money is a decimal string, as in "10.50".')
    if isinstance(error, HTTPException):
        return Refusal(error.status_code, f"PT{error.status_code}", error.detail)
    code = "PT500"
    if isinstance(error, psycopg.Error):
        # Without a code, there was no answer: the connection is lost.
        code = error.sqlstate or "08006"
        # Class 22 is PostgreSQL's own of what cannot be read.
        status = STATUS.get(code, 400 if code.startswith("22") else 500)
        if status < 500:
            return Refusal(status, code, error.diag.message_primary or "refused", error.diag.message_hint)
        # Connections, resources, locks, operators; else a fault of ours.
        if status == 503 or code.startswith(("08", "53", "55", "57")):
            return Refusal(503, code, "the ledger is busy", "Send the same request again, with the same key.")
    return Refusal(500, code, "internal error")


def answer(_: Request, error: Exception) -> JSONResponse:
    """An error as JSON, of one line."""
    told = refusal(error)
    if told.status >= 500:
        logging.getLogger("uvicorn.error").error("%s", told.code, exc_info=error)
    return JSONResponse({"error": {"code": told.code, "message": told.message, "hint": told.hint}}, told.status)


# What comes in is looked at here; whether it makes sense, the ledger says.


async def tenant_of(x_tenant_id: Annotated[list[str], Header()] = []) -> int:  # noqa: B006
    """The tenant of a request."""
    given = ",".join(x_tenant_id)
    if not re.fullmatch("[1-9][0-9]{0,18}", given) or int(given) >= 2**63:
        what = "Invalid X-Tenant-Id format" if given else "Missing X-Tenant-Id header"
        raise Refusal(400, "PT400", what, "Send a whole number from 1 to 9223372036854775807.")
    return int(given)


async def key_of(idempotency_key: Annotated[list[str], Header()] = []) -> str:  # noqa: B006
    """The key of a request that writes."""
    given = ",".join(idempotency_key)
    if not re.fullmatch("[!-~]{1,200}", given):
        what = "Invalid Idempotency-Key format" if given else "Missing Idempotency-Key header"
        hint = "Send a key of 1 to 200 visible ASCII characters, new for each new operation."
        raise Refusal(400, "PT400", what, hint)
    return given


def exact(given: object) -> Decimal:
    """Money and odds. A JSON number would have been rounded to a float before we see it."""
    if not isinstance(given, str) or not re.fullmatch(r"[0-9]{1,40}(\.[0-9]{1,40})?", given):
        raise ValueError('send a decimal string, as in "10.50"')
    return Decimal(given)


Tenant = Annotated[int, Depends(tenant_of)]
Key = Annotated[str, Depends(key_of)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Amount = Annotated[Decimal, BeforeValidator(exact)]


class Fields(BaseModel):
    """A body: these fields, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewBet(Fields):
    """The body of POST /bets."""

    user_id: Text
    stake: Amount
    odds: Amount
    fixture_id: Text
    from_balance: bool = False


class Outcome(Fields):
    """The body of a settlement."""

    result: Text
    payout: Amount


class Cancellation(Fields):
    """The body of a cancellation, which may be left out."""

    reason: Text | None = None


class NewPayment(Fields):
    """The body of a deposit or a withdrawal."""

    user_id: Text
    amount: Amount


class Period(BaseModel):
    """The query string of what comes in pages."""

    model_config = ConfigDict(extra="forbid")
    from_ms: int | None = Field(None, alias="from", ge=0, lt=10**18)
    to_ms: int | None = Field(None, alias="to", ge=0, lt=10**18)
    after: Text | None = None
    limit: int = Field(50, ge=1, le=1000)

    def page(self) -> tuple[int | None, int | None, str | None, int]:
        """The last arguments of a function that gives pages."""
        return self.from_ms, self.to_ms, self.after, self.limit


class BetsPeriod(Period):
    """The query string of the bets of a user."""

    status: Text | None = None


# What goes out.


def shown(row: Any) -> dict[str, Any]:
    """A row as JSON has it: amounts and whole numbers of 64 bits as strings."""
    found = {field.name: getattr(row, field.name) for field in fields(row)}
    for name, value in found.items():
        if isinstance(value, Decimal):
            found[name] = f"{value:f}"
        elif isinstance(value, UUID) or (name in ("tenant_id", "timestamp") and value is not None):
            found[name] = str(value)
        elif isinstance(value, datetime):
            found[name] = value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return found


def created(row: ledger.BetResult | ledger.PaymentResult) -> JSONResponse:
    """What was made, now or when the key was used first."""
    return JSONResponse(shown(row), 200 if row.duplicate else 201)


def page(name: str, rows: list[Any]) -> JSONResponse:
    """Rows, and what to send as `after` to get those behind them."""
    found = [shown(row) for row in rows]
    nexts = [row.pop("next_page") for row in found]
    return JSONResponse({name: found, "next_page": nexts[-1] if nexts else None})


def one(tenant: int, kind: type[T], query: LiteralString, name: str) -> T | None:
    """A row of a read table."""
    return transaction(
        tenant, lambda db: db.cursor(row_factory=class_row(kind)).execute(query, (tenant, name)).fetchone()
    )


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """The pool lives as long as the service."""
    with pool:
        yield


# Plain functions: they run in threads, since a call of the ledger waits for its answer.
app = FastAPI(title="Bets", lifespan=lifespan)
for kind in (Refusal, RequestValidationError, HTTPException, psycopg.Error, Exception):
    app.add_exception_handler(kind, answer)


@app.middleware("http")
async def limit_bodies(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is longer than any request of ours, or does not say how long it is, before it is read."""
    if "transfer-encoding" in request.headers or int(request.headers.get("content-length", "0")) > 65_536:
        return answer(request, Refusal(413, "PT413", "the body is longer than 65536 bytes, or of unknown length"))
    return await call_next(request)


@app.post("/bets")
def place_bet(tenant: Tenant, key: Key, bet: NewBet) -> JSONResponse:
    """Place a bet, staked from the balance if that is said."""
    given = (bet.user_id, bet.stake, bet.odds, bet.fixture_id, key, bet.from_balance)
    return created(transaction(tenant, lambda db: ledger.place_bet(db, tenant, *given)))


@app.post("/bets/{bet_id}/confirm")
def confirm_bet(tenant: Tenant, key: Key, bet_id: Text) -> JSONResponse:
    """Confirm a placed bet."""
    return JSONResponse(shown(transaction(tenant, lambda db: ledger.confirm_bet(db, tenant, bet_id, key))))


@app.post("/bets/{bet_id}/settle")
def settle_bet(tenant: Tenant, key: Key, bet_id: Text, outcome: Outcome) -> JSONResponse:
    """Settle a bet; one that was staked from the balance is paid out to it."""
    given = (bet_id, outcome.result, outcome.payout, key)
    return JSONResponse(shown(transaction(tenant, lambda db: ledger.settle_bet(db, tenant, *given))))


@app.post("/bets/{bet_id}/cancel")
def cancel_bet(tenant: Tenant, key: Key, bet_id: Text, why: Cancellation | None = None) -> JSONResponse:
    """Cancel a bet; what it took from the balance is given back."""
    reason = why.reason if why else None
    return JSONResponse(shown(transaction(tenant, lambda db: ledger.cancel_bet(db, tenant, bet_id, reason, key))))


@app.get("/bets/{bet_id}")
def bet(tenant: Tenant, bet_id: Text) -> JSONResponse:
    """A bet as it is now."""
    found = one(tenant, ledger.BetsView, "SELECT * FROM bets_view WHERE tenant_id = %s AND bet_id = %s", bet_id)
    if found is None:
        raise Refusal(404, "BL002", f"bet '{bet_id}' of tenant {tenant} does not exist")
    return JSONResponse(shown(found))


@app.get("/bets/{bet_id}/events")
def bet_events(tenant: Tenant, bet_id: Text) -> JSONResponse:
    """What has happened to a bet."""
    rows = transaction(tenant, lambda db: ledger.bet_history(db, tenant, bet_id))
    return JSONResponse([shown(row) for row in rows])


@app.get("/users/{user_id}/bets")
def bets_of(tenant: Tenant, user_id: Text, query: Annotated[BetsPeriod, Query()]) -> JSONResponse:
    """The bets of a user, newest first."""
    given = (user_id, query.status, *query.page())
    return page("bets", transaction(tenant, lambda db: ledger.bets_of(db, tenant, *given)))


@app.get("/users/{user_id}/balance")
def balance(tenant: Tenant, user_id: Text) -> JSONResponse:
    """The balance of a user; nothing where there was no movement."""
    query = "SELECT * FROM user_balances_view WHERE tenant_id = %s AND user_id = %s"
    nothing = {"tenant_id": str(tenant), "user_id": user_id, "balance": "0", "transaction_count": 0}
    found = one(tenant, ledger.UserBalancesView, query, user_id)
    return JSONResponse(shown(found) if found else nothing | {"last_transaction_at": None})


@app.get("/users/{user_id}/statement")
def statement(tenant: Tenant, user_id: Text, query: Annotated[Period, Query()]) -> JSONResponse:
    """Opening balance, movements with what caused them, closing balance."""
    rows = transaction(tenant, lambda db: ledger.balance_statement(db, tenant, user_id, *query.page()))
    return page("entries", rows)


@app.get("/events")
def events(tenant: Tenant, query: Annotated[Period, Query()]) -> JSONResponse:
    """What has happened to all bets of a tenant, from one time to another."""
    return page("events", transaction(tenant, lambda db: ledger.bet_events_between(db, tenant, *query.page())))


@app.post("/payments")
def deposit(tenant: Tenant, key: Key, payment: NewPayment) -> JSONResponse:
    """Deposit money."""
    given = (payment.user_id, payment.amount, key)
    return created(transaction(tenant, lambda db: ledger.deposit(db, tenant, *given)))


@app.post("/withdrawals")
def withdraw(tenant: Tenant, key: Key, payment: NewPayment) -> JSONResponse:
    """Withdraw money, as far as the balance goes."""
    given = (payment.user_id, payment.amount, key)
    return created(transaction(tenant, lambda db: ledger.withdraw(db, tenant, *given)))


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
