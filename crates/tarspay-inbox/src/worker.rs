//! Workers: take new events into their orders, apply what is news, and ask for what did not come.

use crate::inbox::{BATCH, Inner, Stored};
use crate::order::{Event, OrderRow, Source, received};
use crate::rules::{self, Schedule, Verdict, millis};
use crate::value::{Row, Value};
use crate::{Error, Fact, Inbox, Tx};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tarspay::types::{Decode as _, DepositRequest, Direction, MerchantOrderNo, WithdrawalRequest};
use tarspay::{Client, Place};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A time that is later than this after the longest wait was planned by a wrong clock.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Applies facts and asks the gateway: see [`Inbox::worker`].
///
/// Any number of workers can run, in any number of processes, and no fact is applied twice.
#[derive(Clone, Debug)]
#[must_use = "a worker does nothing until it runs"]
pub struct Worker {
    inbox: Inbox,
    client: Client,
    concurrency: usize,
    lease: Duration,
    attempts: u32,
    retry: (Duration, Duration),
    poll: Duration,
    asks: usize,
}

impl Inbox {
    /// A worker, which applies facts and asks the gateway for this client's merchant.
    pub fn worker(&self, client: &Client) -> Worker {
        Worker {
            inbox: self.clone(),
            client: client.clone(),
            concurrency: 8,
            lease: Duration::from_secs(60),
            attempts: 8,
            retry: (Duration::from_secs(2), Duration::from_secs(600)),
            poll: Duration::from_secs(1),
            asks: 4,
        }
    }

    /// Takes new events into their orders. Returns whether there may be more.
    async fn fold(&self) -> Result<bool, Error> {
        let engine = &self.0.engine;
        if engine.query("any new", vec![]).await?.is_empty() {
            return Ok(false);
        }
        let mut session = engine.begin(false).await?;
        let rows = session.query(engine.sql("new events"), vec![BATCH.into()]).await?;
        // What cannot be read must not stop the others: its order is parked.
        let (mut events, mut verdicts, mut unreadable) = (Vec::new(), Vec::new(), BTreeMap::new());
        for row in &rows {
            match Event::read(row) {
                Ok(event) => events.push(event),
                Err(error) => {
                    let key: (String, String) = (row.get("merchant_no")?, row.get("number")?);
                    let id: i64 = row.get("id")?;
                    verdicts.push(vec![id.into(), Verdict::Contradiction.as_str().into()]);
                    unreadable.insert(key, format!("the event {id} cannot be read: {error}"));
                }
            }
        }
        if rows.is_empty() {
            // Another worker has them.
            session.commit().await?;
            return Ok(false);
        }
        let key = |event: &Event| (event.merchant_no.clone(), event.number.clone());
        let keys: BTreeMap<_, _> = events.iter().map(|(_, event)| (key(event), event)).collect();
        let named = |event: &Event| vec![event.merchant_no.as_str().into(), event.number.as_str().into()];
        let locked =
            session.query_many(engine.sql("lock many"), keys.values().map(|event| named(event)).collect());
        let mut orders = HashMap::new();
        for row in locked.await? {
            let key = (row.get("merchant_no")?, row.get("number")?);
            match OrderRow::read(&row) {
                Ok(order) => drop(orders.insert(key, order)),
                Err(error) => {
                    drop(unreadable.insert(key, format!("the order's row cannot be read: {error}")));
                }
            }
        }
        // Another worker has locked the others, or they are unknown here.
        let unknown = keys.iter().filter(|(key, _)| !orders.contains_key(*key)).map(|(_, event)| {
            let mut values: Vec<Value> = named(event);
            values.push(event.direction.map(Direction::as_str).into());
            values.push(event.order_amount.into());
            values.push(event.currency.clone().into());
            values
        });
        let no_event =
            unreadable.keys().filter(|key| !keys.contains_key(*key)).map(|(merchant_no, number)| {
                let nothing = || None::<String>.into();
                vec![merchant_no.as_str().into(), number.as_str().into(), nothing(), nothing(), nothing()]
            });
        let unknown: Vec<_> = unknown.chain(no_event).collect();
        let mut added = 0;
        if !unknown.is_empty() {
            added = session.execute_many(engine.sql("unknown order"), unknown).await?;
        }
        for (id, event) in &events {
            if unreadable.contains_key(&key(event)) {
                verdicts.push(vec![(*id).into(), Verdict::Contradiction.as_str().into()]);
            } else if let Some(order) = orders.get_mut(&key(event)) {
                let verdict = rules::fold(order, event, 0, self.0.settings.schedule);
                verdicts.push(vec![(*id).into(), verdict.as_str().into()]);
            }
        }
        let (folded, is_full) = (verdicts.len(), rows.len() == usize::try_from(BATCH).unwrap_or(0));
        if folded > 0 {
            let mut orders: Vec<_> = orders.into_values().collect();
            orders.sort_by_key(|order| order.id);
            let orders: Vec<_> = orders.into_iter().map(OrderRow::into_values).collect();
            if !orders.is_empty() {
                session.execute_many(engine.sql("update order"), orders).await?;
            }
            if !unreadable.is_empty() {
                tracing::error!(reasons = ?unreadable.values(), "orders are parked");
                let parked = unreadable.into_iter().map(|((merchant_no, number), reason)| {
                    vec![merchant_no.into(), number.into(), reason.into()]
                });
                session.execute_many(engine.sql("park"), parked.collect()).await?;
            }
            session.execute_many(engine.sql("verdict"), verdicts).await?;
        }
        session.commit().await?;
        if folded > 0 {
            // There may be facts to apply and queries to send.
            self.0.wake.send_replace(());
        }
        Ok(added > 0 || is_full && folded > 0)
    }
}

