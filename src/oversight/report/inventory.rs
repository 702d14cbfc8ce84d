//! The data inventory: each field of the schema, what it holds, and where its values went.
//!
//! Rules: where they went is what the verified log says was decided to be given out; an event comes before
//! the disclosure, so that one which then failed counts all the same. A field that the schema no longer
//! names, or names under another class, stands apart.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::{AuditEvent, FieldRecord};
use crate::classify::{FieldSpec, Schema};
use crate::vocabulary::{
    Channel, DataClass, Destination, EmployerId, FieldName, Form, Label, Op, Outcome, Role, Timestamp,
};

use super::figure::Figure;

/// Which fields there are, what they hold, and where their values went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataInventory {
    /// The fields of the schema, by name, also those of which nothing was given out.
    pub fields: Vec<FieldInventory>,
    /// Fields of the log that today's schema does not name, or names under another class.
    pub not_in_schema: Vec<FieldInventory>,
}

/// A field, and where its values went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldInventory {
    /// Its name.
    pub field: String,
    /// Its class.
    pub class: &'static str,
    /// The labels of its class.
    pub labels: Vec<&'static str>,
    /// The kind of identifier in it, if it holds one.
    pub kind: Option<&'static str>,
    /// The field that it is derived from.
    pub derived_from: Option<String>,
    /// What this process did with it and the log does not tell; `None`: the schema does not name it.
    pub since_start: Option<SinceStart>,
    /// Where its values went, in the period.
    pub sinks: Vec<SinkSeen>,
    /// How often it was asked for and withheld, in the period.
    pub withheld: Figure,
}

/// What a process did with a field since its guard was built. Sealing gives nothing out, and evidence is
/// recorded without the field that it was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SinceStart {
    /// Values sealed.
    pub sealed: u64,
    /// Comparisons inside the library with a photo ID or a call that the customer named.
    pub compared: u64,
}

/// A place where values of a field went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkSeen {
    /// Which.
    pub sink: Sink,
    /// How often it was decided.
    pub count: Figure,
    /// The first time of the period.
    pub first: String,
    /// The last time of the period.
    pub last: String,
    /// By the role of who asked.
    pub roles: Vec<SinkShare>,
    /// By the channel on which it was asked.
    pub channels: Vec<SinkShare>,
    /// By the employer of who asked.
    pub employers: Vec<SinkShare>,
}

/// How much of a sink is one role's, channel's or employer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkShare {
    /// Whose; `None`: not known.
    pub of: Option<String>,
    /// How often.
    pub count: Figure,
}

/// Where a value can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sink {
    /// To who asked, as it is.
    ShownInFull,
    /// To who asked, as a mask or a token.
    ShownInPart,
    /// To a device session on the machine of who asked, in whatever form.
    SealedForDevice,
    /// Match or no match, to who asked.
    Compared,
    /// To the customer's address of record, past who asked.
    SentToAddressOfRecord,
    /// Sent, and the event does not say where to.
    Sent,
    /// Accounts were found by it.
    Searched,
}

impl Sink {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::ShownInFull,
        Self::ShownInPart,
        Self::SealedForDevice,
        Self::Compared,
        Self::SentToAddressOfRecord,
        Self::Sent,
        Self::Searched,
    ];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ShownInFull => "shown in full",
            Self::ShownInPart => "shown masked or as a token",
            Self::SealedForDevice => "sealed for a device session",
            Self::Compared => "compared: match or no match",
            Self::SentToAddressOfRecord => "sent to the address of record",
            Self::Sent => "sent",
            Self::Searched => "searched by",
        }
    }

    /// Where a decision lets the value go; `None`: nowhere.
    fn of(field: &FieldRecord, destination: Option<Destination>, for_device: bool) -> Option<Self> {
        if field.outcome == Outcome::Withhold {
            return None;
        }
        Some(match (field.op, destination, field.form) {
            (Op::Send, Some(Destination::AddressOfRecord), _) => Self::SentToAddressOfRecord,
            (Op::Send, None, _) => Self::Sent,
            (Op::Search, _, _) => Self::Searched,
            (Op::View, _, _) if for_device => Self::SealedForDevice,
            (Op::View | Op::Verify | Op::Act, _, Some(Form::Match)) => Self::Compared,
            (Op::View | Op::Verify | Op::Act, _, Some(Form::Masked | Form::Token)) => Self::ShownInPart,
            // Allowed, and no form is said: it counts as the most that it can be.
            (Op::View | Op::Verify | Op::Act, _, Some(Form::Full) | None) => Self::ShownInFull,
        })
    }
}

