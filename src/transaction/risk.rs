//! Risk as data: facts about a request, and rules that ask for a wait, for a second person, or refuse.
//!
//! Rules: a fact that is not known counts as there; rules only add, and none lets through what policy
//! stops; a port-out is never refused on risk, and waits only where the carrier says so (47 CFR 52.36, 52.35).

use core::fmt;
use std::time::Duration;

use crate::error::{HostError, TransactionError};
use crate::vocabulary::{AccountId, RuleId, Timestamp, codes};

use super::kind::{ChangeRequest, TransactionKind};

/// How long a change that a rule of risk has waiting waits. Library default: a day, so that a notice is seen.
pub const RISK_WAIT: Duration = Duration::from_secs(24 * 3600);
/// How long the removal of a lock takes. Library default: a day, as the notice of it must be seen.
pub const LOCK_REMOVAL_DELAY: Duration = Duration::from_secs(24 * 3600);
/// Until which age an account is young. Library default.
pub const YOUNG_ACCOUNT: Duration = Duration::from_secs(30 * 24 * 3600);
/// What a carrier is told whose rules have port-outs wait, ask for a second person or be held. 52.35 is cited from memory.
pub const PORT_INTERVAL_AT_RISK: &str = "port-outs may wait, need a second person or be held by an objection: \
     the porting interval of 47 CFR 52.35 (one business day for a simple port) is at risk";

codes! {
    /// A fact about a request. One that is not known counts as there.
    RiskFact {
        /// The SIM changed within [`crate::interaction::SIM_CHANGE_RECENT`].
        SimChangedRecently = 1, "sim_changed_recently";
        /// A contact point came or went within [`super::CONTACT_LOOK_BACK_DAYS`].
        ContactChangedRecently = 2, "contact_changed_recently";
        /// The device of the request is new to the account, says the host.
        NewDevice = 3, "new_device";
        /// Something that was presented in this contact did not match.
        FailedAuthentication = 4, "failed_authentication";
        /// More requests on this account than its limit.
        AttemptsAccount = 5, "attempts_account";
        /// More requests by this agent than the limit.
        AttemptsAgent = 6, "attempts_agent";
        /// More requests from this site than the limit.
        AttemptsSite = 7, "attempts_site";
        /// More requests from this device than the limit.
        AttemptsDevice = 8, "attempts_device";
        /// More requests by this employer or partner than the limit.
        AttemptsPartner = 9, "attempts_partner";
        /// The account is younger than [`YOUNG_ACCOUNT`].
        YoungAccount = 10, "young_account";
        /// Neither a live contact nor a case of the agent's own.
        OutsideContact = 11, "outside_contact";
    }
}

/// A set of [`RiskFact`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct RiskFacts(u16);

impl RiskFacts {
    /// With this fact, if it is so; not known is so.
    #[must_use]
    pub fn with(self, fact: RiskFact, is_so: Option<bool>) -> Self {
        if is_so == Some(false) { self } else { Self(self.0 | 1 << fact.code()) }
    }

    /// Whether the fact is there.
    #[must_use]
    pub const fn contains(self, fact: RiskFact) -> bool {
        self.0 & 1 << fact.code() != 0
    }

    /// The facts, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = RiskFact> {
        RiskFact::ALL.iter().copied().filter(move |fact| self.contains(*fact))
    }
}

impl fmt::Debug for RiskFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What a rule of risk asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskEffect {
    /// That it waits so long.
    Wait(Duration),
    /// A second person's approval.
    SecondPerson,
    /// That it is not done.
    Refuse,
}

/// A rule of risk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskRule {
    /// Its id, for audit events. Never reuse one.
    pub id: RuleId,
    /// What it says, in one line for a supervisor.
    pub title: String,
    /// The kinds that it is about.
    pub kinds: Vec<TransactionKind>,
    /// It applies where all of these are so.
    pub facts: Vec<RiskFact>,
    /// What it asks for.
    pub effect: RiskEffect,
}

/// The rules of risk of a carrier, and its delays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRules {
    rules: Vec<RiskRule>,
    lock_removal_delay: Duration,
    objections_hold_ports: bool,
}

/// What the rules say of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RiskVerdict {
    pub(crate) wait: Duration,
    pub(crate) second_person: bool,
    pub(crate) refuse: bool,
    /// The rules that applied.
    pub(crate) rules: Vec<RuleId>,
}

/// What the host's systems know of a request. `None` is unknown, and counts as there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostRisk {
    /// The device from which it is asked for is new to the account.
    pub new_device: Option<bool>,
    /// The host's id of that device, to count by; `None`: not counted.
    pub device: Option<String>,
    /// When the account was opened.
    pub account_opened: Option<Timestamp>,
    /// Whether the handset may be unlocked by the carrier's terms. Unknown is not.
    pub unlock_eligible: Option<bool>,
}

