//! A pack: the rules of one source of law (or one carrier's grants), with the dates between which
//! they are in force.

use std::sync::OnceLock;

use crate::error::{Error, FileFault, PolicyError};
use crate::toml_reader::Source;
use crate::vocabulary::{CivilDate, RuleId, Timestamp, codes};

use super::parse::{self, Beside, FileKind};
use super::rule::{Certainty, Conjunction, Rule};

codes! {
    /// Whether a pack must be followed.
    Compliance {
        /// In force. On between its dates, and not to be switched off.
        Required = 1, "required";
        /// Adopted, compliance not yet required. Off until the host switches it on.
        Adopted = 2, "adopted";
        /// Proposed. Off until the host switches it on.
        Proposed = 3, "proposed";
        /// This library's default where the law leaves the choice. On.
        LibraryDefault = 4, "library_default";
        /// A carrier's own grants. On.
        Grants = 5, "grants";
    }
}

/// In this order, because a pack uses the predicates of those before it.
const BUILT_IN: [(&str, &str); 13] = [
    ("us-cpni-authentication.toml", include_str!("packs/us-cpni-authentication.toml")),
    ("us-cpni-use.toml", include_str!("packs/us-cpni-use.toml")),
    ("us-cpni-safeguards.toml", include_str!("packs/us-cpni-safeguards.toml")),
    ("us-account-changes.toml", include_str!("packs/us-account-changes.toml")),
    ("us-line-separation.toml", include_str!("packs/us-line-separation.toml")),
    ("us-simple-ports.toml", include_str!("packs/us-simple-ports.toml")),
    ("transaction-guards.toml", include_str!("packs/transaction-guards.toml")),
    ("us-sim-change.toml", include_str!("packs/us-sim-change.toml")),
    ("us-port-out.toml", include_str!("packs/us-port-out.toml")),
    ("us-call-logs.toml", include_str!("packs/us-call-logs.toml")),
    ("us-ssn.toml", include_str!("packs/us-ssn.toml")),
    ("us-onshoring.toml", include_str!("packs/us-onshoring.toml")),
    ("library-default.toml", include_str!("packs/library-default.toml")),
];

/// Most faults of a file that [`Pack::check`] tells.
const MAX_FAULTS: usize = 100;

/// A policy pack or a grants file.
#[derive(Debug, Clone)]
pub struct Pack {
    pub(super) id: RuleId,
    pub(super) title: Box<str>,
    pub(super) effective_from: Option<CivilDate>,
    /// The first day on which the pack is no longer in force.
    pub(super) effective_until: Option<CivilDate>,
    pub(super) compliance: Compliance,
    pub(super) definitions: Vec<Definition>,
    pub(super) rules: Vec<Rule>,
    pub(super) overrides: Vec<Override>,
    /// The file's name, as the host gave it.
    pub(super) name: Option<Box<str>>,
    pub(super) text: Box<str>,
}

/// A named predicate: holds where any of its conjunctions holds.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: RuleId,
    pub(super) any_of: Vec<Conjunction>,
}

/// A carrier's decision to switch off one rule. A file may do so where the reading is not clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub(crate) rule: RuleId,
    pub(crate) reason: Box<str>,
    pub(crate) approver: Box<str>,
    /// The first day on which the rule decides again.
    pub(crate) until: CivilDate,
    /// Where it begins in its file, in bytes; `None`: the host's code made it.
    pub(super) at: Option<usize>,
}

impl Override {
    /// Switches `rule` off until the day before `until`, for a reason, approved by somebody.
    ///
    /// # Errors
    /// [`PolicyError::BadOverride`] if a text is empty, longer than 400 bytes or not on one line.
    pub fn new(rule: RuleId, reason: &str, approver: &str, until: CivilDate) -> Result<Self, Error> {
        if ![reason, approver].into_iter().all(parse::is_sentence) {
            return Err(PolicyError::BadOverride { rule }.into());
        }
        Ok(Self { rule, reason: reason.into(), approver: approver.into(), until, at: None })
    }
}

/// An override, and what it comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverrideStatus<'p> {
    pub(crate) over: &'p Override,
    /// Whether the rule is switched off now.
    pub(crate) in_force: bool,
    /// Whether the host's code did it, which alone may switch off clear law.
    pub(crate) by_code: bool,
    pub(crate) certainty: Certainty,
}

