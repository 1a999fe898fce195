-- The statements for PostgreSQL, by name. Times are milliseconds since 1970, amounts are text.
-- `sqlite.sql` has the same names in the same order. Which state follows which is decided in Rust,
-- by `OrderStatus::news_after`.

-- name: version
SELECT version FROM tarspay_schema

-- name: migration 1
-- The clock of the database. A simulation replaces this view.
CREATE VIEW tarspay_now AS SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms;

-- What the gateway has said. Only `verdict` is written later, once.
CREATE TABLE tarspay_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    source TEXT NOT NULL CHECK (source IN ('callback', 'query', 'placing')),
    merchant_no TEXT NOT NULL,
    number TEXT NOT NULL,
    direction TEXT,
    pay_order_id TEXT,
    state BIGINT NOT NULL,
    pay_amount TEXT,
    order_amount TEXT,
    currency TEXT,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    verdict TEXT CHECK (verdict IN ('news', 'superseded', 'contradiction'))
);
CREATE INDEX tarspay_events_new ON tarspay_events (id) WHERE verdict IS NULL;

CREATE TABLE tarspay_orders (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_no TEXT NOT NULL,
    number TEXT NOT NULL,
    direction TEXT,
    amount TEXT,
    currency TEXT,
    request TEXT,           -- until the order is known to exist
    placings BIGINT NOT NULL DEFAULT 0, -- how many placings were begun
    placing_until BIGINT,  -- when the last of those that have not ended is given up
    others_until BIGINT,   -- the same when the newest began; NULL if all had ended
    request_check BIGINT,  -- 16 bits of its digest; NULL for an order that was not placed here
    pay_order_id TEXT,
    pay_url TEXT,           -- until the order has ended
    pay_data TEXT,
    state BIGINT NOT NULL DEFAULT 0,
    paid TEXT,
    applied_state BIGINT,
    applied_paid TEXT,
    applied_count BIGINT NOT NULL DEFAULT 0,
    claimed_state BIGINT,  -- what the running handler applies
    claimed_paid TEXT,
    lease BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    apply_at BIGINT,       -- NULL: nothing to apply
    ask_at BIGINT,         -- NULL: nothing to ask
    doubt BIGINT NOT NULL DEFAULT 0,   -- 1: ask about a contradiction; 2: believe what the gateway says next
    refusal TEXT,
    parked TEXT,
    discarded TEXT,
    placed_at BIGINT NOT NULL,
    ended_at BIGINT,
    changed_at BIGINT NOT NULL,
    UNIQUE (merchant_no, number)
);
CREATE INDEX tarspay_orders_apply ON tarspay_orders (apply_at) WHERE apply_at IS NOT NULL;
CREATE INDEX tarspay_orders_ask ON tarspay_orders (merchant_no, ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX tarspay_orders_in_doubt ON tarspay_orders (placed_at) WHERE request IS NOT NULL;
CREATE INDEX tarspay_orders_open ON tarspay_orders (placed_at)
    WHERE ended_at IS NULL AND discarded IS NULL;
CREATE INDEX tarspay_orders_parked ON tarspay_orders (changed_at) WHERE parked IS NOT NULL;
CREATE INDEX tarspay_orders_done ON tarspay_orders (changed_at)
    WHERE apply_at IS NULL AND ask_at IS NULL AND parked IS NULL;

CREATE VIEW tarspay_settle AS SELECT id, lease FROM tarspay_orders WHERE leased_until IS NOT NULL;

-- An exception rolls the transaction back, unless the statement is in a savepoint, to which a
-- driver can roll back and then commit the rest. There the connection is ended, which rolls back
-- everything: after a lost lease, and after every other error, such as a serialization failure, a
-- timeout, or a right that the role does not have.
CREATE FUNCTION tarspay_settle_insert() RETURNS trigger LANGUAGE plpgsql AS $settle$
DECLARE
    said text := 'tarspay: the lease of this order was lost, so the transaction is rolled back';
    code text := 'raise_exception';
    written_by bigint;
BEGIN
    BEGIN
        UPDATE tarspay_orders SET
            applied_state = claimed_state,
            applied_paid = claimed_paid,
            applied_count = applied_count + 1,
            leased_until = NULL,
            attempts = 0,
            last_error = NULL,
            apply_at = CASE
                WHEN parked IS NULL AND discarded IS NULL AND doubt = 0
                    AND (state IS DISTINCT FROM claimed_state OR paid IS DISTINCT FROM claimed_paid)
                    THEN (SELECT ms FROM tarspay_now)
            END,
            changed_at = (SELECT ms FROM tarspay_now)
        WHERE id = NEW.id AND lease = NEW.lease AND leased_until > (SELECT ms FROM tarspay_now);
        IF FOUND THEN
            RETURN NEW;
        END IF;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        said := 'tarspay: the order cannot be settled, so the transaction is rolled back: ' || SQLERRM;
        code := SQLSTATE;
    END;
    -- What a savepoint writes has another number than the transaction. Where that cannot be found
    -- out, there may be one.
    BEGIN
        INSERT INTO tarspay_schema (version) VALUES (0) RETURNING xmin::text::bigint INTO written_by;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        RAISE WARNING 'tarspay: this role cannot write to tarspay_schema: %', SQLERRM;
    END;
    IF written_by IS NOT NULL THEN
        INSERT INTO tarspay_schema (version) VALUES (0) RETURNING xmin::text::bigint INTO written_by;
    END IF;
    IF written_by = txid_current() % 4294967296 THEN
        RAISE EXCEPTION USING MESSAGE = said, ERRCODE = code;
    END IF;
    RAISE WARNING '%', said;
    -- After SET ROLE the role may not end the connection; the one that has logged in may.
    BEGIN
        RESET SESSION AUTHORIZATION;
        SET LOCAL ROLE NONE;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(10);
    RAISE EXCEPTION USING MESSAGE = said, ERRCODE = code;
END
$settle$;
-- Whatever the search path of the session that settles.
DO $path$ BEGIN
    EXECUTE format('ALTER FUNCTION tarspay_settle_insert() SET search_path = %I, pg_temp', current_schema());
END $path$;
CREATE TRIGGER tarspay_settle_insert INSTEAD OF INSERT ON tarspay_settle
    FOR EACH ROW EXECUTE FUNCTION tarspay_settle_insert();

-- name: begin
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE

-- name: migrate lock
SELECT pg_advisory_xact_lock(hashtext('tarspay_inbox'));
CREATE TABLE IF NOT EXISTS tarspay_schema (version BIGINT NOT NULL);
INSERT INTO tarspay_schema SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM tarspay_schema);