/// What was counted so far. It grows with the number of fields, sinks, roles, channels and employers.
#[derive(Debug, Default)]
pub(super) struct InventoryTally(BTreeMap<FieldName, BTreeMap<DataClass, FieldTally>>);

#[derive(Debug, Default)]
struct FieldTally {
    sinks: BTreeMap<Sink, SinkTally>,
    withheld: u64,
}

#[derive(Debug)]
struct SinkTally {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    roles: BTreeMap<Option<Role>, u64>,
    channels: BTreeMap<Option<Channel>, u64>,
    employers: BTreeMap<Option<EmployerId>, u64>,
}

impl InventoryTally {
    /// Counts an event that decides about fields. `for_device`: what it gives out goes to a device session.
    pub(super) fn add(&mut self, event: &AuditEvent, for_device: bool) {
        let facts = &event.facts;
        for field in &facts.fields {
            if !self.0.contains_key(&field.field) {
                self.0.insert(field.field.clone(), BTreeMap::new());
            }
            let Some(classes) = self.0.get_mut(&field.field) else { continue };
            let tally = classes.entry(field.class).or_default();
            let Some(sink) = Sink::of(field, facts.destination, for_device) else {
                bump(&mut tally.withheld);
                continue;
            };
            let sink = tally.sinks.entry(sink).or_insert_with(|| SinkTally::at(facts.time));
            bump(&mut sink.count);
            sink.first = sink.first.min(facts.time);
            sink.last = sink.last.max(facts.time);
            let actor = facts.actor.as_ref();
            bump(sink.roles.entry(actor.map(|actor| actor.role)).or_default());
            bump(sink.channels.entry(facts.channel).or_default());
            bump(sink.employers.entry(actor.and_then(|actor| actor.employer.clone())).or_default());
        }
    }

    /// What was counted, beside the fields of the schema. `since_start` is in their order.
    pub(super) fn inventory(
        mut self,
        schema: &Schema,
        since_start: &[SinceStart],
        exact: bool,
    ) -> DataInventory {
        let of_schema = |spec: &FieldSpec| {
            let tally = self.0.get_mut(spec.name()).and_then(|classes| classes.remove(&spec.class()));
            FieldInventory {
                kind: spec.kind().map(|kind| kind.name()),
                derived_from: spec.derived_from().map(ToString::to_string),
                since_start: Some(since_start.get(spec.index()).copied().unwrap_or_default()),
                ..field(spec.name(), spec.class(), &tally.unwrap_or_default(), exact)
            }
        };
        let fields = schema.fields().iter().map(of_schema).collect();
        let left = self.0.iter().flat_map(|(name, classes)| classes.iter().map(move |class| (name, class)));
        let not_in_schema = left.map(|(name, (class, tally))| field(name, *class, tally, exact)).collect();
        DataInventory { fields, not_in_schema }
    }
}

impl SinkTally {
    const fn at(time: Timestamp) -> Self {
        Self {
            count: 0,
            first: time,
            last: time,
            roles: BTreeMap::new(),
            channels: BTreeMap::new(),
            employers: BTreeMap::new(),
        }
    }
}

fn field(name: &FieldName, class: DataClass, tally: &FieldTally, exact: bool) -> FieldInventory {
    let sink = |(sink, seen): (&Sink, &SinkTally)| SinkSeen {
        sink: *sink,
        count: Figure::new(seen.count, exact),
        first: seen.first.to_string(),
        last: seen.last.to_string(),
        roles: shares(&seen.roles, exact),
        channels: shares(&seen.channels, exact),
        employers: shares(&seen.employers, exact),
    };
    FieldInventory {
        field: name.to_string(),
        class: class.name(),
        labels: class.labels().iter().map(Label::name).collect(),
        kind: None,
        derived_from: None,
        since_start: None,
        sinks: tally.sinks.iter().map(sink).collect(),
        withheld: Figure::new(tally.withheld, exact),
    }
}

fn shares<T: ToString>(counts: &BTreeMap<Option<T>, u64>, exact: bool) -> Vec<SinkShare> {
    let share = |(of, count): (&Option<T>, &u64)| SinkShare {
        of: of.as_ref().map(ToString::to_string),
        count: Figure::new(*count, exact),
    };
    counts.iter().map(share).collect()
}

fn bump(count: &mut u64) {
    *count = count.saturating_add(1);
}