impl Worker {
    /// How many facts are applied at once. Default: 8. With SQLite their transactions wait for each
    /// other.
    pub fn concurrency(mut self, facts: usize) -> Self {
        self.concurrency = facts.max(1);
        self
    }

    /// How long a handler has for a fact. Afterwards its future is dropped, its settling fails, and
    /// the attempt has failed. Default: 60 seconds.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// After how many attempts an order is parked. An attempt counts when it begins. Default: 8.
    pub fn attempts(mut self, most: u32) -> Self {
        self.attempts = most.max(1);
        self
    }

    /// The wait after a failed attempt: the first, doubled for each further one, and the longest.
    /// Default: 2 seconds and 10 minutes.
    pub fn retry(mut self, first: Duration, longest: Duration) -> Self {
        self.retry = (first, longest);
        self
    }

    /// How often to look for work of other processes. Work of this process is noticed at once.
    /// Default: 1 second.
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// How many queries are in flight at once. Default: 4. With 0 this worker does not ask.
    pub fn max_in_flight(mut self, queries: usize) -> Self {
        self.asks = queries;
        self
    }

    /// Runs until the future is dropped. What a handler has not settled then is taken up again when
    /// its lease has ended; to stop without that wait use [`run_until`](Self::run_until).
    ///
    /// The handler applies the fact and [settles](Fact) it in one transaction, by any driver. After
    /// an error, a panic, or `Ok` without settling, it gets the order's newest fact again later.
    pub async fn run<H, F, E>(&self, handler: H)
    where
        H: Fn(Fact) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        self.run_until(handler, std::future::pending()).await;
    }

    /// As [`run`](Self::run), until `stop` is ready and the running handlers have ended.
    pub async fn run_until<H, F, E>(&self, handler: H, stop: impl Future<Output = ()>)
    where
        H: Fn(Fact) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let (stopping, until) = watch::channel(false);
        let stop = async move {
            stop.await;
            // The loops hold the other ends.
            let _ = stopping.send(true);
        };
        tokio::join!(
            stop,
            self.folding(Until::Stopped(until.clone())),
            self.applying(handler, Until::Stopped(until.clone())),
            self.asking(Until::Stopped(until))
        );
    }

    /// Applies and asks what is due now, and returns when nothing is left that is due. For tests,
    /// and for jobs that a timer starts.
    pub async fn drain<H, F, E>(&self, handler: H)
    where
        H: Fn(Fact) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.correct_clock().await;
        loop {
            self.fold_all().await;
            let asked = self.asking(Until::Idle).await;
            let handler = Arc::clone(&handler);
            let applied = self.applying(move |fact| handler(fact), Until::Idle).await;
            if asked + applied == 0 {
                return;
            }
        }
    }

    /// As [`run`](Self::run), with a transaction of the inbox for each fact. The handler returns
    /// it, and it is settled and committed.
    pub async fn apply<H, F, E>(&self, handler: H)
    where
        H: Fn(Fact, Tx) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Tx, E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let handler = Arc::new(handler);
        let in_transaction = move |fact: Fact| {
            let handler = Arc::clone(&handler);
            async move {
                let tx = fact.begin().await.map_err(|error| error.to_string())?;
                let tx = handler(fact, tx).await.map_err(|error| error.to_string())?;
                tx.commit().await.map_err(|error| error.to_string())
            }
        };
        self.run(in_transaction).await;
    }

    async fn applying<H, F, E>(&self, handler: H, until: Until) -> usize
    where
        H: Fn(Fact) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let handler = Arc::new(handler);
        let take = |most| -> Taken<'_, Fact> { Box::pin(self.claim(most)) };
        let work = |fact| apply(self.clone(), fact, Arc::clone(&handler));
        self.work_on(self.concurrency, until, take, work).await
    }

    async fn asking(&self, until: Until) -> usize {
        if self.asks == 0 {
            return 0;
        }
        let take = |most| -> Taken<'_, Row> { Box::pin(self.claim_to_ask(most)) };
        let work = |row| ask(self.clone(), row);
        self.work_on(self.asks, until, take, work).await
    }

    /// Takes items and works on at most so many of them at once. Returns how many were taken.
    async fn work_on<'w, T, W>(
        &self,
        most: usize,
        mut until: Until,
        take: impl Fn(usize) -> Taken<'w, T> + Send,
        work: impl Fn(T) -> W + Send,
    ) -> usize
    where
        T: Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let (mut running, mut taken, mut ends) = (JoinSet::new(), 0, false);
        let mut woken = self.inbox.0.wake.subscribe();
        loop {
            // All that have ended, so that many items are claimed at once.
            while running.try_join_next().is_some() {}
            if !ends && running.len() < most {
                match take(most - running.len()).await {
                    Ok(items) => {
                        taken += items.len();
                        for item in items {
                            running.spawn(work(item));
                        }
                    }
                    Err(error) => tracing::error!(%error, "the inbox cannot be read; it is tried again"),
                }
                ends = matches!(until, Until::Idle) && running.is_empty();
            }
            if ends && running.is_empty() {
                return taken;
            }
            let has_room = running.len() < most;
            tokio::select! {
                Some(_) = running.join_next() => {}
                Ok(()) = woken.changed(), if has_room && !ends => {}
                () = sleep(self.poll), if has_room && !ends => {}
                () = until.stopped(), if !ends => ends = true,
            }
        }
    }

    async fn fold_all(&self) {
        loop {
            match self.inbox.fold().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return tracing::error!(%error, "events cannot be taken into their orders"),
            }
        }
    }

    /// Makes due what a clock that was ahead has planned.
    async fn correct_clock(&self) {
        let Inner { engine, settings, .. } = &*self.inbox.0;
        let Schedule { open, ended } = settings.schedule;
        let longest = [self.lease, self.retry.1, settings.placing, open.0, open.1, ended.0].into_iter().max();
        let limit = DAY.saturating_add(longest.unwrap_or(DAY));
        let parameters = vec![self.client.merchant_no().as_str().into(), millis(limit).into()];
        if let Err(error) = engine.execute("correct clock", parameters).await {
            tracing::error!(%error, "times that a wrong clock has planned cannot be corrected");
        }
    }

    /// Takes new events into their orders, also while every handler is busy.
    async fn folding(&self, mut until: Until) {
        let mut woken = self.inbox.0.wake.subscribe();
        self.correct_clock().await;
        loop {
            self.fold_all().await;
            tokio::select! {
                Ok(()) = woken.changed() => {}
                () = sleep(self.poll) => {}
                () = until.stopped() => return,
            }
        }
    }

    async fn claim(&self, most: usize) -> Result<Vec<Fact>, Error> {
        let parameters = vec![
            i64::try_from(most).unwrap_or(i64::MAX).into(),
            i64::from(self.attempts).into(),
            millis(self.lease).into(),
        ];
        let mut facts = Vec::new();
        for row in self.inbox.0.engine.query("claim", parameters).await? {
            match row.get::<Option<String>>("parked")? {
                Some(reason) => {
                    let number: String = row.get("number")?;
                    tracing::error!(order = number, reason, "an order is parked");
                }
                // A row that cannot be read must not stop the others. It is parked like one whose
                // handler fails.
                None => match Fact::read(&self.inbox, &row) {
                    Ok(fact) => facts.push(fact),
                    Err(error) => {
                        tracing::error!(id = row.get::<i64>("id").ok(), %error, "an order cannot be read");
                    }
                },
            }
        }
        Ok(facts)
    }

    async fn claim_to_ask(&self, most: usize) -> Result<Vec<Row>, Error> {
        let parameters = vec![
            self.client.merchant_no().as_str().into(),
            i64::try_from(most).unwrap_or(i64::MAX).into(),
            millis(self.inbox.0.settings.placing).into(),
        ];
        self.inbox.0.engine.query("claim to ask", parameters).await
    }
}

