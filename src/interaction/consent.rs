//! A customer's approval of uses of CPNI: a pure function of an append-only history and the clock
//! (47 CFR 64.2007, 64.2008; the states are those of a notice that matures and lapses).
//!
//! Whatever is contradictory (times that go back, events of the future, bytes that do not decode)
//! approves nothing; of one instant, what closes wins. A one-time oral approval counts in its own
//! interaction only, and until an objection.

use std::time::Duration;

use crate::policy::{AccountFact, Facts};
use crate::vocabulary::{CivilDate, ContactPointId, Timestamp};

/// Days after an opt-out notice before approval may be assumed: 47 CFR 64.2008(d)(1) (read from
/// memory). From the day on which an e-mail was sent; day 30 counts.
pub const OPT_OUT_WAIT_DAYS: i64 = 30;
/// Days until a mailed notice counts as delivered: from the third day after mailing, 64.2008(d)(1)
/// (read from memory).
pub const MAIL_DELIVERY_DAYS: i64 = 3;
/// Years after which an opt-out notice must be renewed: 64.2008(d)(2) (read from memory). An
/// approval lapses on the second anniversary of its notice.
pub const OPT_OUT_YEARS: i16 = 2;
/// How long a one-time oral approval lasts at the most, where no end of the contact was seen.
/// Library default: the longest interaction.
pub const ONE_TIME_LIFE: Duration = Duration::from_secs(4 * 3600);

const FORMAT: u8 = 1;

/// Something that happened to a customer's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ConsentKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentKind {
    /// A notice of the right to opt out was sent by e-mail (64.2008(d)(3)).
    NoticeByEmail,
    /// The same, by mail.
    NoticeByMail,
    /// A notice was undeliverable: none until now counts, and e-mail counts again only after a notice
    /// by mail. It must be sent again in another form (64.2008(d)(3)).
    Undeliverable,
    /// The customer objected. Stays until the customer says otherwise (64.2007(a)(2)).
    Objection,
    /// The customer opted in, after notice. The pointer is to the evidence: a form, a recording.
    OptIn {
        /// The host's pointer to the evidence.
        evidence: ContactPointId,
    },
    /// The customer took an approval back.
    Revocation,
    /// The customer approved orally, for the duration of one contact (64.2008(f)). The carrier bears
    /// the burden of proof (64.2007(a)(1)): hence the recording.
    OneTimeOral {
        /// The interaction in which it was given.
        interaction: [u8; 16],
        /// The host's pointer to the recording.
        recording: ContactPointId,
    },
}

/// A customer's approval at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// Where it stands.
    pub state: ConsentState,
    /// A one-time oral approval counts in this interaction.
    pub one_time: bool,
}

/// Where a customer's approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentState {
    /// Nobody asked.
    None,
    /// A notice is out; the customer may still object.
    Noticed {
        /// The day from which approval may be assumed.
        matures: CivilDate,
    },
    /// Approval by not objecting.
    OptedOutApproved {
        /// The day on which it lapses.
        lapses: CivilDate,
    },
    /// The notice is too old.
    Lapsed,
    /// The customer objected.
    Objected,
    /// Express approval.
    OptedIn,
    /// The history contradicts itself.
    Contradictory,
}

impl Consent {
    const CONTRADICTORY: Self = Self { state: ConsentState::Contradictory, one_time: false };

    /// The approval that `history` gives at `now`, in this interaction.
    ///
    /// Events of one instant have no order: what closes wins. A history in which time goes back, or
    /// with an event at time 0, is contradictory until the customer opts in after all of it.
    #[must_use]
    pub fn of(history: &[ConsentEvent], now: Timestamp, interaction: &[u8; 16]) -> Self {
        Self::established(history, now, interaction).unwrap_or(Self::CONTRADICTORY)
    }

    /// `None`: it cannot be told.
    fn established(history: &[ConsentEvent], now: Timestamp, interaction: &[u8; 16]) -> Option<Self> {
        let today = now.utc_date()?;
        if history.iter().any(|event| event.at > now) {
            return None;
        }
        // INVARIANT: `None` is less than any time: "never said no" is less than any yes.
        let said_yes = latest(history, |kind| matches!(kind, ConsentKind::OptIn { .. }));
        let said_no =
            latest(history, |kind| matches!(kind, ConsentKind::Objection | ConsentKind::Revocation));
        let disorder = disorder(history);
        if disorder.is_some() && disorder >= said_yes {
            return None;
        }
        let closed = said_no.max(disorder);
        let state = if said_yes > closed {
            ConsentState::OptedIn
        } else if closed.is_some() {
            ConsentState::Objected
        } else {
            of_notices(history, today)
        };
        let gives_one_time = |event: &ConsentEvent| match &event.kind {
            ConsentKind::OneTimeOral { interaction: given_in, .. } => {
                given_in == interaction
                    && Some(event.at) > closed
                    && now.since(event.at).is_some_and(|age| age < ONE_TIME_LIFE)
            }
            ConsentKind::NoticeByEmail
            | ConsentKind::NoticeByMail
            | ConsentKind::Undeliverable
            | ConsentKind::Objection
            | ConsentKind::OptIn { .. }
            | ConsentKind::Revocation => false,
        };
        Some(Self { state, one_time: history.iter().any(gives_one_time) })
    }

