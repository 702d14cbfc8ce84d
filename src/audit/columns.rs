//! The index: what is derived from each event and kept beside it, so that questions need not decode
//! every event (`docs/spec/audit-log-v1.md`, "The index").
//!
//! Rules: the log derives a row from the event that it writes, never the host; verification derives
//! it anew and compares.
//!
//! Security note: rows are not authenticated. Who can write the file can change one, and until the
//! next verification a question that is answered from rows alone believes it.

use super::event::{AuditEvent, FieldRecord, LogId};
use super::v1;
use crate::vocabulary::{
    AgentId, ClassSet, DataClass, EmployerId, EventKind, Form, Op, Outcome, SiteId, Timestamp,
};

/// The row of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Number of the event, from 0.
    pub index: u64,
    /// When; at most [`Columns::LAST_TIME`].
    pub time: Timestamp,
    /// What the event tells of.
    pub kind: EventKind,
    /// Who asked, if somebody did.
    pub agent: Option<AgentId>,
    /// Who employs the agent, if that is known.
    pub employer: Option<EmployerId>,
    /// Where the agent sits, if that is known.
    pub site: Option<SiteId>,
    /// The pseudonym of the account that the event is about, if it is about one.
    pub account: Option<[u8; 32]>,
    /// The interaction; all zero: none.
    pub interaction: [u8; 16],
    /// The version of the audit root that was active.
    pub key_version: u32,
    /// The classes that were decided, by what was decided.
    pub classes: Classes,
}

impl Columns {
    /// The last time that a row can hold: stored numbers are signed. The year 294247.
    pub const LAST_TIME: Timestamp = Timestamp::from_micros(u64::MAX >> 1);

    /// The row of `event`, which has this number.
    #[must_use]
    pub fn of(index: u64, event: &AuditEvent) -> Self {
        let facts = &event.facts;
        let actor = facts.actor.as_ref();
        Self {
            index,
            time: facts.time.min(Self::LAST_TIME),
            kind: facts.kind,
            agent: actor.map(|actor| actor.agent.clone()),
            employer: actor.and_then(|actor| actor.employer.clone()),
            site: actor.and_then(|actor| actor.site.clone()),
            account: event.account.as_ref().map(|mark| *mark.pseudonym()),
            interaction: facts.interaction,
            key_version: event.key_version,
            classes: Classes::of(&facts.fields),
        }
    }

    /// The same, borrowed.
    #[must_use]
    pub fn borrowed(&self) -> ColumnsRef<'_> {
        ColumnsRef {
            index: self.index,
            time: self.time,
            kind: self.kind,
            agent: self.agent.as_ref().map(AgentId::as_str),
            employer: self.employer.as_ref().map(EmployerId::as_str),
            site: self.site.as_ref().map(SiteId::as_str),
            account: self.account.as_ref(),
            interaction: &self.interaction,
            key_version: self.key_version,
            classes: self.classes,
        }
    }
}

/// A row where it lies, in a store or in the bytes of its event: for who goes through a whole log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnsRef<'a> {
    /// As [`Columns::index`].
    pub index: u64,
    /// As [`Columns::time`].
    pub time: Timestamp,
    /// As [`Columns::kind`].
    pub kind: EventKind,
    /// As [`Columns::agent`].
    pub agent: Option<&'a str>,
    /// As [`Columns::employer`].
    pub employer: Option<&'a str>,
    /// As [`Columns::site`].
    pub site: Option<&'a str>,
    /// As [`Columns::account`].
    pub account: Option<&'a [u8; 32]>,
    /// As [`Columns::interaction`].
    pub interaction: &'a [u8; 16],
    /// As [`Columns::key_version`].
    pub key_version: u32,
    /// As [`Columns::classes`].
    pub classes: Classes,
}

impl<'a> ColumnsRef<'a> {
    /// The row of the event with these bytes and this number, and the log that it names: what
    /// [`Columns::of`] makes of it. `None` where [`AuditEvent::decode`] refuses the bytes.
    pub(super) fn read(index: u64, event: &'a [u8]) -> Option<(Self, LogId)> {
        let mut classes = Classes::default();
        let event = v1::read(event, |field| {
            classes.add(field.decision.outcome, field.op, field.form, field.class);
        });
        let event = event.ok()?;
        let row = Self {
            index,
            time: event.time.min(Columns::LAST_TIME),
            kind: event.kind,
            agent: event.actor.map(|actor| actor.agent),
            employer: event.actor.map(|actor| actor.employer).filter(|employer| !employer.is_empty()),
            site: event.actor.map(|actor| actor.site).filter(|site| !site.is_empty()),
            account: event.account.map(|account| account.pseudonym),
            interaction: event.interaction,
            key_version: event.key_version,
            classes,
        };
        Some((row, event.log))
    }
}

