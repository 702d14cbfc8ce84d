//! Risk of transactions: what the host's fraud systems know, and the carrier's own rules.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cpni_guard::error::HostError;
use cpni_guard::transaction as core;
use cpni_guard::transaction::{RiskFact, TransactionKind};
use cpni_guard::vocabulary::{AccountId, RuleId, Timestamp};

use crate::adapt::Of;
use crate::error::{CpniError, call};
use crate::guard::GuardBuilder;
use crate::hosts;

/// What the host's systems know of a request. Nothing is unknown, and counts as there. An object, because it is known of
/// a customer.
#[derive(uniffi::Object)]
pub struct HostRisk(core::HostRisk);

/// The rules of risk of a carrier, and its delays. Each method gives other rules, and leaves these as they are.
#[derive(Debug, uniffi::Object)]
pub struct TransactionRules(core::TransactionRules);

/// What a rule of risk asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RiskEffect {
    /// That it waits.
    Wait {
        /// So many seconds.
        secs: u64,
    },
    /// A second person's approval.
    SecondPerson,
    /// That it is not done.
    Refuse,
}

/// A rule of risk.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RiskRule {
    /// Its id, for audit events. Never reuse one.
    pub id: String,
    /// What it says, in one line for a supervisor.
    pub title: String,
    /// The kinds that it is about.
    pub kinds: Vec<TransactionKind>,
    /// It applies where all of these are so.
    pub facts: Vec<RiskFact>,
    /// What it asks for.
    pub effect: RiskEffect,
}

#[uniffi::export]
impl HostRisk {
    /// `new_device`: the device from which it is asked for is new to the account. `device`: the host's id of that
    /// device, to count by; nothing: not counted. `account_opened_micros`: when the account was opened, in microseconds
    /// since 1970. `unlock_eligible`: whether the handset may be unlocked by the carrier's terms; unknown is not.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor(default(new_device = None, device = None, account_opened_micros = None, unlock_eligible = None))]
    pub fn new(
        new_device: Option<bool>,
        device: Option<String>,
        account_opened_micros: Option<u64>,
        unlock_eligible: Option<bool>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let account_opened = account_opened_micros.map(Timestamp::from_micros);
            Ok(Arc::new(Self(core::HostRisk { new_device, device, account_opened, unlock_eligible })))
        })
    }
}

#[uniffi::export]
impl TransactionRules {
    /// The library's own: none of it is law, and none is about port-outs.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn library_default() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(core::TransactionRules::library_default()))))
    }

    /// With one more rule, or another one of the same id in its place.
    ///
    /// # Errors
    /// 1001 to 1003; 5227 for a rule that refuses port-outs.
    pub fn with(&self, rule: RiskRule) -> Result<Arc<Self>, CpniError> {
        self.changed(|rules| Ok(rules.with(rule.core()?)?))
    }

    /// Without the rule of this id.
    ///
    /// # Errors
    /// Never.
    pub fn without(&self, id: String) -> Result<Arc<Self>, CpniError> {
        self.changed(|rules| Ok(rules.without(&id)))
    }

    /// How many seconds the removal of a lock takes, in place of a day.
    ///
    /// # Errors
    /// Never.
    pub fn lock_removal_delay(&self, secs: u64) -> Result<Arc<Self>, CpniError> {
        self.changed(|rules| Ok(rules.lock_removal_delay(Duration::from_secs(secs))))
    }

    /// Has an objection stop a port-out too. Off by default: `port_warning` says what is at risk.
    ///
    /// # Errors
    /// Never.
    pub fn objections_hold_ports(&self) -> Result<Arc<Self>, CpniError> {
        self.changed(|rules| Ok(rules.objections_hold_ports()))
    }

    /// The rules, in the order in which they were added.
    ///
    /// # Errors
    /// Never.
    pub fn rules(&self) -> Result<Vec<RiskRule>, CpniError> {
        call(|| Ok(self.0.rules().iter().map(RiskRule::from).collect()))
    }

    /// What is at risk where a rule or a hold is about port-outs; nothing: none is.
    ///
    /// # Errors
    /// Never.
    pub fn port_warning(&self) -> Result<Option<String>, CpniError> {
        call(|| Ok(self.0.port_warning().map(str::to_owned)))
    }
}

#[uniffi::export]
impl GuardBuilder {
    /// The host's fraud and device systems. Without them every device is new, every account young, and no handset is
    /// unlocked.
    ///
    /// # Errors
    /// 9308.
    pub fn risks(&self, source: Arc<dyn hosts::RiskSource>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.risks(Arc::new(Of(source)))))
    }

    /// The carrier's rules of risk, in place of the library's own.
    ///
    /// # Errors
    /// 9308.
    pub fn transaction_rules(&self, rules: &TransactionRules) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.transaction_rules(rules.0.clone())))
    }
}

impl TransactionRules {
    fn changed(
        &self,
        change: impl FnOnce(core::TransactionRules) -> Result<core::TransactionRules, CpniError>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(change(self.0.clone())?))))
    }
}

impl core::RiskSource for Of<dyn hosts::RiskSource> {
    fn risk(&self, account: &AccountId, change: &core::ChangeRequest) -> Result<core::HostRisk, HostError> {
        // EXPOSE: the host's own id of the account.
        Ok(self.0.risk(account.expose().to_owned(), change.action())?.0.clone())
    }
}

impl RiskRule {
    fn core(self) -> Result<core::RiskRule, CpniError> {
        let effect = match self.effect {
            RiskEffect::Wait { secs } => core::RiskEffect::Wait(Duration::from_secs(secs)),
            RiskEffect::SecondPerson => core::RiskEffect::SecondPerson,
            RiskEffect::Refuse => core::RiskEffect::Refuse,
        };
        let id = RuleId::new(self.id)?;
        Ok(core::RiskRule { id, title: self.title, kinds: self.kinds, facts: self.facts, effect })
    }
}

impl From<&core::RiskRule> for RiskRule {
    fn from(rule: &core::RiskRule) -> Self {
        let effect = match rule.effect {
            core::RiskEffect::Wait(wait) => RiskEffect::Wait { secs: wait.as_secs() },
            core::RiskEffect::SecondPerson => RiskEffect::SecondPerson,
            core::RiskEffect::Refuse => RiskEffect::Refuse,
        };
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            kinds: rule.kinds.clone(),
            facts: rule.facts.clone(),
            effect,
        }
    }
}

/// Silent.
impl fmt::Debug for HostRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostRisk(..)")
    }
}