/// The host's fraud and device systems.
pub trait RiskSource: Send + Sync {
    /// What is known of a request on an account.
    ///
    /// # Errors
    /// [`HostError`] if nobody can say: everything is then unknown.
    fn risk(&self, account: &AccountId, change: &ChangeRequest) -> Result<HostRisk, HostError>;
}

/// A rule's id, title, kinds, facts and effect.
type Row = (&'static str, &'static str, &'static [TransactionKind], &'static [RiskFact], RiskEffect);

/// The library's own rules.
const DEFAULTS: &[Row] = {
    use RiskEffect as E;
    use RiskFact as F;
    use TransactionKind as K;
    &[
        (
            "risk-outside-contact",
            "Nothing is changed from outside a live contact or a case",
            &[K::SimChange, K::HandsetUnlock, K::AccountChange],
            &[F::OutsideContact],
            E::Refuse,
        ),
        (
            "risk-sim-after-contact-change",
            "A SIM change after a changed contact point waits a day",
            &[K::SimChange],
            &[F::ContactChangedRecently],
            E::Wait(RISK_WAIT),
        ),
        (
            "risk-sim-after-sim-change",
            "A SIM change soon after another needs a second person",
            &[K::SimChange],
            &[F::SimChangedRecently],
            E::SecondPerson,
        ),
        (
            "risk-sim-after-failed-authentication",
            "A SIM change after something did not match needs a second person",
            &[K::SimChange],
            &[F::FailedAuthentication],
            E::SecondPerson,
        ),
        (
            "risk-sim-new-device-young-account",
            "A SIM change of a young account from a new device needs a second person",
            &[K::SimChange],
            &[F::NewDevice, F::YoungAccount],
            E::SecondPerson,
        ),
        (
            "risk-account-after-sim-change",
            "Passwords, addresses and numbers wait a day where the SIM changed lately",
            &[K::AccountChange],
            &[F::SimChangedRecently],
            E::Wait(RISK_WAIT),
        ),
        (
            "risk-many-on-account",
            "Many requests on one account: the next needs a second person, and nobody is locked out by others' tries",
            &[K::SimChange, K::AccountChange],
            &[F::AttemptsAccount],
            E::SecondPerson,
        ),
        (
            "risk-unlocks-on-account",
            "An account's handsets are unlocked only so often",
            &[K::HandsetUnlock],
            &[F::AttemptsAccount],
            E::Refuse,
        ),
        (
            "risk-many-from-device",
            "One device changes only so many accounts",
            &[K::SimChange, K::HandsetUnlock, K::AccountChange],
            &[F::AttemptsDevice],
            E::Refuse,
        ),
        (
            "risk-many-by-agent",
            "An agent who changes many SIMs or accounts needs a second person",
            &[K::SimChange, K::AccountChange],
            &[F::AttemptsAgent],
            E::SecondPerson,
        ),
        (
            "risk-unlocks-by-agent",
            "An agent unlocks only so many handsets",
            &[K::HandsetUnlock],
            &[F::AttemptsAgent],
            E::Refuse,
        ),
        (
            "risk-unlocks-by-site",
            "A site unlocks only so many handsets",
            &[K::HandsetUnlock],
            &[F::AttemptsSite],
            E::Refuse,
        ),
        (
            "risk-unlocks-by-partner",
            "A partner unlocks only so many handsets",
            &[K::HandsetUnlock],
            &[F::AttemptsPartner],
            E::Refuse,
        ),
    ]
};

/// [`TransactionRules::library_default`].
impl Default for TransactionRules {
    fn default() -> Self {
        let rule = |(id, title, kinds, facts, effect): &Row| {
            Some(RiskRule {
                id: RuleId::new(*id).ok()?,
                title: (*title).to_owned(),
                kinds: kinds.to_vec(),
                facts: facts.to_vec(),
                effect: *effect,
            })
        };
        Self {
            rules: DEFAULTS.iter().filter_map(rule).collect(),
            lock_removal_delay: LOCK_REMOVAL_DELAY,
            objections_hold_ports: false,
        }
    }
}

impl TransactionRules {
    /// The library's own: none of it is law, and none is about port-outs.
    #[must_use]
    pub fn library_default() -> Self {
        Self::default()
    }

    /// With one more rule, or another one of the same id in its place.
    ///
    /// # Errors
    /// [`TransactionError::PortRule`] for a rule that refuses port-outs.
    pub fn with(mut self, rule: RiskRule) -> Result<Self, TransactionError> {
        if rule.effect == RiskEffect::Refuse && rule.kinds.contains(&TransactionKind::PortOut) {
            return Err(TransactionError::PortRule);
        }
        self.rules.retain(|other| other.id != rule.id);
        self.rules.push(rule);
        Ok(self)
    }

