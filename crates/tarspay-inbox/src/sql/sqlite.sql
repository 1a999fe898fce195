-- The statements for SQLite, by name. Times are milliseconds since 1970, amounts are text.
-- `postgres.sql` has the same names in the same order. Which state follows which is decided in
-- Rust, by `OrderStatus::news_after`.

-- name: version
SELECT version FROM tarspay_schema

-- name: migration 1
-- The clock of the database. A simulation replaces this view.
CREATE VIEW tarspay_now AS SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) AS ms;

-- What the gateway has said. Only `verdict` is written later, once.
CREATE TABLE tarspay_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    source TEXT NOT NULL CHECK (source IN ('callback', 'query', 'placing')),
    merchant_no TEXT NOT NULL,
    number TEXT NOT NULL,
    direction TEXT,
    pay_order_id TEXT,
    state INTEGER NOT NULL,
    pay_amount TEXT,
    order_amount TEXT,
    currency TEXT,
    body BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    verdict TEXT CHECK (verdict IN ('news', 'superseded', 'contradiction'))
) STRICT;
CREATE INDEX tarspay_events_new ON tarspay_events (id) WHERE verdict IS NULL;

CREATE TABLE tarspay_orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchant_no TEXT NOT NULL,
    number TEXT NOT NULL,
    direction TEXT,
    amount TEXT,
    currency TEXT,
    request TEXT,           -- until the order is known to exist
    placings INTEGER NOT NULL DEFAULT 0, -- how many placings were begun
    placing_until INTEGER,  -- when the last of those that have not ended is given up
    others_until INTEGER,   -- the same when the newest began; NULL if all had ended
    request_check INTEGER,  -- 16 bits of its digest; NULL for an order that was not placed here
    pay_order_id TEXT,
    pay_url TEXT,           -- until the order has ended
    pay_data TEXT,
    state INTEGER NOT NULL DEFAULT 0,
    paid TEXT,
    applied_state INTEGER,
    applied_paid TEXT,
    applied_count INTEGER NOT NULL DEFAULT 0,
    claimed_state INTEGER,  -- what the running handler applies
    claimed_paid TEXT,
    lease INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    apply_at INTEGER,       -- NULL: nothing to apply
    ask_at INTEGER,         -- NULL: nothing to ask
    doubt INTEGER NOT NULL DEFAULT 0,   -- 1: ask about a contradiction; 2: believe what the gateway says next
    refusal TEXT,
    parked TEXT,
    discarded TEXT,
    placed_at INTEGER NOT NULL,
    ended_at INTEGER,
    changed_at INTEGER NOT NULL,
    UNIQUE (merchant_no, number)
) STRICT;
CREATE INDEX tarspay_orders_apply ON tarspay_orders (apply_at) WHERE apply_at IS NOT NULL;
CREATE INDEX tarspay_orders_ask ON tarspay_orders (merchant_no, ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX tarspay_orders_in_doubt ON tarspay_orders (placed_at) WHERE request IS NOT NULL;
CREATE INDEX tarspay_orders_open ON tarspay_orders (placed_at)
    WHERE ended_at IS NULL AND discarded IS NULL;
CREATE INDEX tarspay_orders_parked ON tarspay_orders (changed_at) WHERE parked IS NOT NULL;
CREATE INDEX tarspay_orders_done ON tarspay_orders (changed_at)
    WHERE apply_at IS NULL AND ask_at IS NULL AND parked IS NULL;

CREATE VIEW tarspay_settle AS SELECT id, lease FROM tarspay_orders WHERE leased_until IS NOT NULL;

-- With RAISE(ABORT) a COMMIT that follows would keep what the transaction did before.
CREATE TRIGGER tarspay_settle_insert INSTEAD OF INSERT ON tarspay_settle BEGIN
    SELECT RAISE(ROLLBACK, 'tarspay: the lease of this order was lost, so the transaction is rolled back')
        WHERE NOT EXISTS (
            SELECT 1 FROM tarspay_orders
            WHERE id = NEW.id AND lease = NEW.lease AND leased_until > (SELECT ms FROM tarspay_now)
        );
    UPDATE tarspay_orders SET
        applied_state = claimed_state,
        applied_paid = claimed_paid,
        applied_count = applied_count + 1,
        leased_until = NULL,
        attempts = 0,
        last_error = NULL,
        apply_at = CASE
            WHEN parked IS NULL AND discarded IS NULL AND doubt = 0
                AND (state IS NOT claimed_state OR paid IS NOT claimed_paid) THEN (SELECT ms FROM tarspay_now)
        END,
        changed_at = (SELECT ms FROM tarspay_now)
    WHERE id = NEW.id;
END;

-- name: begin
BEGIN IMMEDIATE

-- name: migrate lock
CREATE TABLE IF NOT EXISTS tarspay_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO tarspay_schema SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM tarspay_schema);

-- name: migrated
UPDATE tarspay_schema SET version = ?1

