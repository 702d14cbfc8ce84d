//! How the service is started, and its limits as data.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cpni_guard::vocabulary::{Clock, SystemClock};

/// How a service is started.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens; port 0: any.
    pub address: SocketAddr,
    /// The carrier's tables, the library's store and the outbox. Made where it is not there.
    pub folder: PathBuf,
    /// How many sample customers there are.
    pub customers: u32,
    /// How long a SIM change waits, so that a notice of it is seen. A carrier takes hours; the sample seconds.
    pub sim_wait: Duration,
    /// How much is too much.
    pub limits: Limits,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// How much is too much. All but the last three are by the minute. What the library counts (passwords, codes,
/// passcodes, verified values, transactions of an account) comes on top.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests of one session.
    pub session: u32,
    /// Requests of one network: an IPv4 /24, an IPv6 /48.
    pub network: u32,
    /// Sign-ins, and objections, of one network.
    pub sign_ins: u32,
    /// Partners, each with limits of its own.
    pub partner: PartnerLimits,
    /// Open connections of one network.
    pub connections_of_network: u32,
    /// Open connections in all.
    pub connections: u32,
    /// Requests that are in the library, or in the carrier's tables, at once. The rest waits, for a second at most.
    pub at_work: usize,
}

/// What one partner may do on the porting interface: data of its contract.
#[derive(Debug, Clone, Copy)]
pub struct PartnerLimits {
    /// Requests a minute. Past it they are put off (429), not refused: 47 CFR 52.35 has an interval for a port.
    pub requests: u32,
    /// Requests a day that do not fit the account. Whoever has more of them does not port, but guesses.
    pub misfits_a_day: u32,
    /// No answer comes sooner: how far a request came does not show in its time.
    pub answer_floor: Duration,
}

impl Settings {
    /// For a folder, with the limits of [`Limits::default`].
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder: folder.into(),
            customers: 3,
            sim_wait: Duration::from_secs(20),
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl Limits {
    /// None by the minute, and every connection one network's: for tests and load, never in service.
    #[must_use]
    pub fn none_for_testing() -> Self {
        let most = u32::MAX;
        let partner = PartnerLimits { requests: most, misfits_a_day: most, answer_floor: Duration::ZERO };
        let limits = Self::default();
        Self {
            session: most,
            network: most,
            sign_ins: most,
            partner,
            connections_of_network: limits.connections,
            ..limits
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("address", &self.address)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            session: 120,
            network: 1_200,
            sign_ins: 20,
            partner: PartnerLimits {
                requests: 60,
                misfits_a_day: 30,
                answer_floor: Duration::from_millis(100),
            },
            connections_of_network: 64,
            connections: 1_024,
            at_work: 64,
        }
    }
}