    pub(super) fn write(self, facts: &mut Facts) {
        let is = |state: &[ConsentState]| Some(state.contains(&self.state));
        facts.set_account(AccountFact::OptIn, is(&[ConsentState::OptedIn]));
        facts.set_account(AccountFact::OptedOut, is(&[ConsentState::Objected, ConsentState::Contradictory]));
        let matured = matches!(self.state, ConsentState::OptedOutApproved { .. });
        facts.set_account(AccountFact::OptOutMatured, Some(matured));
        facts.set_account(AccountFact::OneTimeOralApproval, Some(self.one_time));
    }
}

/// When the last event of a sort happened.
fn latest(history: &[ConsentEvent], wanted: fn(&ConsentKind) -> bool) -> Option<Timestamp> {
    history.iter().filter(|event| wanted(&event.kind)).map(|event| event.at).max()
}

/// The latest time that something out of order came after: until then nobody can tell what was
/// said last. Time 0 is a date that could not be read.
fn disorder(history: &[ConsentEvent]) -> Option<Timestamp> {
    let mut latest = Timestamp::default();
    let mut disorder = None;
    for event in history {
        if event.at < latest || event.at == Timestamp::default() {
            disorder = Some(latest);
        }
        latest = latest.max(event.at);
    }
    disorder
}

/// The best that a delivered notice gives today. Nobody has objected.
fn of_notices(history: &[ConsentEvent], today: CivilDate) -> ConsentState {
    let came_back = latest(history, |kind| matches!(kind, ConsentKind::Undeliverable));
    // 64.2008(d)(3): what was undeliverable is sent again in another form than e-mail.
    let sent_again = history
        .iter()
        .filter(|event| event.kind == ConsentKind::NoticeByMail && Some(event.at) > came_back)
        .map(|event| event.at)
        .min();
    let (mut lapses, mut matures, mut any) = (None, None, false);
    for event in history {
        let (received, wait) = if event.kind == ConsentKind::NoticeByMail {
            (Some(event.at) > came_back, OPT_OUT_WAIT_DAYS.saturating_add(MAIL_DELIVERY_DAYS))
        } else if event.kind == ConsentKind::NoticeByEmail {
            (came_back.is_none() || sent_again.is_some_and(|again| event.at > again), OPT_OUT_WAIT_DAYS)
        } else {
            continue;
        };
        if !received {
            continue;
        }
        let dates = event
            .at
            .utc_date()
            .and_then(|sent| Some((sent.plus_days(wait)?, sent.plus_years(OPT_OUT_YEARS)?)));
        let Some((matures_on, lapses_on)) = dates else { return ConsentState::Contradictory };
        any = true;
        if today < matures_on {
            matures = Some(matures.map_or(matures_on, |soonest: CivilDate| soonest.min(matures_on)));
        } else if today < lapses_on {
            lapses = lapses.max(Some(lapses_on));
        }
    }
    // A new notice does not end an approval that an older one gave.
    match (lapses, matures) {
        (Some(lapses), _) => ConsentState::OptedOutApproved { lapses },
        (None, Some(matures)) => ConsentState::Noticed { matures },
        (None, None) if any => ConsentState::Lapsed,
        (None, None) => ConsentState::None,
    }
}

impl ConsentEvent {
    /// The bytes that a store keeps: `docs/spec/consent-v1.md`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, interaction, pointer) = match &self.kind {
            ConsentKind::NoticeByEmail => (1, None, None),
            ConsentKind::NoticeByMail => (2, None, None),
            ConsentKind::Undeliverable => (3, None, None),
            ConsentKind::Objection => (4, None, None),
            ConsentKind::OptIn { evidence } => (5, None, Some(evidence)),
            ConsentKind::Revocation => (6, None, None),
            ConsentKind::OneTimeOral { interaction, recording } => (7, Some(interaction), Some(recording)),
        };
        let mut out = vec![FORMAT, kind];
        out.extend(self.at.as_micros().to_be_bytes());
        out.extend(interaction.into_iter().flatten());
        out.extend(pointer.into_iter().flat_map(|pointer| pointer.as_str().bytes()));
        out
    }

    /// Reads what [`ConsentEvent::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([FORMAT, kind], rest) = bytes.split_first_chunk()? else { return None };
        let (at, rest) = rest.split_first_chunk()?;
        let pointer = |bytes: &[u8]| ContactPointId::new(core::str::from_utf8(bytes).ok()?).ok();
        let kind = match (kind, rest) {
            (1, []) => ConsentKind::NoticeByEmail,
            (2, []) => ConsentKind::NoticeByMail,
            (3, []) => ConsentKind::Undeliverable,
            (4, []) => ConsentKind::Objection,
            (5, evidence) => ConsentKind::OptIn { evidence: pointer(evidence)? },
            (6, []) => ConsentKind::Revocation,
            (7, rest) => {
                let (interaction, recording) = rest.split_first_chunk()?;
                ConsentKind::OneTimeOral { interaction: *interaction, recording: pointer(recording)? }
            }
            _ => return None,
        };
        Some(Self { at: Timestamp::from_micros(u64::from_be_bytes(*at)), kind })
    }
}

#[cfg(test)]
mod tests;