-- name: migrated
UPDATE tarspay_schema SET version = $1

-- name: register
INSERT INTO tarspay_orders
    (merchant_no, number, direction, amount, currency, request, request_check, ask_at, placings, placing_until,
     placed_at, changed_at)
SELECT $1, $2, $3, $4, $5, $6, $7, ms + $8, 1, ms + $8, ms, ms FROM tarspay_now WHERE true
-- An order that only a callback has named so far is taken up.
ON CONFLICT (merchant_no, number) DO UPDATE SET
    direction = excluded.direction, amount = excluded.amount, currency = excluded.currency,
    request = excluded.request, request_check = excluded.request_check, ask_at = excluded.ask_at,
    placings = excluded.placings, placing_until = excluded.placing_until, parked = NULL, discarded = NULL
    WHERE tarspay_orders.request_check IS NULL
RETURNING id

-- name: begin placing
-- A time that is further ahead than $2 was written by a clock that has been corrected.
UPDATE tarspay_orders SET
    placings = placings + 1,
    others_until = CASE
        WHEN placing_until > (SELECT ms FROM tarspay_now) AND placing_until <= (SELECT ms FROM tarspay_now) + $2
        THEN placing_until
    END,
    placing_until = (SELECT ms FROM tarspay_now) + $2
WHERE id = $1 AND request IS NOT NULL
RETURNING placings

-- name: find
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n WHERE o.merchant_no = $1 AND o.number = $2

-- name: lock
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n WHERE o.id = $1 FOR UPDATE OF o

-- name: lock many
SELECT o.*, n.ms AS now
FROM unnest($1::text[], $2::text[]) AS k (merchant_no, number)
JOIN tarspay_orders o ON o.merchant_no = k.merchant_no AND o.number = k.number, tarspay_now n
FOR UPDATE OF o SKIP LOCKED

