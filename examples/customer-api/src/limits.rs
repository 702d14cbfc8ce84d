//! Counting callers: by session, network and partner, in fixed windows, in a bounded table.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cpni_guard::vocabulary::Timestamp;

use crate::refusal::Refusal;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Callers that are counted at once. Where there are more, new ones wait: an attacker with many addresses
/// must not make the service forget the others.
const MAX_CALLERS: usize = 100_000;

/// The network of an address: an IPv4 /24, an IPv6 /48. One customer of an access provider has that much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network([u8; 6]);

/// Whose requests are counted together, and which of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    Session(String),
    Network(Network),
    SignIns(Network),
    Partner(String),
    Misfits(String),
}

/// The counters of this process. A service of several processes keeps them where all can count.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<HashMap<Counted, (Timestamp, u32)>>);

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                [0, 0, 0, a, b, c]
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, ..] = address.octets();
                [a, b, c, d, e, f]
            }
        })
    }
}

impl Counted {
    const fn window(&self) -> Duration {
        match self {
            Self::Session(_) | Self::Network(_) | Self::SignIns(_) | Self::Partner(_) => MINUTE,
            Self::Misfits(_) => DAY,
        }
    }
}

impl Limiter {
    /// Counts one more.
    pub(crate) fn count(&self, of: Counted, max: u32, now: Timestamp) -> Result<(), Refusal> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counters.len() >= MAX_CALLERS && !counters.contains_key(&of) {
            counters.retain(|of, (since, _)| is_running(of, *since, now));
            if counters.len() >= MAX_CALLERS {
                return Err(Refusal::TooMany);
            }
        }
        let running = counters.get(&of).copied().filter(|(since, _)| is_running(&of, *since, now));
        let (since, count) = running.unwrap_or((now, 0));
        let count = count.saturating_add(1);
        counters.insert(of, (since, count));
        if count > max { Err(Refusal::TooMany) } else { Ok(()) }
    }

    /// Whether there is room for one more, without counting it.
    pub(crate) fn has_room(&self, of: &Counted, max: u32, now: Timestamp) -> bool {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.get(of).is_none_or(|(since, count)| !is_running(of, *since, now) || *count < max)
    }
}

/// A clock that went back leaves the window running: it must not forget.
fn is_running(of: &Counted, since: Timestamp, now: Timestamp) -> bool {
    now.since(since).is_none_or(|age| age < of.window())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_so_many_and_the_next_begins_anew() {
        let limiter = Limiter::default();
        let of = || Counted::Network(Network::of([192, 0, 2, 1].into()));
        let at = Timestamp::from_secs;
        for _ in 0..3 {
            assert_eq!(limiter.count(of(), 3, at(1_000)), Ok(()));
        }
        assert!(!limiter.has_room(&of(), 3, at(1_059)));
        assert_eq!(limiter.count(of(), 3, at(1_059)), Err(Refusal::TooMany));
        assert_eq!(limiter.count(of(), 3, at(900)), Err(Refusal::TooMany), "the clock went back");
        assert!(limiter.has_room(&of(), 3, at(1_060)));
        assert_eq!(limiter.count(of(), 3, at(1_060)), Ok(()));
    }

    #[test]
    fn neighbours_are_one_network() {
        let v6 = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(Network::of([192, 0, 2, 1].into()), Network::of([192, 0, 2, 254].into()));
        assert_ne!(Network::of([192, 0, 2, 1].into()), Network::of([192, 0, 3, 1].into()));
        assert_eq!(v6("2001:db8:1:2::3"), v6("2001:db8:1:ffff::4"));
        assert_ne!(v6("2001:db8:1::"), v6("2001:db8:2::"));
        assert_eq!(v6("::ffff:192.0.2.1"), Network::of([192, 0, 2, 9].into()));
    }
}
