"""Stripe's published OpenAPI document as judge: `python -m tests.proof.stripe_document spec3.json`.

The gateway's tests run against the local server of Stripe's shapes; each request that the gateway made, each answer of
the server, and each webhook as the tests tell it is held against the document, which is not part of this project. Its
status says whether there was a difference.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.process.addresses import PROJECT
from tests.proof.stripe_document.document import Document
from tests.support.servers.stripe_api import HEARD, Exchange
from tests.support.servers.stripe_messages import messages

SUITES = ("tests/contract/test_gateway.py", "tests/services/refund/test_stripe.py")
"""What the gateway is tried by."""
NO_PLACE = "the document has no such operation"


def heard_of_suites(of: str) -> tuple[int, list[Exchange]]:
    """The status of the gateway's tests, and every exchange in them."""
    heard: list[Exchange] = []
    HEARD.append(heard.append)
    try:
        return pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", "-k", of, *SUITES]), heard
    finally:
        HEARD.remove(heard.append)


def judged(document: Document, exchange: Exchange) -> Iterator[str]:
    """Every difference, with the operation that it is of."""
    operation = document.operation(exchange.method, exchange.path)
    if not operation:
        yield f"{exchange.method} {exchange.path}: {NO_PLACE}"
        return
    for said in document.of_request(operation, exchange.query, exchange.form):
        yield f"{operation}: request: {said}"
    for said in document.of_answer(operation, exchange.status, exchange.body):
        yield f"{operation}: answer {exchange.status}: {said}"


def main() -> int:
    """Prints what was held against the document, and each difference once, with how often it was seen."""
    parser = argparse.ArgumentParser(prog="tests.proof.stripe_document", description="Stripe's document as judge.")
    parser.add_argument("document", type=Path, help="the path of spec3.json, as Stripe publishes it")
    parser.add_argument("--of", default="stripe", help="which of the gateway's tests, as pytest's -k says it")
    given = parser.parse_args()
    try:
        document = Document.read(given.document)
    except (OSError, ValueError) as error:
        print(f"the document cannot be read: {error}", file=sys.stderr)
        return 2
    status, heard = heard_of_suites(given.of)
    told = list(messages(one.body for one in heard if one.body.get("object") == "refund"))
    differences = Counter(said for exchange in heard for said in judged(document, exchange))
    differences += Counter(f"webhook {each['type']}: {said}" for each in told for said in document.of_message(each))
    seen = Counter(f"{document.operation(one.method, one.path)}, {one.status}" for one in heard)
    seen += Counter(f"webhook {each['type']}" for each in told)
    for what, times in sorted(seen.items()):
        print(f"held against the document: {what}: {times}")
    for said, times in sorted(differences.items()):
        print(f"difference, {times} times: {said}")
    print(f"document {document.version}: {sum(seen.values())} held against it, {len(differences)} differences")
    return int(bool(status or differences or not heard))


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    sys.exit(main())