-- name: accept
INSERT INTO tarspay_events
    (digest, source, merchant_no, number, direction, pay_order_id, state, pay_amount, order_amount, currency, body,
     received_at)
SELECT u.*, n.ms
FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
    $9::text[], $10::text[], $11::bytea[]) AS u, tarspay_now n
-- Two equal part payments look like one callback that came twice, so it has the order asked for
-- again.
ON CONFLICT (digest) DO UPDATE SET verdict = NULL
    WHERE tarspay_events.state = 9 AND tarspay_events.source = 'callback'

-- name: record
INSERT INTO tarspay_events
    (digest, source, merchant_no, number, direction, pay_order_id, state, pay_amount, order_amount, currency, body,
     received_at, verdict)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, ms, $12 FROM tarspay_now WHERE true
ON CONFLICT (digest) DO NOTHING

-- name: any new
SELECT 1 AS one FROM tarspay_events WHERE verdict IS NULL LIMIT 1

-- name: new events
SELECT id, merchant_no, number, direction, pay_order_id, state, pay_amount, order_amount, currency
FROM tarspay_events WHERE verdict IS NULL ORDER BY id LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: unknown order
INSERT INTO tarspay_orders (merchant_no, number, direction, amount, currency, placed_at, parked, changed_at)
SELECT u.*, n.ms, 'it was not placed through this inbox', n.ms
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS u (merchant_no, number), tarspay_now n
-- One that another worker has locked is known. A conflict would use up a number.
WHERE NOT EXISTS (SELECT 1 FROM tarspay_orders o WHERE o.merchant_no = u.merchant_no AND o.number = u.number)
ON CONFLICT (merchant_no, number) DO NOTHING

-- name: update order
UPDATE tarspay_orders o SET
    request = u.request, pay_order_id = u.pay_order_id, pay_url = u.pay_url, pay_data = u.pay_data, state = u.state,
    paid = u.paid, attempts = u.attempts, apply_at = u.apply_at, ask_at = u.ask_at, doubt = u.doubt,
    refusal = u.refusal, parked = u.parked, discarded = u.discarded, ended_at = u.ended_at, changed_at = u.changed_at,
    placing_until = u.placing_until
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::bigint[], $17::bigint[])
    AS u (id, request, pay_order_id, pay_url, pay_data, state, paid, attempts, apply_at, ask_at, doubt, refusal, parked,
        discarded, ended_at, changed_at, placing_until)
WHERE o.id = u.id

-- name: park
UPDATE tarspay_orders o SET
    parked = u.reason, doubt = 1, apply_at = NULL, ask_at = NULL, changed_at = (SELECT ms FROM tarspay_now)
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (merchant_no, number, reason)
WHERE o.merchant_no = u.merchant_no AND o.number = u.number

-- name: verdict
UPDATE tarspay_events e SET verdict = u.verdict FROM unnest($1::bigint[], $2::text[]) AS u (id, verdict)
WHERE e.id = u.id

