//! One call: "call detail information" of 47 CFR 64.2003(d), whole and wiped.

use core::fmt;

use zeroize::Zeroizing;

use crate::sensitive::Sensitive;
use crate::vocabulary::{CallDirection, Timestamp};

/// A row of a call log: who, when, how long and, if known, where.
#[derive(PartialEq, Eq)]
pub struct CallRow {
    direction: CallDirection,
    number: Sensitive<String>,
    /// Microseconds since 1970.
    start: Zeroizing<u64>,
    duration_secs: Zeroizing<u32>,
    place: Option<Sensitive<String>>,
}

impl CallRow {
    /// A call of the given direction. `number` is the other party as the network saw it, at most
    /// 255 bytes: it may be a short code or a foreign number.
    #[must_use]
    pub fn new(
        direction: CallDirection,
        number: impl Into<String>,
        start: Timestamp,
        duration_secs: u32,
    ) -> Self {
        Self {
            direction,
            number: Sensitive::from(number.into()),
            start: Zeroizing::new(start.as_micros()),
            duration_secs: Zeroizing::new(duration_secs),
            place: None,
        }
    }

    /// A call that the customer placed to `number`.
    #[must_use]
    pub fn outbound(number: impl Into<String>, start: Timestamp, duration_secs: u32) -> Self {
        Self::new(CallDirection::Outbound, number, start, duration_secs)
    }

    /// A call that the customer received from `number`.
    #[must_use]
    pub fn inbound(number: impl Into<String>, start: Timestamp, duration_secs: u32) -> Self {
        Self::new(CallDirection::Inbound, number, start, duration_secs)
    }

    /// The same call with the place of the customer's end, at most 255 bytes.
    #[must_use]
    pub fn at_place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(Sensitive::from(place.into()));
        self
    }

    /// Who started it.
    #[must_use]
    pub const fn direction(&self) -> CallDirection {
        self.direction
    }

    /// The number called or calling.
    #[must_use]
    pub const fn number(&self) -> &Sensitive<String> {
        &self.number
    }

    /// When it started.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        Timestamp::from_micros(*self.start)
    }

    /// How long it lasted, in seconds.
    #[must_use]
    pub fn duration_secs(&self) -> u32 {
        *self.duration_secs
    }

    /// Where the customer's end was.
    #[must_use]
    pub const fn place(&self) -> Option<&Sensitive<String>> {
        self.place.as_ref()
    }

    /// The longer of the lengths of number and place, in bytes.
    pub(super) fn longest_text_len(&self) -> usize {
        // EXPOSE: only the lengths are read.
        let place = self.place.as_ref().map_or(0, |place| place.expose().len());
        // EXPOSE: only the lengths are read.
        self.number.expose().len().max(place)
    }
}

impl fmt::Debug for CallRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallRow(..)")
    }
}
