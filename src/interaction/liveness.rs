//! How long an interaction lives. Shared with what it disclosed, which dies with it.

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::error::InteractionError;
use crate::vocabulary::{Clock, Timestamp};

/// Why an interaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum EndReason {
    /// The host ended it, or dropped it.
    Ended = 1,
    /// Nothing was done for too long.
    Idle = 2,
    /// It lasted too long.
    TooLong = 3,
    /// The contact ended.
    ContactEnded = 4,
    /// The agent's session ended.
    AgentGone = 5,
    /// The clock went back: how long it lasted is not known.
    ClockWentBack = 6,
}

/// After which time an interaction ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Without any call to it.
    pub idle: Duration,
    /// In any case.
    pub absolute: Duration,
}

/// 15 minutes idle, 4 hours in any case.
impl Default for TimeLimits {
    fn default() -> Self {
        Self { idle: Duration::from_secs(15 * 60), absolute: Duration::from_secs(4 * 3600) }
    }
}

/// Whether an interaction is still going on.
pub(crate) struct Liveness {
    clock: Arc<dyn Clock>,
    limits: TimeLimits,
    opened: Timestamp,
    /// Microseconds: the last call.
    touched: AtomicU64,
    /// The [`EndReason`] as a number, 0 while it lives.
    ended: AtomicU8,
}

impl Liveness {
    pub(crate) fn start(clock: Arc<dyn Clock>, limits: TimeLimits) -> Self {
        let opened = clock.now();
        Self { clock, limits, opened, touched: AtomicU64::new(opened.as_micros()), ended: AtomicU8::new(0) }
    }

    /// The time now, if the interaction is still going on. Does not count as a call.
    pub(crate) fn check(&self) -> Result<Timestamp, InteractionError> {
        let now = self.clock.now();
        let touched = Timestamp::from_micros(self.touched.load(Ordering::SeqCst));
        let reason = match (now.since(touched), now.since(self.opened)) {
            (Some(idle), _) if idle >= self.limits.idle => Some(EndReason::Idle),
            (_, Some(open)) if open >= self.limits.absolute => Some(EndReason::TooLong),
            (Some(_), Some(_)) => None,
            (None, _) | (_, None) => Some(EndReason::ClockWentBack),
        };
        if let Some(reason) = reason {
            self.end(reason);
        }
        match self.end_reason() {
            None => Ok(now),
            Some(EndReason::Idle | EndReason::TooLong | EndReason::ClockWentBack) => {
                Err(InteractionError::Expired)
            }
            Some(EndReason::Ended | EndReason::ContactEnded | EndReason::AgentGone) => {
                Err(InteractionError::Ended)
            }
        }
    }

    /// When it ends by itself if nothing more is done.
    pub(crate) fn expires(&self) -> Timestamp {
        let touched = Timestamp::from_micros(self.touched.load(Ordering::SeqCst));
        touched.plus(self.limits.idle).min(self.opened.plus(self.limits.absolute))
    }

    /// As [`Liveness::check`], and counts as a call: the idle time starts anew.
    pub(crate) fn touch(&self) -> Result<Timestamp, InteractionError> {
        let now = self.check()?;
        self.touched.fetch_max(now.as_micros(), Ordering::SeqCst);
        Ok(now)
    }

    /// Ends it; the first reason stays.
    pub(crate) fn end(&self, reason: EndReason) {
        // The outcome only says whether another reason came first.
        let _first = self.ended.compare_exchange(0, reason as u8, Ordering::SeqCst, Ordering::SeqCst).is_ok();
    }

    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        Some(match self.ended.load(Ordering::SeqCst) {
            0 => return None,
            2 => EndReason::Idle,
            3 => EndReason::TooLong,
            4 => EndReason::ContactEnded,
            5 => EndReason::AgentGone,
            6 => EndReason::ClockWentBack,
            _ => EndReason::Ended,
        })
    }
}

impl fmt::Debug for Liveness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Liveness").field("ended", &self.end_reason()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::ManualClock;

    fn start() -> (Arc<ManualClock>, Liveness) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_000_000)));
        let limits = TimeLimits { idle: Duration::from_secs(10), absolute: Duration::from_secs(25) };
        (Arc::clone(&clock), Liveness::start(clock, limits))
    }

    #[test]
    fn idle_and_absolute_limits_hold_at_their_edges() {
        let (clock, live) = start();
        clock.advance(Duration::from_micros(9_999_999));
        assert!(live.touch().is_ok());
        clock.advance(Duration::from_secs(10));
        assert_eq!(live.check(), Err(InteractionError::Expired));
        assert_eq!(live.end_reason(), Some(EndReason::Idle));

        let (clock, live) = start();
        assert_eq!(live.expires(), Timestamp::from_secs(1_000_010));
        for _ in 0..3 {
            clock.advance(Duration::from_secs(8));
            assert!(live.touch().is_ok());
        }
        assert_eq!(live.expires(), Timestamp::from_secs(1_000_025));
        clock.advance(Duration::from_secs(1));
        assert_eq!(live.touch(), Err(InteractionError::Expired));
        assert_eq!(live.end_reason(), Some(EndReason::TooLong));
    }

    #[test]
    fn a_clock_that_goes_back_ends_it_for_good() {
        let (clock, live) = start();
        clock.set(Timestamp::from_secs(999_999));
        assert_eq!(live.check(), Err(InteractionError::Expired));
        clock.set(Timestamp::from_secs(1_000_001));
        assert_eq!(live.check(), Err(InteractionError::Expired));
        live.end(EndReason::Ended);
        assert_eq!(live.end_reason(), Some(EndReason::ClockWentBack));
    }
}