-- name: claim
-- The attempt is counted here, so that a handler that kills its process is parked too.
WITH due AS MATERIALIZED (
    SELECT id FROM tarspay_orders WHERE apply_at <= (SELECT ms FROM tarspay_now) ORDER BY apply_at LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE tarspay_orders SET
    lease = lease + 1,
    attempts = least(attempts + 1, $2),
    leased_until = CASE WHEN attempts < $2 THEN (SELECT ms FROM tarspay_now) + $3 END,
    apply_at = CASE WHEN attempts < $2 THEN (SELECT ms FROM tarspay_now) + $3 END,
    parked = CASE WHEN attempts >= $2
        THEN 'none of ' || attempts || ' attempts ended: ' || coalesce(last_error, 'the handler never returned') END,
    changed_at = CASE WHEN attempts >= $2 THEN (SELECT ms FROM tarspay_now) ELSE changed_at END,
    claimed_state = state,
    claimed_paid = paid
WHERE id IN (SELECT id FROM due)
RETURNING *

-- name: failed
UPDATE tarspay_orders SET
    leased_until = NULL,
    last_error = $3,
    parked = CASE WHEN attempts >= $4 THEN 'the handler failed ' || attempts || ' times: ' || $3 ELSE parked END,
    apply_at = CASE WHEN attempts < $4 AND apply_at IS NOT NULL THEN (SELECT ms FROM tarspay_now) + $5 END,
    changed_at = CASE WHEN attempts >= $4 THEN (SELECT ms FROM tarspay_now) ELSE changed_at END
WHERE id = $1 AND lease = $2 AND leased_until IS NOT NULL
RETURNING parked

-- name: claim to ask
WITH due AS MATERIALIZED (
    SELECT id FROM tarspay_orders
    WHERE merchant_no = $1 AND ask_at <= (SELECT ms FROM tarspay_now) ORDER BY ask_at LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE tarspay_orders SET ask_at = (SELECT ms FROM tarspay_now) + $3 WHERE id IN (SELECT id FROM due)
RETURNING *

-- name: correct clock
-- What is planned for later than any setting says was planned by a clock that was ahead.
UPDATE tarspay_orders SET
    ask_at = CASE WHEN ask_at > (SELECT ms FROM tarspay_now) + $2 THEN (SELECT ms FROM tarspay_now) ELSE ask_at END,
    apply_at = CASE WHEN apply_at > (SELECT ms FROM tarspay_now) + $2 THEN (SELECT ms FROM tarspay_now) ELSE apply_at END,
    leased_until = CASE WHEN leased_until > (SELECT ms FROM tarspay_now) + $2 THEN NULL ELSE leased_until END
WHERE merchant_no = $1 AND ask_at > (SELECT ms FROM tarspay_now) + $2 OR apply_at > (SELECT ms FROM tarspay_now) + $2

-- name: settle
INSERT INTO tarspay_settle (id, lease) VALUES ($1, $2)

-- name: parked
SELECT o.*, n.ms AS now FROM tarspay_orders o, tarspay_now n
WHERE o.parked IS NOT NULL ORDER BY o.changed_at, o.id LIMIT $1

-- name: replay
UPDATE tarspay_orders SET
    parked = NULL, attempts = 0, last_error = NULL, doubt = CASE WHEN doubt > 0 AND direction IS NOT NULL THEN 2 ELSE 0 END,
    ask_at = CASE
        WHEN direction IS NOT NULL AND (request_check IS NOT NULL OR doubt > 0 OR ended_at IS NULL)
        THEN (SELECT ms FROM tarspay_now)
    END,
    apply_at = CASE
        WHEN (doubt = 0 OR direction IS NULL) AND ended_at IS NOT NULL AND (state IS DISTINCT FROM applied_state OR paid IS DISTINCT FROM applied_paid)
        THEN (SELECT ms FROM tarspay_now)
    END,
    changed_at = (SELECT ms FROM tarspay_now)
-- Nothing can be done about one that has not ended and that cannot be asked for.
WHERE id = $1 AND parked IS NOT NULL AND (direction IS NOT NULL OR ended_at IS NOT NULL)

-- name: discard
UPDATE tarspay_orders SET
    parked = NULL, discarded = $2, request = NULL, pay_url = NULL, pay_data = NULL, doubt = 0, ask_at = NULL,
    apply_at = NULL, lease = lease + 1, leased_until = NULL, changed_at = (SELECT ms FROM tarspay_now)
WHERE id = $1 AND parked IS NOT NULL

-- name: prune events
-- The verdict is that under the lock: a repeated part payment has it decided again.
WITH head AS (SELECT id, received_at FROM tarspay_events ORDER BY id LIMIT $2)
DELETE FROM tarspay_events WHERE id IN (
    SELECT e.id FROM tarspay_events e JOIN head h ON h.id = e.id
    WHERE e.verdict IS NOT NULL AND h.received_at < (SELECT ms FROM tarspay_now) - $1
    FOR UPDATE OF e SKIP LOCKED
)

-- name: prune orders
DELETE FROM tarspay_orders WHERE id IN (
    SELECT id FROM tarspay_orders
    WHERE apply_at IS NULL AND ask_at IS NULL AND parked IS NULL
        AND changed_at < (SELECT ms FROM tarspay_now) - $1
    ORDER BY changed_at LIMIT $2
    FOR UPDATE SKIP LOCKED
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
