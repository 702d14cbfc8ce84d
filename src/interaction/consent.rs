//! A customer's approval of uses of CPNI, and of location apart: a pure function of an append-only
//! history and the clock (47 CFR 64.2007, 64.2008; 47 U.S.C. 222(f); the states are those of a notice
//! that matures and lapses).
//!
//! Whatever is contradictory (times that go back, events of the future, bytes that do not decode)
//! approves nothing; of one instant, what closes wins. A one-time oral approval counts in its own
//! interaction only, and until an objection.

use std::time::Duration;

use crate::policy::{AccountFact, Facts};
use crate::vocabulary::{CivilDate, ConsentScope, ContactPointId, ScriptVersion, Timestamp};

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
    /// The customer objected, to all uses. Stays until the customer says otherwise (64.2007(a)(2)).
    /// Interpretation: it ends the authorization to use location as well.
    Objection,
    /// The customer opted in, after notice. The pointer is to the evidence: a form, a recording.
    OptIn {
        /// To what. Neither scope holds the other.
        scope: ConsentScope,
        /// The host's pointer to the evidence.
        evidence: ContactPointId,
    },
    /// The customer took an approval back.
    Revocation {
        /// Which.
        scope: ConsentScope,
    },
    /// The customer approved orally, for the duration of one contact (64.2008(f)). The carrier bears
    /// the burden of proof (64.2007(a)(1)): hence the recording, and what was read to the customer.
    OneTimeOral {
        /// The interaction in which it was given.
        interaction: [u8; 16],
        /// The version of the script of the oral notice.
        script: ScriptVersion,
        /// The host's pointer to the recording.
        recording: ContactPointId,
    },
}

/// A customer's approval at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// Where it stands with uses of CPNI.
    pub state: ConsentState,
    /// There is express prior authorization to use location (47 U.S.C. 222(f)).
    pub location: bool,
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
    /// What a history that cannot be relied on gives.
    pub(super) const CONTRADICTORY: Self =
        Self { state: ConsentState::Contradictory, location: false, one_time: false };

    /// The approval that `history` gives at `now`, in this interaction.
    ///
    /// Events of one instant have no order: what closes wins. A history in which time goes back, or
    /// with an event at time 0, is contradictory until the customer opts in after all of it.
    #[must_use]
    pub fn of(history: &[ConsentEvent], now: Timestamp, interaction: &[u8; 16]) -> Self {
        Self::after_loss(history, None, now, interaction)
    }

    /// The same, where events before `lost_before` are not known: until an opt-in of that time or later
    /// nothing is approved.
    pub(super) fn after_loss(
        history: &[ConsentEvent],
        lost_before: Option<Timestamp>,
        now: Timestamp,
        interaction: &[u8; 16],
    ) -> Self {
        Self::established(history, lost_before, now, interaction).unwrap_or(Self::CONTRADICTORY)
    }

    /// `None`: it cannot be told.
    fn established(
        history: &[ConsentEvent],
        lost_before: Option<Timestamp>,
        now: Timestamp,
        interaction: &[u8; 16],
    ) -> Option<Self> {
        let today = now.utc_date()?;
        if history.iter().any(|event| event.at > now) {
            return None;
        }
        let disorder = disorder(history);
        // INVARIANT: `None` is less than any time: "never said no" is less than any yes.
        let said = |scope| {
            let yes = latest(
                history,
                |kind| matches!(kind, ConsentKind::OptIn { scope: given, .. } if *given == scope),
            );
            let no = latest(history, |kind| {
                *kind == ConsentKind::Objection || *kind == ConsentKind::Revocation { scope }
            });
            (yes, no.max(disorder))
        };
        let (yes, no) = said(ConsentScope::Location);
        let location = yes > no && yes >= lost_before;
        let (yes, no) = said(ConsentScope::Cpni);
        if yes < lost_before || (disorder.is_some() && disorder >= yes) {
            return Some(Self { location, ..Self::CONTRADICTORY });
        }
        let state = if yes > no {
            ConsentState::OptedIn
        } else if no.is_some() {
            ConsentState::Objected
        } else {
            of_notices(history, today)
        };
        let gives_one_time = |event: &ConsentEvent| {
            let here = matches!(
                &event.kind,
                ConsentKind::OneTimeOral { interaction: given_in, .. } if given_in == interaction
            );
            here && Some(event.at) > no && now.since(event.at).is_some_and(|age| age < ONE_TIME_LIFE)
        };
        Some(Self { state, location, one_time: history.iter().any(gives_one_time) })
    }

    pub(super) fn write(self, facts: &mut Facts) {
        let is = |state: &[ConsentState]| Some(state.contains(&self.state));
        facts.set_account(AccountFact::OptIn, is(&[ConsentState::OptedIn]));
        facts.set_account(AccountFact::LocationOptIn, Some(self.location));
        facts.set_account(AccountFact::OptedOut, is(&[ConsentState::Objected, ConsentState::Contradictory]));
        let matured = matches!(self.state, ConsentState::OptedOutApproved { .. });
        facts.set_account(AccountFact::OptOutMatured, Some(matured));
        facts.set_account(AccountFact::OneTimeOralApproval, Some(self.one_time));
    }
}

