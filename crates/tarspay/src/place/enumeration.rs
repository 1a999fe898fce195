//! Every sequence of up to four faults, played against the state machine in memory: five with a
//! single attempt, two at a gateway that refuses every order.
//!
//! The world beside the machine is a gateway with one order number, copies of requests on their
//! way, and a clock. At each action the search goes through everything that can happen; what is not
//! the plain course costs one fault.

use super::machine::{Action, Attempt, Conclusion, Event, LookedUp, Machine, Settings};
use crate::RetryPolicy;
use std::collections::BTreeMap;
use std::time::Duration;

const QUIET: Duration = Duration::from_secs(5);
/// The assumption: what was sent has arrived, and is seen by look-ups, within the quiet time.
const LATE: Duration = Duration::from_millis(2_400);
const STALE: Duration = Duration::from_millis(2_500);
const PROMPT: Duration = Duration::from_millis(100);
const STALL: Duration = Duration::from_secs(60);

/// What the gateway does with a request that reaches it, apart from all faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gateway {
    Accepts,
    /// Refuses the request itself, each time.
    RefusesRequest,
    /// Has no balance for it.
    RefusesByHistory,
    /// Does not know the key.
    RefusesSignature,
    /// Has had an order of this number for long.
    HasTheNumber,
    /// Takes a number as often as it comes, in spite of what is inferred.
    TakesNumbersTwice,
}

impl Gateway {
    /// Whether an order can come of a request.
    fn stores(self) -> bool {
        matches!(self, Self::Accepts | Self::HasTheNumber | Self::TakesNumbersTwice)
    }
}

#[derive(Clone, Debug)]
struct World {
    gateway: Gateway,
    now: Duration,
    /// When the orders were stored.
    orders: Vec<Duration>,
    /// When copies will land.
    on_their_way: Vec<Duration>,
}

/// What happens to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Plain,
    NotSent,
    /// Lost on the way.
    Lost,
    /// The request arrives, its response does not; after a while or after all the time there is.
    ResponseLost,
    Stalls,
    /// The request arrives after the client has given up.
    LandsLate,
    /// Two copies arrive, and the client sees the refusal of the second; the first is stored at
    /// once or late.
    Twice(Attempt),
    TwiceLate(Attempt),
    /// The gateway reports trouble before or after it has stored the order.
    Trouble,
    TroubleAfterActing,
    /// The response names another order, or none.
    AboutSomethingElse,
    /// This one is refused for its own sake: the payment method is closed for a while.
    RefusedItself,
}

const SENDINGS: [Sending; 15] = [
    Sending::NotSent,
    Sending::Lost,
    Sending::ResponseLost,
    Sending::Stalls,
    Sending::LandsLate,
    Sending::Twice(Attempt::RefusedByHistory),
    Sending::Twice(Attempt::AccessRefused),
    Sending::Twice(Attempt::Trouble),
    Sending::TwiceLate(Attempt::RefusedByHistory),
    Sending::TwiceLate(Attempt::AccessRefused),
    Sending::TwiceLate(Attempt::Trouble),
    Sending::Trouble,
    Sending::TroubleAfterActing,
    Sending::AboutSomethingElse,
    Sending::RefusedItself,
];

/// What happens to a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    Plain,
    /// The order is stored, and the response does not show it yet.
    Stale,
    Lost,
    Stalls,
    /// A second copy of the query is refused for its nonce.
    SignatureRefused,
}

const ASKINGS: [Asking; 4] = [Asking::Stale, Asking::Lost, Asking::Stalls, Asking::SignatureRefused];

impl World {
    fn new(gateway: Gateway) -> Self {
        let orders = if gateway == Gateway::HasTheNumber { vec![Duration::ZERO] } else { Vec::new() };
        Self { gateway, now: Duration::from_secs(1_000), orders, on_their_way: Vec::new() }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let now = self.now;
        let landed = self.on_their_way.extract_if(.., |at| *at <= now).collect::<Vec<_>>();
        for at in landed {
            self.arrives(at);
        }
    }

    /// One copy reaches the gateway.
    fn arrives(&mut self, at: Duration) -> Attempt {
        match self.gateway {
            Gateway::RefusesRequest => Attempt::Refused,
            Gateway::RefusesSignature => Attempt::AccessRefused,
            Gateway::TakesNumbersTwice => {
                self.orders.push(at);
                Attempt::Created
            }
            Gateway::Accepts | Gateway::HasTheNumber if self.orders.is_empty() => {
                self.orders.push(at);
                Attempt::Created
            }
            Gateway::Accepts | Gateway::HasTheNumber | Gateway::RefusesByHistory => Attempt::RefusedByHistory,
        }
    }