/// Classes by the form in which they are given out, or withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Classes {
    /// As they are, to who asked.
    pub full: ClassSet,
    /// Masked, or as a token.
    pub masked: ClassSet,
    /// Compared with what was stated: match or no match.
    pub verified: ClassSet,
    /// Sent to the customer, in whatever form.
    pub sent: ClassSet,
    /// Withheld: somebody tried.
    pub withheld: ClassSet,
}

impl Classes {
    /// Length of [`Classes::to_bytes`].
    pub const LEN: usize = 20;

    /// What was decided about these fields.
    fn of(fields: &[FieldRecord]) -> Self {
        let mut classes = Self::default();
        for field in fields {
            classes.add(field.outcome, field.op, field.form, field.class);
        }
        classes
    }

    /// Adds what was decided about a field of this class.
    fn add(&mut self, outcome: Outcome, op: Op, form: Option<Form>, class: DataClass) {
        let set = match (outcome, op, form) {
            (Outcome::Withhold, _, _) => &mut self.withheld,
            (_, Op::Send, _) => &mut self.sent,
            (_, _, Some(Form::Masked | Form::Token)) => &mut self.masked,
            (_, _, Some(Form::Match)) => &mut self.verified,
            // Allowed, and no form is said: it counts as the most that it can be.
            (_, _, Some(Form::Full) | None) => &mut self.full,
        };
        *set = set.with(ClassSet::of([class]));
    }

    /// The classes that were given out in any form.
    #[must_use]
    pub const fn given(&self) -> ClassSet {
        self.full.with(self.masked).with(self.verified).with(self.sent)
    }

    /// Whether nothing was decided about any class.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.given().with(self.withheld).is_empty()
    }

    /// What is in these or in the others.
    #[must_use]
    pub const fn with(&self, other: &Self) -> Self {
        Self {
            full: self.full.with(other.full),
            masked: self.masked.with(other.masked),
            verified: self.verified.with(other.verified),
            sent: self.sent.with(other.sent),
            withheld: self.withheld.with(other.withheld),
        }
    }

    /// The form in which they are stored: five numbers of four bytes, in the order of the fields.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let sets = [self.full, self.masked, self.verified, self.sent, self.withheld];
        let mut bytes = [0; Self::LEN];
        for (place, set) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(sets) {
            *place = set.bits().to_be_bytes();
        }
        bytes
    }

    /// From their stored form; `None` if a bit stands for no class.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let mut sets =
            bytes.as_chunks::<4>().0.iter().map(|set| ClassSet::from_bits(u32::from_be_bytes(*set)));
        let mut next = || sets.next().flatten();
        Some(Self { full: next()?, masked: next()?, verified: next()?, sent: next()?, withheld: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{FieldName, Obligations, Scope, WithheldBecause};

    fn field(class: DataClass, op: Op, outcome: Outcome, form: Option<Form>) -> FieldRecord {
        let because = (outcome == Outcome::Withhold).then_some(WithheldBecause::Forbidden);
        let (field, obligations) = (FieldName::new("f").unwrap(), Obligations::default());
        FieldRecord {
            field,
            class,
            op,
            scope: Scope::Whole,
            outcome,
            form,
            because,
            rules: vec![],
            obligations,
        }
    }

    #[test]
    fn a_class_stands_where_its_decision_puts_it() {
        use DataClass as C;
        let classes = Classes::of(&[
            field(C::Identity, Op::View, Outcome::Disclose, Some(Form::Full)),
            field(C::Address, Op::View, Outcome::DiscloseLimited, Some(Form::Masked)),
            field(C::Payment, Op::View, Outcome::DiscloseLimited, Some(Form::Token)),
            field(C::Ssn, Op::Verify, Outcome::VerifyOnly, Some(Form::Match)),
            field(C::CallDetail, Op::Send, Outcome::Disclose, Some(Form::Full)),
            field(C::Location, Op::Send, Outcome::Withhold, None),
            field(C::SsnLast4, Op::View, Outcome::Withhold, None),
            // What no policy decides and the format allows: the most that it can be.
            field(C::DeviceId, Op::Verify, Outcome::VerifyOnly, Some(Form::Full)),
            field(C::Billing, Op::View, Outcome::Disclose, None),
        ]);
        let expected = Classes {
            full: ClassSet::of([C::Identity, C::DeviceId, C::Billing]),
            masked: ClassSet::of([C::Address, C::Payment]),
            verified: ClassSet::of([C::Ssn]),
            sent: ClassSet::of([C::CallDetail]),
            withheld: ClassSet::of([C::Location, C::SsnLast4]),
        };
        assert_eq!(classes, expected);
        assert_eq!(Classes::from_bytes(&classes.to_bytes()), Some(classes));
        assert_eq!(classes.to_bytes()[..8], [0, 0, 5, 2, 0, 0, 0x20, 4]);
        let mut unknown = classes.to_bytes();
        unknown[19] |= 1;
        assert_eq!(Classes::from_bytes(&unknown), None);
    }
}