type Taken<'a, T> = Pin<Box<dyn Future<Output = Result<Vec<T>, Error>> + Send + 'a>>;

/// When a loop ends.
enum Until {
    /// Nothing is due.
    Idle,
    Stopped(watch::Receiver<bool>),
}

impl Until {
    async fn stopped(&mut self) {
        match self {
            Self::Idle => std::future::pending().await,
            // An error means that the sender was dropped after it has sent.
            Self::Stopped(stopped) => drop(stopped.wait_for(|stopped| *stopped).await),
        }
    }
}

async fn apply<H, F, E>(worker: Worker, fact: Fact, handler: Arc<H>)
where
    H: Fn(Fact) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: fmt::Display + Send + 'static,
{
    let (id, lease, attempt) = (fact.id(), fact.lease(), fact.attempt());
    let number = fact.merchant_order_no().clone();
    // A task of its own, so that a panic is an error; in a set, so that it ends with the worker.
    let mut task = JoinSet::new();
    task.spawn(async move { handler(fact).await.map_err(|error| error.to_string()) });
    let text = match timeout(worker.lease, task.join_next()).await {
        Ok(Some(Ok(Ok(())))) => "the handler returned without a committed settle statement".to_owned(),
        Ok(Some(Ok(Err(text)))) => text.chars().take(500).collect(),
        Ok(_) => "the handler panicked".to_owned(),
        Err(_) => "the handler did not end within its lease".to_owned(),
    };
    // One that still runs cannot settle any more.
    drop(task);
    // The first wait, doubled for each further attempt.
    let (shortest, longest) = worker.retry;
    let doubled = shortest.saturating_mul(1 << u32::try_from(attempt - 1).unwrap_or(0).min(20));
    let parameters = vec![
        id.into(),
        lease.into(),
        text.as_str().into(),
        i64::from(worker.attempts).into(),
        millis(doubled.min(longest)).into(),
    ];
    // Changes nothing if it was settled, or if the lease was lost.
    match worker.inbox.0.engine.query("failed", parameters).await {
        Ok(rows) => match rows.first().map(|row| row.get::<Option<String>>("parked")) {
            Some(Ok(Some(reason))) => tracing::error!(order = %number, reason, "an order is parked"),
            Some(_) => tracing::warn!(order = %number, attempt, error = text, "a fact was not applied"),
            None => {}
        },
        Err(error) => tracing::error!(order = %number, %error, "an attempt cannot be closed; its lease ends"),
    }
}