    fn attempt(&mut self, sending: Sending, within: Option<Duration>) -> Attempt {
        let outcome = match sending {
            Sending::Plain => self.arrives(self.now),
            Sending::NotSent => Attempt::NotSent,
            Sending::ResponseLost | Sending::Stalls | Sending::AboutSomethingElse => {
                self.arrives(self.now);
                Attempt::Unclear
            }
            // What the gateway says to every copy meets the second like the first.
            Sending::Twice(_) | Sending::TwiceLate(_) if !self.gateway.stores() => self.arrives(self.now),
            Sending::Twice(second) => {
                self.arrives(self.now);
                second
            }
            Sending::TwiceLate(second) => second,
            Sending::Lost | Sending::LandsLate => Attempt::Unclear,
            Sending::Trouble => Attempt::Trouble,
            Sending::RefusedItself => Attempt::Refused,
            Sending::TroubleAfterActing => {
                self.arrives(self.now);
                Attempt::Trouble
            }
        };
        let takes = if sending == Sending::Stalls { STALL } else { PROMPT };
        self.pass(within.map_or(takes, |within| within.min(takes)));
        if matches!(sending, Sending::LandsLate | Sending::TwiceLate(_)) && self.gateway.stores() {
            self.on_their_way.push(self.now + LATE);
        }
        outcome
    }

    /// `None` if this cannot happen now.
    fn look_up(&mut self, asking: Asking, within: Option<Duration>) -> Option<LookedUp> {
        let asked_at = self.now;
        let found = self.orders.first().copied();
        let takes = if asking == Asking::Stalls { STALL } else { PROMPT };
        self.pass(within.map_or(takes, |within| within.min(takes)));
        Some(match asking {
            _ if within == Some(Duration::ZERO) => LookedUp::NoResponse,
            Asking::Lost | Asking::Stalls => LookedUp::NoResponse,
            Asking::SignatureRefused => LookedUp::AccessRefused,
            _ if self.gateway == Gateway::RefusesSignature => LookedUp::AccessRefused,
            Asking::Plain if found.is_some() => LookedUp::Found,
            Asking::Plain => LookedUp::NotFound,
            Asking::Stale => {
                return found.filter(|stored| asked_at < *stored + STALE).map(|_| LookedUp::NotFound);
            }
        })
    }
}

/// One world, one policy; the search branches by cloning.
#[derive(Clone)]
struct Course {
    world: World,
    machine: Machine,
    begun: Duration,
    settings: Settings,
    faults_left: u32,
    faultless: bool,
    /// A copy that something on the way has made arrived; then not even a careful client can
    /// prevent a second order where numbers are taken twice.
    copied: bool,
    history: Vec<Step>,
}

/// For the message of a failure.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "read by Debug alone")]
enum Step {
    Sent(Sending),
    LookedUp(Asking),
    Slept(Duration),
    NoBudget,
    Dropped,
}

#[derive(Default)]
struct Tally {
    sequences: u64,
    conclusions: BTreeMap<(Gateway, String), u64>,
}

fn explore(mut course: Course, action: Action, tally: &mut Tally) {
    assert!(course.history.len() < 100, "it goes on for ever");
    match action {
        Action::Done(conclusion) => {
            judge(&course, conclusion);
            tally.sequences += 1;
            *tally.conclusions.entry((course.world.gateway, format!("{conclusion:?}"))).or_default() += 1;
        }
        Action::Sleep(time) => {
            assert!(time < Duration::from_secs(60), "{time:?}");
            cancel(&course, tally);
            course.world.pass(time);
            course.history.push(Step::Slept(time));
            go_on(&course, Event::Slept, tally);
        }
        Action::Send { within } => {
            assert!(course.may_send(), "sent again although it may exist");
            cancel(&course, tally);
            for sending in std::iter::once(Sending::Plain).chain(SENDINGS) {
                let mut course = course.clone();
                if sending != Sending::Plain && !course.fault() {
                    break;
                }
                course.history.push(Step::Sent(sending));
                course.copied |= matches!(sending, Sending::Twice(_) | Sending::TwiceLate(_));
                let outcome = course.world.attempt(sending, within);
                // The future is dropped before it learns what came of it.
                cancel(&course, tally);
                go_on(&course, Event::Sent { outcome, retry_after: None }, tally);
            }
        }
        Action::LookUp { within } => {
            cancel(&course, tally);
            for asking in std::iter::once(Asking::Plain).chain(ASKINGS) {
                let mut course = course.clone();
                if asking != Asking::Plain && !course.fault() {
                    break;
                }
                course.history.push(Step::LookedUp(asking));
                if let Some(outcome) = course.world.look_up(asking, within) {
                    go_on(&course, Event::LookedUp { outcome, retry_after: None }, tally);
                }
            }
        }
    }
}

