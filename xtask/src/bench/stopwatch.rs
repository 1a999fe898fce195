//! Contenders that take turns, medians, and ratios within a round.

use crate::shell::Failure;
use std::time::Instant;

const ROUNDS: usize = 101;

/// How long each contender took, in nanoseconds for one iteration, round by round.
pub(super) struct Times(Vec<Vec<f64>>);

/// Does something so many times, and returns the nanoseconds of one time.
pub(super) type Contender<'a> = Box<dyn FnMut(usize) -> Result<f64, Failure> + 'a>;

/// A contender in this process. It is told the number of the iteration, to pick its input: the same input every time would
/// train the branch predictor.
pub(super) fn here<'a>(mut once: impl FnMut(usize) + 'a) -> Contender<'a> {
    Box::new(move |iterations| {
        let start = Instant::now();
        for iteration in 0..iterations {
            once(iteration);
        }
        Ok(start.elapsed().as_secs_f64() * 1e9 / as_f64(iterations))
    })
}

/// Lets each contender do `iterations` in turn, again and again. One round goes before those that count.
pub(super) fn take_turns(iterations: usize, contenders: &mut [Contender<'_>]) -> Result<Times, Failure> {
    let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for round in 0..=ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let taken = contender(iterations)?;
            if round > 0 {
                times.push(taken);
            }
        }
    }
    Ok(Times(times))
}

impl Times {
    pub(super) fn median(&self, contender: usize) -> f64 {
        median(self.0[contender].clone())
    }

    /// The median of the ratios of the rounds: what slows a round slows both.
    pub(super) fn ratio(&self, subject: usize, rival: usize) -> f64 {
        median(self.0[subject].iter().zip(&self.0[rival]).map(|(subject, rival)| subject / rival).collect())
    }
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(super) fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_take_turns_and_the_round_that_warms_up_does_not_count() {
        let calls = std::cell::RefCell::new(Vec::new());
        let contender = |name| {
            here({
                let calls = &calls;
                move |iteration| calls.borrow_mut().push((name, iteration))
            })
        };
        let times = take_turns(2, &mut [contender('a'), contender('b')]).unwrap();
        assert_eq!(times.0.iter().map(Vec::len).collect::<Vec<_>>(), [ROUNDS, ROUNDS]);
        let calls = calls.borrow();
        assert_eq!(calls.len(), 4 * (ROUNDS + 1));
        assert!(calls.chunks(4).all(|round| round == [('a', 0), ('a', 1), ('b', 0), ('b', 1)]));
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_ratios_and_not_the_ratio_of_medians() {
        // The machine slows down: both contenders do.
        let times = Times(vec![vec![1.0, 20.0, 300.0], vec![2.0, 10.0, 600.0]]);
        assert!((times.ratio(0, 1) - 0.5).abs() < 1e-9);
        assert!((times.median(0) - 20.0).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }
}