-- name: register
INSERT INTO tarspay_orders
    (merchant_no, number, direction, amount, currency, request, request_check, ask_at, placings, placing_until,
     placed_at, changed_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ms + ?8, 1, ms + ?8, ms, ms FROM tarspay_now WHERE true
-- An order that only a callback has named so far is taken up.
ON CONFLICT (merchant_no, number) DO UPDATE SET
    direction = excluded.direction, amount = excluded.amount, currency = excluded.currency,
    request = excluded.request, request_check = excluded.request_check, ask_at = excluded.ask_at,
    placings = excluded.placings, placing_until = excluded.placing_until, parked = NULL, discarded = NULL
    WHERE tarspay_orders.request_check IS NULL
RETURNING id

-- name: begin placing
-- A time that is further ahead than ?2 was written by a clock that has been corrected.
UPDATE tarspay_orders SET
    placings = placings + 1,
    others_until = CASE
        WHEN placing_until > (SELECT ms FROM tarspay_now) AND placing_until <= (SELECT ms FROM tarspay_now) + ?2
        THEN placing_until
    END,
    placing_until = (SELECT ms FROM tarspay_now) + ?2
WHERE id = ?1 AND request IS NOT NULL
RETURNING placings

-- name: find
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n WHERE o.merchant_no = ?1 AND o.number = ?2

-- name: lock
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n WHERE o.id = ?1

-- name: lock many
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n WHERE o.merchant_no = ?1 AND o.number = ?2

-- name: accept
INSERT INTO tarspay_events
    (digest, source, merchant_no, number, direction, pay_order_id, state, pay_amount, order_amount, currency, body,
     received_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, (SELECT ms FROM tarspay_now))
-- Two equal part payments look like one callback that came twice, so it has the order asked for
-- again.
ON CONFLICT (digest) DO UPDATE SET verdict = NULL WHERE state = 9 AND source = 'callback'

-- name: record
INSERT INTO tarspay_events
    (digest, source, merchant_no, number, direction, pay_order_id, state, pay_amount, order_amount, currency, body,
     received_at, verdict)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ms, ?12 FROM tarspay_now WHERE true
ON CONFLICT (digest) DO NOTHING

-- name: any new
SELECT 1 AS one FROM tarspay_events WHERE verdict IS NULL LIMIT 1

-- name: new events
SELECT id, merchant_no, number, direction, pay_order_id, state, pay_amount, order_amount, currency
FROM tarspay_events WHERE verdict IS NULL ORDER BY id LIMIT ?1

-- name: unknown order
INSERT INTO tarspay_orders (merchant_no, number, direction, amount, currency, placed_at, parked, changed_at)
SELECT ?1, ?2, ?3, ?4, ?5, ms, 'it was not placed through this inbox', ms FROM tarspay_now WHERE true
ON CONFLICT (merchant_no, number) DO NOTHING

-- name: update order
UPDATE tarspay_orders SET
    request = ?2, pay_order_id = ?3, pay_url = ?4, pay_data = ?5, state = ?6, paid = ?7, attempts = ?8,
    apply_at = ?9, ask_at = ?10, doubt = ?11, refusal = ?12, parked = ?13, discarded = ?14, ended_at = ?15,
    changed_at = ?16, placing_until = ?17
WHERE id = ?1

-- name: park
UPDATE tarspay_orders SET
    parked = ?3, doubt = 1, apply_at = NULL, ask_at = NULL, changed_at = (SELECT ms FROM tarspay_now)
WHERE merchant_no = ?1 AND number = ?2

-- name: verdict
UPDATE tarspay_events SET verdict = ?2 WHERE id = ?1

-- name: claim
-- The attempt is counted here, so that a handler that kills its process is parked too.
UPDATE tarspay_orders SET
    lease = lease + 1,
    attempts = min(attempts + 1, ?2),
    leased_until = CASE WHEN attempts < ?2 THEN (SELECT ms FROM tarspay_now) + ?3 END,
    apply_at = CASE WHEN attempts < ?2 THEN (SELECT ms FROM tarspay_now) + ?3 END,
    parked = CASE WHEN attempts >= ?2
        THEN 'none of ' || attempts || ' attempts ended: ' || coalesce(last_error, 'the handler never returned') END,
    changed_at = CASE WHEN attempts >= ?2 THEN (SELECT ms FROM tarspay_now) ELSE changed_at END,
    claimed_state = state,
    claimed_paid = paid
WHERE id IN (
    SELECT id FROM tarspay_orders WHERE apply_at <= (SELECT ms FROM tarspay_now) ORDER BY apply_at LIMIT ?1
)
RETURNING *

-- name: failed
UPDATE tarspay_orders SET
    leased_until = NULL,
    last_error = ?3,
    parked = CASE WHEN attempts >= ?4 THEN 'the handler failed ' || attempts || ' times: ' || ?3 ELSE parked END,
    apply_at = CASE WHEN attempts < ?4 AND apply_at IS NOT NULL THEN (SELECT ms FROM tarspay_now) + ?5 END,
    changed_at = CASE WHEN attempts >= ?4 THEN (SELECT ms FROM tarspay_now) ELSE changed_at END
WHERE id = ?1 AND lease = ?2 AND leased_until IS NOT NULL
RETURNING parked

-- name: claim to ask
UPDATE tarspay_orders SET ask_at = (SELECT ms FROM tarspay_now) + ?3
WHERE id IN (
    SELECT id FROM tarspay_orders
    WHERE merchant_no = ?1 AND ask_at <= (SELECT ms FROM tarspay_now) ORDER BY ask_at LIMIT ?2
)
RETURNING *

-- name: correct clock
-- What is planned for later than any setting says was planned by a clock that was ahead.
UPDATE tarspay_orders SET
    ask_at = CASE WHEN ask_at > (SELECT ms FROM tarspay_now) + ?2 THEN (SELECT ms FROM tarspay_now) ELSE ask_at END,
    apply_at = CASE WHEN apply_at > (SELECT ms FROM tarspay_now) + ?2 THEN (SELECT ms FROM tarspay_now) ELSE apply_at END,
    leased_until = CASE WHEN leased_until > (SELECT ms FROM tarspay_now) + ?2 THEN NULL ELSE leased_until END
WHERE merchant_no = ?1 AND ask_at > (SELECT ms FROM tarspay_now) + ?2 OR apply_at > (SELECT ms FROM tarspay_now) + ?2

-- name: settle
INSERT INTO tarspay_settle (id, lease) VALUES (?1, ?2)

-- name: parked
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n
WHERE o.parked IS NOT NULL ORDER BY o.changed_at, o.id LIMIT ?1

-- name: replay
UPDATE tarspay_orders SET
    parked = NULL, attempts = 0, last_error = NULL, doubt = CASE WHEN doubt > 0 AND direction IS NOT NULL THEN 2 ELSE 0 END,
    ask_at = CASE
        WHEN direction IS NOT NULL AND (request_check IS NOT NULL OR doubt > 0 OR ended_at IS NULL)
        THEN (SELECT ms FROM tarspay_now)
    END,
    apply_at = CASE
        WHEN (doubt = 0 OR direction IS NULL) AND ended_at IS NOT NULL AND (state IS NOT applied_state OR paid IS NOT applied_paid)
        THEN (SELECT ms FROM tarspay_now)
    END,
    changed_at = (SELECT ms FROM tarspay_now)
-- Nothing can be done about one that has not ended and that cannot be asked for.
WHERE id = ?1 AND parked IS NOT NULL AND (direction IS NOT NULL OR ended_at IS NOT NULL)

-- name: discard
UPDATE tarspay_orders SET
    parked = NULL, discarded = ?2, request = NULL, pay_url = NULL, pay_data = NULL, doubt = 0, ask_at = NULL,
    apply_at = NULL, lease = lease + 1, leased_until = NULL, changed_at = (SELECT ms FROM tarspay_now)
WHERE id = ?1 AND parked IS NOT NULL

-- name: prune events
WITH head AS (SELECT id, received_at, verdict FROM tarspay_events ORDER BY id LIMIT ?2)
DELETE FROM tarspay_events WHERE id IN (
    SELECT id FROM head WHERE verdict IS NOT NULL AND received_at < (SELECT ms FROM tarspay_now) - ?1
)

-- name: prune orders
DELETE FROM tarspay_orders WHERE id IN (
    SELECT id FROM tarspay_orders
    WHERE apply_at IS NULL AND ask_at IS NULL AND parked IS NULL
        AND changed_at < (SELECT ms FROM tarspay_now) - ?1
    ORDER BY changed_at LIMIT ?2
)

-- name: status
SELECT n.ms AS now,
    (SELECT count(*) FROM tarspay_events WHERE verdict IS NULL) AS accepted,
    (SELECT received_at FROM tarspay_events WHERE verdict IS NULL ORDER BY id LIMIT 1) AS accepted_since,
    (SELECT count(*) FROM tarspay_orders WHERE apply_at IS NOT NULL) AS to_apply,
    (SELECT min(changed_at) FROM tarspay_orders WHERE apply_at IS NOT NULL) AS to_apply_since,
    (SELECT count(*) FROM tarspay_orders WHERE request IS NOT NULL) AS in_doubt,
    (SELECT min(placed_at) FROM tarspay_orders WHERE request IS NOT NULL) AS in_doubt_since,
    (SELECT count(*) FROM tarspay_orders WHERE ended_at IS NULL AND discarded IS NULL) AS open,
    (SELECT min(placed_at) FROM tarspay_orders WHERE ended_at IS NULL AND discarded IS NULL) AS open_since,
    (SELECT count(*) FROM tarspay_orders WHERE parked IS NOT NULL) AS parked,
    (SELECT min(changed_at) FROM tarspay_orders WHERE parked IS NOT NULL) AS parked_since
FROM tarspay_now n
