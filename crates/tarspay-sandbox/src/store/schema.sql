-- What the sandbox keeps. Amounts are exact decimal text, times Unix milliseconds of the sandbox's clock.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE merchants (
    merchant_no TEXT PRIMARY KEY,
    -- What the balance query is about; none before the first use of a currency.
    currency TEXT,
    status INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    public_key TEXT PRIMARY KEY,
    merchant_no TEXT NOT NULL REFERENCES merchants,
    bound_ip TEXT,
    expires_at INTEGER,
    disabled INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The currency is empty for money that was set before the merchant's first use of a currency.
CREATE TABLE balances (
    merchant_no TEXT NOT NULL REFERENCES merchants,
    currency TEXT NOT NULL,
    available TEXT NOT NULL,
    frozen TEXT NOT NULL,
    PRIMARY KEY (merchant_no, currency)
) STRICT, WITHOUT ROWID;

-- The merchant is empty in the fees of a whole currency.
CREATE TABLE fees (
    merchant_no TEXT NOT NULL,
    currency TEXT NOT NULL,
    direction INTEGER NOT NULL,
    fixed TEXT NOT NULL,
    basis_points INTEGER NOT NULL,
    PRIMARY KEY (merchant_no, currency, direction)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    pay_order_id TEXT NOT NULL UNIQUE,
    merchant_no TEXT NOT NULL REFERENCES merchants,
    merchant_order_no TEXT NOT NULL,
    direction INTEGER NOT NULL CHECK (direction IN (1, 2)),
    way_code TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    pay_amount TEXT NOT NULL,
    fee TEXT NOT NULL,
    state INTEGER NOT NULL,
    fail_reason TEXT,
    notify_url TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    expires_at INTEGER,
    -- The payer's transaction; in India the UTR.
    trx_id TEXT,
    request TEXT NOT NULL,
    UNIQUE (merchant_no, merchant_order_no)
) STRICT;

CREATE INDEX orders_by_expiry ON orders (expires_at) WHERE state IN (0, 1) AND expires_at IS NOT NULL;
CREATE INDEX orders_by_trx_id ON orders (trx_id) WHERE trx_id IS NOT NULL;

CREATE TABLE order_events (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders,
    at INTEGER NOT NULL,
    from_state INTEGER,
    to_state INTEGER NOT NULL,
    pay_amount TEXT NOT NULL,
    reason TEXT
) STRICT;

CREATE INDEX order_events_by_order ON order_events (order_id);

-- Money of payers that has reached the gateway, by the reference of their bank or wallet.
CREATE TABLE transfers (
    reference TEXT PRIMARY KEY,
    amount TEXT NOT NULL,
    order_id INTEGER REFERENCES orders,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Status: 0 due, 1 delivered, 2 parked, 3 not deliverable. A number is never used again, not even after a reset: one
-- may be under way then.
CREATE TABLE callbacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id INTEGER NOT NULL REFERENCES orders,
    state INTEGER NOT NULL,
    url TEXT NOT NULL,
    receiver TEXT NOT NULL,
    body TEXT NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX callbacks_by_order ON callbacks (order_id);
CREATE INDEX callbacks_due ON callbacks (next_at) WHERE status = 0;

CREATE TABLE callback_attempts (
    id INTEGER PRIMARY KEY,
    callback_id INTEGER NOT NULL REFERENCES callbacks,
    at INTEGER NOT NULL,
    http_status INTEGER,
    response TEXT,
    error TEXT,
    signature TEXT NOT NULL
) STRICT;

CREATE INDEX callback_attempts_by_callback ON callback_attempts (callback_id);

-- What is played with orders to come, the first one first.
CREATE TABLE scenarios (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- JSON.
    scenario TEXT NOT NULL,
    -- How many orders it has taken.
    taken INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What a scenario will do to an order. A step that is done, or was not possible, is no longer here.
CREATE TABLE planned_steps (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders,
    scenario TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- JSON.
    step TEXT NOT NULL
) STRICT;

CREATE INDEX planned_steps_by_time ON planned_steps (at, id);
CREATE INDEX planned_steps_by_order ON planned_steps (order_id, at, id);

-- What will go wrong with the calls and callbacks of an order; how often yet, for ever if null.
CREATE TABLE planned_faults (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders,
    scenario TEXT NOT NULL,
    -- JSON.
    fault TEXT NOT NULL,
    times_left INTEGER
) STRICT;

CREATE INDEX planned_faults_by_order ON planned_faults (order_id, id);
