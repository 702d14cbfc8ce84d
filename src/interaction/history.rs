//! The stored form of a consent history: each event behind a MAC that continues the one before it, and
//! a head that says how many there are (`docs/spec/consent-v1.md` §3).
//!
//! Rules: a history that does not verify approves nothing; one that is added to starts anew behind what
//! is there, and only an opt-in from then on opens again; what closes is never refused.
//!
//! Security note: who can write the store can still put an older history of the same account back,
//! or none.

use crate::error::InteractionError;
use crate::hazmat::equal;
use crate::hazmat::framing::Tuple;
use crate::hazmat::mac::MacKey;
use crate::vocabulary::Timestamp;

use super::accounts::{AccountRef, StoredHistory};
use super::consent::ConsentEvent;

/// Most events of a consent history. Library default: a notice a month and an answer to it, for longer
/// than anybody lives. What closes is added past it, once.
pub const CONSENT_HISTORY_MAX: usize = 4_096;

const FORMAT: u8 = 1;
const EVENT_LABEL: &str = "cpni-guard/v1/consent-event";
const HEAD_LABEL: &str = "cpni-guard/v1/consent-head";

/// The keyed place of one history.
#[derive(Clone, Copy)]
pub(super) struct Chain<'c> {
    pub(super) key: &'c MacKey,
    pub(super) of: &'c AccountRef,
}

/// A history that verified.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    pub(super) events: Vec<ConsentEvent>,
    /// What was before this time is not known.
    pub(super) lost_before: Option<Timestamp>,
    start: u64,
    /// The last link.
    link: [u8; 32],
}

/// What a store is to add.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Addition {
    pub(super) event: Vec<u8>,
    pub(super) head: Vec<u8>,
}

impl Chain<'_> {
    /// The history that is stored; `None` if it is broken or too long: it then approves nothing.
    pub(super) fn read(self, stored: &StoredHistory) -> Option<History> {
        if stored.events.len() > CONSENT_HISTORY_MAX { None } else { self.verify(stored) }
    }

    /// What to store so that `event` is added at `now`; `None` if nothing needs to be: the history is
    /// closed for good.
    pub(super) fn add(
        self,
        stored: &StoredHistory,
        event: &ConsentEvent,
        now: Timestamp,
    ) -> Result<Option<Addition>, InteractionError> {
        let len = stored.events.len();
        if len >= CONSENT_HISTORY_MAX {
            if !event.kind.closes() {
                return Err(InteractionError::ConsentHistoryFull);
            }
            if len > CONSENT_HISTORY_MAX {
                return Ok(None);
            }
        }
        let index = number(len);
        // Behind what is broken a new chain starts. Lost before 0 would be nothing lost.
        let now = now.max(Timestamp::from_micros(1));
        let history = self.verify(stored).unwrap_or(History {
            lost_before: Some(now),
            start: index,
            ..History::default()
        });
        let mut bytes = event.encode();
        let link = self.link(index, &history.link, &bytes);
        bytes.extend(link);
        let history = History { link, ..history };
        Ok(Some(Addition { event: bytes, head: self.head(index.saturating_add(1), &history) }))
    }

    fn verify(self, stored: &StoredHistory) -> Option<History> {
        let Some(head) = &stored.head else {
            return stored.events.is_empty().then(History::default);
        };
        let (format, rest) = head.split_first()?;
        let (_count, rest) = rest.split_first_chunk::<8>()?;
        let (start, rest) = rest.split_first_chunk()?;
        let (lost_before, _mac) = rest.split_first_chunk()?;
        let (start, lost_before) = (u64::from_be_bytes(*start), u64::from_be_bytes(*lost_before));
        let mut history = History {
            lost_before: (lost_before > 0).then(|| Timestamp::from_micros(lost_before)),
            start,
            ..History::default()
        };
        for (index, stored) in (start..).zip(stored.events.get(usize::try_from(start).ok()?..)?) {
            let (event, link) = stored.split_last_chunk::<32>()?;
            history.link = self.link(index, &history.link, event);
            if !equal(&history.link, link) {
                return None;
            }
            history.events.push(ConsentEvent::decode(event)?);
        }
        // The head that a writer would have made of it: the count and the MAC agree, or it is broken.
        let expected = self.head(number(stored.events.len()), &history);
        (*format == FORMAT && equal(&expected, head)).then_some(history)
    }

    fn link(self, index: u64, before: &[u8; 32], event: &[u8]) -> [u8; 32] {
        let message = Tuple::new(EVENT_LABEL).with(self.of.as_bytes()).with(&index.to_be_bytes());
        self.key.mac(message.with(before).with(event).as_bytes())
    }

    fn head(self, count: u64, history: &History) -> Vec<u8> {
        let lost_before = history.lost_before.unwrap_or_default().as_micros();
        let numbers = [count, history.start, lost_before].map(u64::to_be_bytes);
        let message = Tuple::new(HEAD_LABEL).with(self.of.as_bytes());
        let message = numbers.iter().fold(message, |message, number| message.with(number));
        let mac = self.key.mac(message.with(&history.link).as_bytes());
        [&[FORMAT], numbers.as_flattened(), &mac].concat()
    }
}

/// INVARIANT: a length in memory fits.
fn number(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
