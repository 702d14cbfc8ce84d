//! Who may see what, when and why: dated packs of legal rules, a carrier's grants, one decision.
//!
//! Rules: legal packs forbid, limit and oblige; a grants file only permits. Forbid overrides
//! permit, no permit means withheld, and whatever is unknown takes its least privileged value.
//! So no grant opens what the floor closes, and none drops a duty. Every rule has a citation and
//! says how sure its reading is. This room knows no cryptography and no customer text.
//!
//! Security note: a decision is as good as its facts. Those come from the `interaction` room,
//! which asks the host's systems and never takes an agent's word where a rule needs more.

mod decision;
mod engine;
mod explain;
mod facts;
mod lint;
mod moves;
mod opening;
mod pack;
mod parse;
mod plan;
mod reach;
mod rule;
mod searching;
mod space;

#[cfg(test)]
mod cells;
#[cfg(test)]
mod tests;

pub use decision::{Decision, Reason};
pub use engine::Policy;
pub use explain::{Explanation, UsedFact};
pub use facts::{AccountFact, AgentFact, Facts};
pub use lint::{Finding, FindingKind, Place};
pub(crate) use pack::OverrideStatus;
pub use pack::{Compliance, Override, Pack, PackStatus};
pub use plan::Grant;
pub(crate) use plan::Plan;
pub use reach::{Need, Reach, Target};
pub use rule::{Certainty, Effect, ReadFrom};
pub(crate) use searching::{SearchGrant, SearchPlan};