/// Asks for an order, or places it if nobody knows whether it was.
async fn ask(worker: Worker, row: Row) {
    if let Err(error) = asked(&worker, &row).await {
        let number = row.get::<String>("number").unwrap_or_default();
        tracing::warn!(order = number, %error, "no answer about an order; it is asked for again");
    }
}

async fn asked(worker: &Worker, row: &Row) -> Result<(), Error> {
    let Worker { inbox, client, .. } = worker;
    let id: i64 = row.get("id")?;
    let Some(direction) = row.get::<Option<String>>("direction")? else {
        inbox.learn(id, None, 0, |_| ()).await?;
        return Ok(());
    };
    let direction: Direction = direction.parse().map_err(Error::damaged)?;
    if let Some(request) = row.get::<Option<String>>("request")? {
        return match direction {
            Direction::Deposit => {
                let request = DepositRequest::from_json(&request).map_err(Error::damaged)?;
                resume(worker, &request, client.resume_deposit(&request), id).await
            }
            Direction::Withdrawal => {
                let request = WithdrawalRequest::from_json(&request).map_err(Error::damaged)?;
                resume(worker, &request, client.resume_withdrawal(&request), id).await
            }
        };
    }
    let (merchant_no, number): (String, String) = (row.get("merchant_no")?, row.get("number")?);
    let merchant_order_no: MerchantOrderNo = received(number.clone())?;
    match client.query_order(direction, merchant_order_no).await {
        Ok(order) => {
            let event = Event::of_response(Source::Query, (merchant_no, number), direction, order)?;
            inbox.learn(id, Some(event), row.get("doubt")?, |_| ()).await?;
        }
        // It is never failed because nobody answered.
        Err(error) => {
            tracing::warn!(order = number, %error, "no answer about an order; it is asked for again");
            inbox.learn(id, None, 0, |_| ()).await?;
        }
    }
    Ok(())
}

async fn resume<R: Stored>(worker: &Worker, request: &R, place: Place<'_, R>, id: i64) -> Result<(), Error> {
    match worker.inbox.finish_placing(&worker.client, request, place, id).await {
        // These are results, which the row has.
        Err(error)
            if error.gateway_error().is_none() && !matches!(error.kind(), crate::ErrorKind::Parked) =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}