    /// Without the rule of this id.
    #[must_use]
    pub fn without(mut self, id: &str) -> Self {
        self.rules.retain(|rule| rule.id.as_str() != id);
        self
    }

    /// How long the removal of a lock takes, in place of [`LOCK_REMOVAL_DELAY`].
    #[must_use]
    pub const fn lock_removal_delay(mut self, delay: Duration) -> Self {
        self.lock_removal_delay = delay;
        self
    }

    /// Has an objection stop a port-out too. Off by default: [`PORT_INTERVAL_AT_RISK`].
    #[must_use]
    pub const fn objections_hold_ports(mut self) -> Self {
        self.objections_hold_ports = true;
        self
    }

    /// The rules, in the order in which they were added.
    #[must_use]
    pub fn rules(&self) -> &[RiskRule] {
        &self.rules
    }

    /// [`PORT_INTERVAL_AT_RISK`] where a rule or a hold is about port-outs.
    #[must_use]
    pub fn port_warning(&self) -> Option<&'static str> {
        let by_rule = self.rules.iter().any(|rule| rule.kinds.contains(&TransactionKind::PortOut));
        (by_rule || self.objections_hold_ports).then_some(PORT_INTERVAL_AT_RISK)
    }

    pub(crate) const fn removal_delay(&self) -> Duration {
        self.lock_removal_delay
    }

    pub(crate) const fn holds(&self, kind: TransactionKind) -> bool {
        match kind {
            TransactionKind::PortOut => self.objections_hold_ports,
            TransactionKind::SimChange | TransactionKind::HandsetUnlock | TransactionKind::AccountChange => {
                true
            }
        }
    }

    /// What the rules say.
    pub(crate) fn judge(&self, kind: TransactionKind, facts: RiskFacts) -> RiskVerdict {
        let mut verdict = RiskVerdict::default();
        for rule in &self.rules {
            let applies = rule.kinds.contains(&kind) && rule.facts.iter().all(|fact| facts.contains(*fact));
            if !applies {
                continue;
            }
            match rule.effect {
                RiskEffect::Wait(wait) => verdict.wait = verdict.wait.max(wait),
                RiskEffect::SecondPerson => verdict.second_person = true,
                RiskEffect::Refuse => verdict.refuse = true,
            }
            verdict.rules.push(rule.id.clone());
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_there_and_none_is_about_port_outs() {
        let rules = TransactionRules::library_default();
        assert_eq!(rules.rules().len(), DEFAULTS.len());
        let all = RiskFact::ALL.iter().fold(RiskFacts::default(), |facts, fact| facts.with(*fact, None));
        assert_eq!(rules.judge(TransactionKind::PortOut, all), RiskVerdict::default());
        assert_eq!(rules.port_warning(), None);
        assert!(!rules.holds(TransactionKind::PortOut));
        for kind in
            [TransactionKind::SimChange, TransactionKind::HandsetUnlock, TransactionKind::AccountChange]
        {
            assert!(rules.judge(kind, all).refuse, "{kind}: everything unknown is refused");
            assert_eq!(rules.judge(kind, RiskFacts::default()), RiskVerdict::default(), "{kind}");
        }
    }

    #[test]
    fn a_port_out_is_never_refused_on_risk_and_a_wait_names_the_interval() {
        let rule = |effect| RiskRule {
            id: RuleId::new("port-wait").unwrap(),
            title: "ours".to_owned(),
            kinds: vec![TransactionKind::PortOut],
            facts: vec![RiskFact::SimChangedRecently],
            effect,
        };
        let rules = TransactionRules::default();
        assert_eq!(rules.clone().with(rule(RiskEffect::Refuse)), Err(TransactionError::PortRule));
        let rules = rules.with(rule(RiskEffect::Wait(RISK_WAIT))).unwrap();
        assert!(rules.port_warning().unwrap().contains("47 CFR 52.35"));
        let facts = RiskFacts::default().with(RiskFact::SimChangedRecently, Some(true));
        assert_eq!(rules.judge(TransactionKind::PortOut, facts).wait, RISK_WAIT);
        assert_eq!(rules.without("port-wait").port_warning(), None);
        let holds = TransactionRules::default().objections_hold_ports();
        assert!(holds.port_warning().is_some() && holds.holds(TransactionKind::PortOut));
    }

    #[test]
    fn unknown_counts_as_there() {
        let facts =
            RiskFacts::default().with(RiskFact::NewDevice, None).with(RiskFact::YoungAccount, Some(false));
        assert!(facts.contains(RiskFact::NewDevice) && !facts.contains(RiskFact::YoungAccount));
    }
}
