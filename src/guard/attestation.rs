//! What a deployment enforces, as a machine-readable and a readable statement (T-Mobile's decree of
//! 2024 counted a misrepresentation of security practices). It says which rules decide, how sure
//! their reading is, and what is missing. It never says that a carrier meets its duties.

use core::fmt;

use serde::Serialize;

use crate::policy::{Certainty, OverrideStatus, PackStatus, ReadFrom};
use crate::transaction::PORT_INTERVAL_AT_RISK;
use crate::vocabulary::hex;

use super::Guard;

/// What this guard enforces, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attestation {
    /// The version of this library.
    pub library: &'static str,
    /// When it was asked: RFC 3339, UTC.
    pub at: String,
    /// The tenant.
    pub tenant: String,
    /// SHA-256 over the texts of the packs in force, as audit records carry it, in hexadecimal.
    pub policy_hash: String,
    /// Every pack, on and off.
    pub packs: Vec<AttestedPack>,
    /// Rules that a carrier's files or code switch off.
    pub overrides: Vec<AttestedOverride>,
    /// Rules in force, by how sure their reading is.
    pub rules_by_certainty: Vec<Count>,
    /// Rules in force, by how their text was read. A rule from memory is never quoted.
    pub rules_by_source: Vec<Count>,
    /// What this deployment lacks, and what follows.
    pub gaps: Vec<&'static str>,
}

/// A pack in an attestation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttestedPack {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `required`, `adopted`, `proposed`, `library_default` or `grants`.
    pub compliance: &'static str,
    /// Whether it decides.
    pub in_force: bool,
    /// The first day, if it has one.
    pub effective_from: Option<String>,
    /// The first day on which it no longer decides, if it has one.
    pub effective_until: Option<String>,
    /// SHA-256 of its text, in hexadecimal.
    pub hash: String,
}

/// A rule that is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttestedOverride {
    /// The rule.
    pub rule: String,
    /// Why, in the carrier's words.
    pub reason: String,
    /// Who approved it.
    pub approver: String,
    /// The first day on which the rule decides again.
    pub until: String,
    /// Whether it is switched off now.
    pub in_force: bool,
    /// How sure the rule's reading is.
    pub certainty: &'static str,
    /// Whether the host's code did it (else a file, which cannot switch off clear law).
    pub by_code: bool,
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Of what.
    pub of: &'static str,
    /// How many.
    pub rules: usize,
}

impl Attestation {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // INVARIANT: texts and numbers only: nothing here can fail to be JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Guard {
    /// What this guard enforces now.
    #[must_use]
    pub fn attestation(&self) -> Attestation {
        let now = self.now();
        let policy = &self.0.policy;
        let pack = |status: PackStatus| AttestedPack {
            hash: hex(&crate::hazmat::hash::sha256(status.text.as_bytes())),
            id: status.id.to_string(),
            title: status.title.into(),
            compliance: status.compliance.name(),
            in_force: status.in_force,
            effective_from: status.effective_from.map(|day| day.to_string()),
            effective_until: status.effective_until.map(|day| day.to_string()),
        };
        let rules: Vec<_> = policy.rules_in_force(now).collect();
        let by_certainty = |certainty: &Certainty| Count {
            of: certainty.name(),
            rules: rules.iter().filter(|rule| rule.certainty == *certainty).count(),
        };
        let by_source = |source: &ReadFrom| Count {
            of: source.name(),
            rules: rules.iter().filter(|rule| rule.source == *source).count(),
        };
        Attestation {
            library: env!("CARGO_PKG_VERSION"),
            at: now.to_string(),
            tenant: self.0.tenant.to_string(),
            policy_hash: hex(&self.policy_hash(now)),
            packs: policy.status(now).into_iter().map(pack).collect(),
            overrides: policy
                .overrides(now)
                .map(|OverrideStatus { over, in_force, by_code, certainty }| AttestedOverride {
                    rule: over.rule.to_string(),
                    reason: over.reason.to_string(),
                    approver: over.approver.to_string(),
                    until: over.until.to_string(),
                    in_force,
                    certainty: certainty.name(),
                    by_code,
                })
                .collect(),
            rules_by_certainty: Certainty::ALL.iter().map(by_certainty).collect(),
            rules_by_source: ReadFrom::ALL.iter().map(by_source).collect(),
            gaps: self.gaps(),
        }
    }

    pub(super) fn gaps(&self) -> Vec<&'static str> {
        let inner = &*self.0;
        let checkpoints = inner.audit.checkpoint_status();
        let lacks = [
            (
                inner.delivery.is_none(),
                "no delivery: nothing is sent to an address of record, no code goes out, nobody is called back",
            ),
            (
                inner.notifier.is_none(),
                "no notifier: notices wait in the library's queue until a worker of yours hands them over",
            ),
            (
                inner.hosts.hotlines.is_none(),
                "no list of covered hotlines: customers' call logs are withheld",
            ),
            (
                inner.watcher.rules().rules().is_empty(),
                "no watch: nobody is told of an agent who looks at too much",
            ),
            (inner.alarms.is_none(), "no alarm sink: what the watch notices stands in the audit log only"),
            (
                checkpoints.published.is_none(),
                "no checkpoint of the audit log outside this machine: it is not anchored",
            ),
            (checkpoints.failing, "the last checkpoint of the audit log could not be made or published"),
            (inner.transaction_rules.port_warning().is_some(), PORT_INTERVAL_AT_RISK),
            (
                inner.risks.is_none(),
                "no risk source: every device is new, every account young, and no handset is unlocked",
            ),
            (true, "attempts are limited per store: hosts that share no store have limits of their own"),
        ];
        lacks.into_iter().filter(|(is_lacking, _)| *is_lacking).map(|(_, gap)| gap).collect()
    }
}

/// A page of text.
impl fmt::Display for Attestation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cpni-guard {}, tenant {}, {}", self.library, self.tenant, self.at)?;
        writeln!(f, "policy {}", self.policy_hash)?;
        for pack in &self.packs {
            let state = if pack.in_force { "on " } else { "off" };
            writeln!(f, "  {state} {} ({}): {}", pack.id, pack.compliance, pack.title)?;
        }
        for over in &self.overrides {
            let state = if over.in_force { "switched off" } else { "was to be switched off" };
            let AttestedOverride { rule, certainty, until, reason, approver, .. } = over;
            let by = if over.by_code { "code" } else { "a file" };
            writeln!(f, "  {rule} ({certainty}) {state} by {by} until {until}: {reason} ({approver})")?;
        }
        f.write_str("rules in force:")?;
        for count in self.rules_by_certainty.iter().filter(|count| count.rules > 0) {
            write!(f, " {} {};", count.rules, count.of)?;
        }
        for count in self.rules_by_source.iter().filter(|count| count.rules > 0) {
            write!(f, " {} read from {};", count.rules, count.of)?;
        }
        writeln!(f)?;
        self.gaps.iter().try_for_each(|gap| writeln!(f, "gap: {gap}"))
    }
}