/// When the last event of a sort happened.
fn latest(history: &[ConsentEvent], wanted: impl Fn(&ConsentKind) -> bool) -> Option<Timestamp> {
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

impl ConsentKind {
    /// Whether it can only close: such an event is never refused.
    pub(super) const fn closes(&self) -> bool {
        match self {
            Self::Undeliverable | Self::Objection | Self::Revocation { .. } => true,
            Self::NoticeByEmail | Self::NoticeByMail | Self::OptIn { .. } | Self::OneTimeOral { .. } => false,
        }
    }
}

impl ConsentEvent {
    /// The bytes of an event: `docs/spec/consent-v1.md` §1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let code = match &self.kind {
            ConsentKind::NoticeByEmail => 1,
            ConsentKind::NoticeByMail => 2,
            ConsentKind::Undeliverable => 3,
            ConsentKind::Objection => 4,
            ConsentKind::OptIn { .. } => 5,
            ConsentKind::Revocation { .. } => 6,
            ConsentKind::OneTimeOral { .. } => 7,
        };
        let mut out = vec![FORMAT, code];
        out.extend(self.at.as_micros().to_be_bytes());
        match &self.kind {
            ConsentKind::NoticeByEmail
            | ConsentKind::NoticeByMail
            | ConsentKind::Undeliverable
            | ConsentKind::Objection => {}
            ConsentKind::OptIn { scope, evidence } => {
                out.push(scope.code());
                out.extend(evidence.as_str().as_bytes());
            }
            ConsentKind::Revocation { scope } => out.push(scope.code()),
            ConsentKind::OneTimeOral { interaction, script, recording } => {
                out.extend(interaction);
                let script = script.as_str().as_bytes();
                // INVARIANT: at most 64 bytes.
                out.push(u8::try_from(script.len()).unwrap_or(u8::MAX));
                out.extend(script);
                out.extend(recording.as_str().as_bytes());
            }
        }
        out
    }

    /// Reads what [`ConsentEvent::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([FORMAT, code], rest) = bytes.split_first_chunk()? else { return None };
        let (at, rest) = rest.split_first_chunk()?;
        let text = |bytes| core::str::from_utf8(bytes).ok();
        let pointer = |bytes| ContactPointId::new(text(bytes)?).ok();
        let kind = match (code, rest) {
            (1, []) => ConsentKind::NoticeByEmail,
            (2, []) => ConsentKind::NoticeByMail,
            (3, []) => ConsentKind::Undeliverable,
            (4, []) => ConsentKind::Objection,
            (5, [scope, evidence @ ..]) => {
                ConsentKind::OptIn { scope: ConsentScope::from_code(*scope)?, evidence: pointer(evidence)? }
            }
            (6, [scope]) => ConsentKind::Revocation { scope: ConsentScope::from_code(*scope)? },
            (7, rest) => {
                let (interaction, rest) = rest.split_first_chunk()?;
                let (len, rest) = rest.split_first()?;
                let (script, recording) = rest.split_at_checked(usize::from(*len))?;
                ConsentKind::OneTimeOral {
                    interaction: *interaction,
                    script: ScriptVersion::new(text(script)?).ok()?,
                    recording: pointer(recording)?,
                }
            }
            _ => return None,
        };
        Some(Self { at: Timestamp::from_micros(u64::from_be_bytes(*at)), kind })
    }
}

#[cfg(test)]
mod tests;
