"""psycopg: reads a fact as JSON from stdin and applies it. The argument is the address of the database."""

import json
import sys

import psycopg

EFFECT = """INSERT INTO payments (number, paid) VALUES (%s, %s)
    ON CONFLICT (number) DO UPDATE SET paid = excluded.paid"""
SETTLE = "INSERT INTO tarspay_settle (id, lease) VALUES (%s, %s)"


def book(connection, fact):
    with connection.transaction():
        connection.execute(EFFECT, (fact["number"], fact["paid"]))
        connection.execute(SETTLE, (fact["id"], fact["lease"]))


if __name__ == "__main__":
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        book(connection, json.load(sys.stdin))