/// The next step, once with an attempt in the retry budget and, for one fault, once without.
fn go_on(course: &Course, event: Event, tally: &mut Tally) {
    let now = course.world.now.saturating_sub(course.begun);
    for budget in [true, false] {
        let mut course = course.clone();
        let mut asked = false;
        let action = course.machine.step(event, now, 7_000_000, || {
            asked = true;
            budget
        });
        if !budget {
            if !asked || !course.fault() {
                return;
            }
            course.history.push(Step::NoBudget);
        }
        explore(course, action, tally);
    }
}

/// The placing is dropped here, and taken up again at once by somebody who knows no more than that.
fn cancel(course: &Course, tally: &mut Tally) {
    let mut course = course.clone();
    if !course.fault() {
        return;
    }
    course.begun = course.world.now;
    course.history.push(Step::Dropped);
    let (machine, action) = Machine::resume(course.settings);
    course.machine = machine;
    explore(course, action, tally);
}

impl Course {
    /// Takes one fault, if there is one left.
    fn fault(&mut self) -> bool {
        self.faultless = false;
        let left = self.faults_left.checked_sub(1);
        self.faults_left = left.unwrap_or_default();
        left.is_some()
    }

    /// For money that goes out: no order is stored, and none can be any more, when it is sent.
    fn may_send(&self) -> bool {
        let nothing = self.world.orders.is_empty() && self.world.on_their_way.is_empty();
        !self.settings.cautious || nothing || self.world.gateway == Gateway::HasTheNumber
    }
}

fn judge(course: &Course, conclusion: Conclusion) {
    let World { gateway, orders, on_their_way, .. } = &course.world;
    let history = format_args!("{conclusion:?} after {:?}, {:?}", course.history, course.settings);
    let may_exist = !orders.is_empty() || !on_their_way.is_empty();
    match conclusion {
        Conclusion::Created | Conclusion::Recovered | Conclusion::AlreadyExisted => {
            assert!(!orders.is_empty(), "the order is missing: {history}");
        }
        // The order of long before is not one of this placing.
        Conclusion::Rejected | Conclusion::NotSent if *gateway == Gateway::HasTheNumber => {}
        Conclusion::Rejected | Conclusion::NotSent => {
            assert!(!may_exist, "it exists or may still land: {history}");
        }
        Conclusion::Unknown => {}
    }
    if *gateway != Gateway::TakesNumbersTwice {
        assert!(orders.len() <= 1, "two orders: {history}");
    } else if course.settings.cautious && !course.copied {
        assert!(orders.len() + on_their_way.len() <= 1, "two orders: {history}");
    }
    if course.faultless && course.settings.deadline.is_none() {
        let expected = match gateway {
            Gateway::Accepts | Gateway::TakesNumbersTwice => Conclusion::Created,
            Gateway::HasTheNumber => Conclusion::AlreadyExisted,
            Gateway::RefusesRequest | Gateway::RefusesByHistory | Gateway::RefusesSignature => {
                Conclusion::Rejected
            }
        };
        assert_eq!(conclusion, expected, "without a fault: {history}");
    }
}

#[test]
fn no_sequence_of_four_faults_makes_two_orders_or_hides_one() {
    let mut tally = Tally::default();
    for (gateway, most_faults) in [
        (Gateway::Accepts, 4),
        (Gateway::HasTheNumber, 4),
        (Gateway::TakesNumbersTwice, 4),
        // Nothing can go wrong here but the verdict; each has many more sequences.
        (Gateway::RefusesRequest, 2),
        (Gateway::RefusesByHistory, 2),
        (Gateway::RefusesSignature, 2),
    ] {
        for (cautious, attempts, deadline) in policies() {
            // Where a number is taken twice, only caution helps.
            if gateway == Gateway::TakesNumbersTwice && !cautious {
                continue;
            }
            let policy = RetryPolicy::default().attempts(attempts);
            let settings = Settings { policy, quiet_time: QUIET, deadline, cautious };
            let world = World::new(gateway);
            let (machine, action) = Machine::new(settings);
            let course = Course {
                begun: world.now,
                world,
                machine,
                settings,
                // A rule that needs four look-ups needs five faults.
                faults_left: most_faults + u32::from(gateway == Gateway::Accepts && attempts == 1),
                faultless: true,
                copied: false,
                history: Vec::new(),
            };
            explore(course, action, &mut tally);
        }
    }
    println!("{} sequences: {:#?}", tally.sequences, tally.conclusions);
    assert!(tally.sequences > 500_000, "{}", tally.sequences);
}

/// Caution, attempts, deadline.
fn policies() -> impl Iterator<Item = (bool, u32, Option<Duration>)> {
    let deadlines = [None, Some(Duration::from_millis(800)), Some(Duration::from_secs(9))];
    [false, true].into_iter().flat_map(move |cautious| {
        (1..=4).flat_map(move |attempts| deadlines.map(|deadline| (cautious, attempts, deadline)))
    })
}
