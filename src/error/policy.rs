//! Causes of the policy room.

use super::{ErrorCode, FileFault};
use crate::vocabulary::RuleId;

/// Why a policy pack or a grants file was refused. The fault of whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Something in the file is wrong.
    #[error("policy: {0}")]
    File(FileFault),
    /// The file could not be read.
    #[error("policy: the file could not be read")]
    Unreadable,
    /// Two packs have the same id.
    #[error("policy: there are two packs with the id `{pack}`")]
    DuplicatePack {
        /// The id.
        pack: RuleId,
    },
    /// No pack has this id.
    #[error("policy: there is no pack with this id")]
    UnknownPack,
    /// A pack that is required by law cannot be switched off.
    #[error("policy: the pack `{pack}` is required and cannot be switched off")]
    RequiredPack {
        /// The id.
        pack: RuleId,
    },
    /// Two rules have the same id.
    #[error("policy: there are two rules with the id `{rule}`")]
    DuplicateRule {
        /// The id.
        rule: RuleId,
    },
    /// An override names a rule that does not exist.
    #[error("policy: an override names the rule `{rule}`, which does not exist")]
    UnknownRule {
        /// The id.
        rule: RuleId,
    },
    /// An override names a rule whose reading is clear.
    #[error("policy: the rule `{rule}` is clear law; a file cannot override it")]
    ClearRule {
        /// The id.
        rule: RuleId,
    },
    /// A rule can never match: its conditions contradict each other, or its exceptions cover them.
    #[error("policy: the rule `{rule}` can never match")]
    NeverMatches {
        /// The rule.
        rule: RuleId,
    },
    /// An override gives no reason or no approver, or a text that is not on one line.
    #[error(
        "policy: the override of `{rule}` needs a reason and an approver, each of 1 to 400 bytes on one line"
    )]
    BadOverride {
        /// The rule.
        rule: RuleId,
    },
    /// Two packs define the same predicate.
    #[error("policy: the predicate `{name}` is defined twice")]
    DuplicatePredicate {
        /// Its name.
        name: RuleId,
    },
    /// A rule uses a predicate of a pack that is not there.
    #[error("policy: no pack defines the predicate `{name}`")]
    UnknownPredicate {
        /// Its name.
        name: RuleId,
    },
    /// More rules than can be compiled.
    #[error("policy: more than {max} rules")]
    TooManyRules {
        /// The limit.
        max: usize,
    },
}

impl PolicyError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::File(_) => 4001,
            Self::Unreadable => 4002,
            Self::DuplicatePack { .. } => 4003,
            Self::UnknownPack => 4004,
            Self::RequiredPack { .. } => 4005,
            Self::TooManyRules { .. } => 4006,
            Self::DuplicateRule { .. } => 4007,
            Self::UnknownRule { .. } => 4008,
            Self::ClearRule { .. } => 4009,
            Self::DuplicatePredicate { .. } => 4010,
            Self::UnknownPredicate { .. } => 4011,
            Self::BadOverride { .. } => 4012,
            Self::NeverMatches { .. } => 4013,
        })
    }
}