/// A pack and whether it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackStatus<'p> {
    /// The pack's id.
    pub id: &'p RuleId,
    /// Its title.
    pub title: &'p str,
    /// Whether it must be followed.
    pub compliance: Compliance,
    /// Whether it decides now.
    pub in_force: bool,
    /// The first day on which it decides; `None`: always did.
    pub effective_from: Option<CivilDate>,
    /// The first day on which it no longer decides; `None`: until further notice.
    pub effective_until: Option<CivilDate>,
    /// Its file.
    pub text: &'p str,
}

impl Pack {
    /// The packs that come with this library.
    ///
    /// # Errors
    /// None in a released version: a test loads every pack.
    pub fn built_in() -> Result<Vec<Self>, Error> {
        let mut known: Vec<RuleId> = Vec::new();
        let mut packs = Vec::with_capacity(BUILT_IN.len());
        for (name, text) in BUILT_IN {
            let pack = load(name, text, FileKind::Legal, &known)?;
            known.extend(pack.definitions.iter().map(|definition| definition.name.clone()));
            packs.push(pack);
        }
        Ok(packs)
    }

    /// Reads a pack of `forbid`, `limit` and `oblige` rules. `name` is what faults call the file.
    /// It may use the predicates that the built-in packs define.
    ///
    /// # Errors
    /// [`PolicyError::File`]: the first fault, with line, column and the word that was probably meant.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, Error> {
        Self::read(name, text, FileKind::Legal)
    }

    /// Reads a carrier's grants: `permit` rules and overrides.
    ///
    /// # Errors
    /// [`PolicyError::File`]: the first fault, with line, column and the word that was probably meant.
    pub fn grants_from_toml(name: &str, text: &str) -> Result<Self, Error> {
        Self::read(name, text, FileKind::Grants)
    }

    fn read(name: &str, text: &str, kind: FileKind) -> Result<Self, Error> {
        static PREDICATES: OnceLock<Vec<RuleId>> = OnceLock::new();
        let known = PREDICATES.get_or_init(|| {
            let packs = Self::built_in().unwrap_or_default();
            packs.into_iter().flat_map(|pack| pack.definitions).map(|definition| definition.name).collect()
        });
        Ok(load(name, text, kind, known)?)
    }

    /// Reads a policy file of either kind for the person who writes it: all its faults, in the order
    /// of the file, not the first alone. A file that says `compliance` is a legal pack, any other a
    /// carrier's grants. `beside` are the packs that it will be used with: it may use their
    /// predicates, must not repeat the ids of their rules, and overrides name rules of theirs.
    ///
    /// # Errors
    /// At least one fault and at most 100: no more are looked for then.
    pub fn check(name: &str, text: &str, beside: &[Self]) -> Result<Self, Vec<FileFault>> {
        let predicates: Vec<RuleId> =
            beside.iter().flat_map(|pack| &pack.definitions).map(|known| known.name.clone()).collect();
        let beside = Beside { predicates: &predicates, packs: Some(beside) };
        parse::pack(Source::new(Some(name), text), None, beside, MAX_FAULTS)
    }

    /// Reads a carrier's grants from a file.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`], or as [`Pack::grants_from_toml`].
    pub fn grants_from_file(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|_| PolicyError::Unreadable)?;
        Self::grants_from_toml(&path.to_string_lossy(), &text)
    }

    /// The pack's id.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// Whether it must be followed, or is a carrier's grants.
    #[must_use]
    pub fn compliance(&self) -> Compliance {
        self.compliance
    }

    /// The file's text, for the hash that audit records carry.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte of its file.
    pub(super) fn line_and_column(&self, at: usize) -> (u32, u32) {
        Source::new(None, &self.text).line_and_column(at)
    }

    /// Whether the pack decides on the day of `now`. A clock that shows no day counts as inside
    /// for packs that close and outside for grants, which open.
    pub(super) fn in_force(&self, now: Timestamp, switched_on: bool) -> bool {
        let on = match self.compliance {
            Compliance::Required | Compliance::LibraryDefault | Compliance::Grants => true,
            Compliance::Adopted | Compliance::Proposed => switched_on,
        };
        let dated = match now.utc_date() {
            Some(today) => {
                self.effective_from.is_none_or(|from| from <= today)
                    && self.effective_until.is_none_or(|until| today < until)
            }
            None => self.compliance != Compliance::Grants,
        };
        on && dated
    }
}

/// Reads a file that has to be right: the first fault refuses it.
fn load(name: &str, text: &str, kind: FileKind, predicates: &[RuleId]) -> Result<Pack, PolicyError> {
    let source = Source::new(Some(name), text);
    let beside = Beside { predicates, packs: None };
    parse::pack(source, Some(kind), beside, 1)
        .map_err(|faults| faults.into_iter().next().map_or(PolicyError::Unreadable, PolicyError::File))
}
