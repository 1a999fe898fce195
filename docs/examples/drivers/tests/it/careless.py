"""Applies a fact and ignores every error. Fails if the settling failed."""

import contextlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../src"))
import psycopg
from with_psycopg import EFFECT, SETTLE

address, how = sys.argv[1:]
fact, settled = json.load(sys.stdin), False
connection = psycopg.connect(address)
connection.execute(EFFECT, (fact["number"], fact["paid"]))
if how == "AfterError":
    with contextlib.suppress(psycopg.Error):
        connection.execute("INSERT INTO payments (number) VALUES (NULL)")
with contextlib.suppress(psycopg.Error):
    with connection.transaction() if how == "InSavepoint" else contextlib.nullcontext():
        connection.execute(SETTLE, (fact["id"], fact["lease"]))
    settled = True
if how != "GiveUp":
    with contextlib.suppress(psycopg.Error):
        connection.commit()
connection.close()
sys.exit(0 if settled else 1)
