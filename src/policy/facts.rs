//! What is known about a request, as bits: one word a group of dimensions, one bit a value.
//!
//! A single-valued dimension (operation, channel, role …) has one bit set, or none where the
//! request has no such thing; a set-valued one (label, evidence, facts) has any number.

use core::fmt;

use crate::vocabulary::{
    Action, Channel, DataClass, Destination, EvidenceKind, Form, Op, Purpose, Role, Scope, codes,
};

#[cfg(test)]
use super::space::Fact;

codes! {
    /// A yes-or-no fact about the account. Numbers and dates become one of these in Rust code,
    /// beside the constant that decides.
    AccountFact {
        /// There is an address of record: on the account for at least 30 days (47 CFR 64.2003(b)).
        AddressOfRecord = 1, "address_of_record";
        /// The account belongs to the customer who asks.
        OwnedByRequester = 2, "owned_by_requester";
        /// The customer's affirmative written request is on file (47 U.S.C. 222(c)(2)).
        WrittenRequest = 3, "written_request";
        /// The service is being initiated right now (64.2010(f)(1)).
        ServiceInitiation = 4, "service_initiation";
        /// A line-separation request concerns the account (47 U.S.C. 345).
        Survivor = 5, "survivor";
        /// Whether a line-separation request concerns the account cannot be read. Both answers
        /// can hurt, so this is a value of its own.
        SurvivorUnreadable = 6, "survivor_unreadable";
        /// A business customer.
        Business = 7, "business";
        /// With a dedicated account representative (64.2010(g)).
        DedicatedRepresentative = 8, "dedicated_representative";
        /// With a contract that specifically addresses the protection of CPNI (64.2010(g)).
        CpniContract = 9, "cpni_contract";
        /// The customer locked SIM changes.
        SimLock = 10, "sim_lock";
        /// The customer locked port-outs.
        PortLock = 11, "port_lock";
        /// The customer set a port-out passcode.
        PortPasscodeSet = 12, "port_passcode_set";
        /// The SIM changed recently.
        SimChangedRecently = 13, "sim_changed_recently";
        /// Opt-in approval (64.2003(k)).
        OptIn = 14, "opt_in";
        /// Opt-out approval that has matured and not lapsed (64.2008(d)).
        OptOutMatured = 15, "opt_out_matured";
        /// The customer objected.
        OptedOut = 16, "opted_out";
        /// One-time oral approval for this contact (64.2008(f)).
        OneTimeOralApproval = 17, "one_time_oral_approval";
        /// The port is a simple port (52.36).
        SimplePort = 18, "simple_port";
        /// The account has a password.
        PasswordSet = 19, "password_set";
        /// The list of covered hotlines is there and fresh (64.6408).
        HotlineListFresh = 20, "hotline_list_fresh";
        /// Express prior authorization to use location (47 U.S.C. 222(f)).
        LocationOptIn = 21, "location_opt_in";
    }
}

codes! {
    /// A yes-or-no fact about the agent and the contact.
    AgentFact {
        /// Training is current (64.2009(b)).
        TrainingCurrent = 1, "training_current";
        /// Works in the United States.
        InUnitedStates = 2, "in_united_states";
        /// A live contact of this agent's own, about this account, says the host's telephony.
        LiveContact = 3, "live_contact";
        /// An open case about this account, assigned to this agent.
        OpenCase = 4, "open_case";
        /// A supervisor, another person, approved (64.2009(d)).
        SupervisorApproval = 5, "supervisor_approval";
        /// Counsel reviewed the legal demand that the case is about.
        LegalReview = 6, "legal_review";
        /// The group is large enough that nobody in it is singled out (222(h)(2)).
        GroupLargeEnough = 7, "group_large_enough";
    }
}

impl AccountFact {
    /// Whether the fact is assumed where it is unknown: what opens least.
    #[must_use]
    pub const fn if_unknown(self) -> bool {
        match self {
            Self::SurvivorUnreadable
            | Self::SimLock
            | Self::PortLock
            | Self::PortPasscodeSet
            | Self::SimChangedRecently
            | Self::OptedOut
            // A passcode that the customer set must be given for a simple port (52.36(c)).
            | Self::SimplePort => true,
            Self::AddressOfRecord
            | Self::OwnedByRequester
            | Self::WrittenRequest
            | Self::ServiceInitiation
            | Self::Survivor
            | Self::Business
            | Self::DedicatedRepresentative
            | Self::CpniContract
            | Self::OptIn
            | Self::OptOutMatured
            | Self::OneTimeOralApproval
            | Self::PasswordSet
            | Self::HotlineListFresh
            | Self::LocationOptIn => false,
        }
    }
}

/// Number of words of facts.
pub(super) const WORDS: usize = 6;

/// A single-valued dimension: its bits lie in one word, the bit of a value is `shift + code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) word: usize,
    shift: u8,
    len: u8,
}

impl Dimension {
    pub(super) const OP: Self = Self { word: 0, shift: 0, len: 5 };
    pub(super) const ACTION: Self = Self { word: 0, shift: 5, len: 16 };
    pub(super) const TO: Self = Self { word: 0, shift: 21, len: 2 };
    pub(super) const SCOPE: Self = Self { word: 0, shift: 23, len: 2 };
    pub(super) const FORM: Self = Self { word: 0, shift: 25, len: 4 };
    pub(super) const CHANNEL: Self = Self { word: 0, shift: 29, len: 7 };
    pub(super) const REQUESTER: Self = Self { word: 0, shift: 36, len: 3 };
    pub(super) const ROLE: Self = Self { word: 0, shift: 39, len: 20 };
    pub(super) const CLASS: Self = Self { word: 1, shift: 0, len: 16 };
    pub(super) const PURPOSE: Self = Self { word: 1, shift: 16, len: 24 };
    // Set-valued from here on.
    pub(super) const LABEL: Self = Self { word: 1, shift: 40, len: 20 };
    pub(super) const EVIDENCE: Self = Self { word: 2, shift: 0, len: 63 };
    pub(super) const ACCOUNT: Self = Self { word: 3, shift: 0, len: 63 };
    pub(super) const AGENT: Self = Self { word: 4, shift: 0, len: 63 };
    pub(super) const PREDICATE: Self = Self { word: 5, shift: 0, len: 63 };

    /// The single-valued ones.
    pub(super) const SINGLE: [Self; 10] = [
        Self::OP,
        Self::ACTION,
        Self::TO,
        Self::SCOPE,
        Self::FORM,
        Self::CHANNEL,
        Self::REQUESTER,
        Self::ROLE,
        Self::CLASS,
        Self::PURPOSE,
    ];

    /// The bit of the value with this code (codes start at 1).
    pub(super) const fn bit(self, code: u8) -> u64 {
        1 << (self.shift + code - 1)
    }

    /// All bits of the dimension.
    pub(super) const fn mask(self) -> u64 {
        ((1 << self.len) - 1) << self.shift
    }
}

/// What is known about a request. Unknown facts have already taken their least privileged value;
/// [`Facts::missing`] remembers which.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    words: [u64; WORDS],
    /// Bits of account and agent facts that are unknown.
    missing_account: u64,
    missing_agent: u64,
}

impl Facts {
    /// Facts about a state in which nothing is known but channel, role and purpose: every account
    /// fact is unknown, no agent fact holds, no evidence was presented.
    #[must_use]
    pub fn new(channel: Channel, role: Role, purpose: Purpose) -> Self {
        let mut facts = Self { words: [0; WORDS], missing_account: 0, missing_agent: 0 };
        facts.set_one(Dimension::CHANNEL, channel.code());
        facts.set_role(role);
        facts.set_one(Dimension::PURPOSE, purpose.code());
        for fact in AccountFact::ALL {
            facts.set_account(*fact, None);
        }
        facts
    }

    /// No facts at all: a part of a request.
    pub(super) const fn empty() -> Self {
        Self { words: [0; WORDS], missing_account: 0, missing_agent: 0 }
    }

    /// Sets an account fact; `None` is unknown.
    pub fn set_account(&mut self, fact: AccountFact, value: Option<bool>) {
        let bit = Dimension::ACCOUNT.bit(fact.code());
        set_bit(&mut self.missing_account, bit, value.is_none());
        self.set_many(Dimension::ACCOUNT, bit, value.unwrap_or(fact.if_unknown()));
    }

    /// Sets an agent fact; `None` is unknown and counts as no.
    pub fn set_agent(&mut self, fact: AgentFact, value: Option<bool>) {
        let bit = Dimension::AGENT.bit(fact.code());
        set_bit(&mut self.missing_agent, bit, value.is_none());
        self.set_many(Dimension::AGENT, bit, value.unwrap_or(false));
    }

    /// Adds or takes away a piece of evidence.
    pub fn set_evidence(&mut self, kind: EvidenceKind, present: bool) {
        self.set_many(Dimension::EVIDENCE, Dimension::EVIDENCE.bit(kind.code()), present);
    }

    /// Whether a piece of evidence is there.
    #[must_use]
    pub fn has_evidence(&self, kind: EvidenceKind) -> bool {
        self.has(Dimension::EVIDENCE, kind.code())
    }

    /// Whether an account fact holds (or is assumed).
    #[must_use]
    pub fn has_account(&self, fact: AccountFact) -> bool {
        self.has(Dimension::ACCOUNT, fact.code())
    }

    /// Whether an agent fact holds.
    #[must_use]
    pub fn has_agent(&self, fact: AgentFact) -> bool {
        self.has(Dimension::AGENT, fact.code())
    }

    /// The account facts that are unknown.
    pub fn missing(&self) -> impl Iterator<Item = AccountFact> + '_ {
        AccountFact::ALL
            .iter()
            .copied()
            .filter(|fact| self.missing_account & Dimension::ACCOUNT.bit(fact.code()) != 0)
    }

    /// The agent facts that are unknown.
    pub(super) fn missing_agent_facts(&self) -> impl Iterator<Item = AgentFact> + '_ {
        AgentFact::ALL
            .iter()
            .copied()
            .filter(|fact| self.missing_agent & Dimension::AGENT.bit(fact.code()) != 0)
    }

    /// The same state with every unknown fact at its *most* privileged value: what differs then
    /// is withheld for want of facts.
    pub(super) fn if_missing_were_known(&self) -> Self {
        let mut facts = *self;
        for fact in self.missing() {
            facts.set_many(Dimension::ACCOUNT, Dimension::ACCOUNT.bit(fact.code()), !fact.if_unknown());
        }
        facts.set_many(Dimension::AGENT, self.missing_agent, true);
        facts
    }

    pub(super) fn has_missing(&self) -> bool {
        self.missing_account != 0 || self.missing_agent != 0
    }

    /// A request to view, verify or send a class.
    pub(super) fn asking_for(mut self, op: Op, class: DataClass, scope: Scope, form: Form) -> Self {
        self.clear_request();
        self.set_one(Dimension::OP, op.code());
        self.set_one(Dimension::CLASS, class.code());
        self.set_one(Dimension::SCOPE, scope.code());
        self.set_one(Dimension::FORM, form.code());
        for label in class.labels().iter() {
            self.set_many(Dimension::LABEL, Dimension::LABEL.bit(label.code()), true);
        }
        self
    }

    /// A request to act.
    pub(super) fn asking_to(mut self, action: Action) -> Self {
        self.clear_request();
        self.set_one(Dimension::OP, Op::Act.code());
        self.set_one(Dimension::ACTION, action.code());
        self
    }

    pub(super) fn set_destination(&mut self, to: Option<Destination>) {
        match to {
            Some(to) => self.set_one(Dimension::TO, to.code()),
            None => self.clear(Dimension::TO),
        }
    }

    pub(super) fn set_channel(&mut self, channel: Channel) {
        self.set_one(Dimension::CHANNEL, channel.code());
    }

    pub(super) fn set_role(&mut self, role: Role) {
        self.set_one(Dimension::ROLE, role.code());
        self.set_one(Dimension::REQUESTER, role.requester().code());
    }

    pub(super) fn is(&self, dimension: Dimension, code: u8) -> bool {
        self.has(dimension, code)
    }

    pub(super) fn word(&self, word: usize) -> u64 {
        self.words.get(word).copied().unwrap_or(0)
    }

    pub(super) fn set_purpose(&mut self, purpose: Purpose) {
        self.set_one(Dimension::PURPOSE, purpose.code());
    }

    /// Sets a fact by its bit.
    #[cfg(test)]
    pub(super) fn set_fact(&mut self, fact: Fact, on: bool) {
        if let Some(word) = self.words.get_mut(fact.word) {
            set_bit(word, fact.bit, on);
        }
    }

    pub(super) fn set_predicate(&mut self, index: u8, holds: bool) {
        self.set_many(Dimension::PREDICATE, Dimension::PREDICATE.bit(index.saturating_add(1)), holds);
    }

    fn clear_request(&mut self) {
        for dimension in [
            Dimension::OP,
            Dimension::ACTION,
            Dimension::TO,
            Dimension::SCOPE,
            Dimension::FORM,
            Dimension::CLASS,
            Dimension::LABEL,
        ] {
            self.clear(dimension);
        }
    }

    fn has(&self, dimension: Dimension, code: u8) -> bool {
        self.word(dimension.word) & dimension.bit(code) != 0
    }

    fn clear(&mut self, dimension: Dimension) {
        if let Some(word) = self.words.get_mut(dimension.word) {
            *word &= !dimension.mask();
        }
    }

    fn set_one(&mut self, dimension: Dimension, code: u8) {
        self.clear(dimension);
        self.set_many(dimension, dimension.bit(code), true);
    }

    fn set_many(&mut self, dimension: Dimension, bits: u64, on: bool) {
        if let Some(word) = self.words.get_mut(dimension.word) {
            set_bit(word, bits, on);
        }
    }
}

/// Silent: what is known of an account is the customer's. An explanation names what a rule used.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(..)")
    }
}

fn set_bit(word: &mut u64, bits: u64, on: bool) {
    if on {
        *word |= bits;
    } else {
        *word &= !bits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{Label, Requester};

    #[test]
    fn no_dimension_overlaps_another_or_leaves_its_word() {
        let mut used = [0_u64; WORDS];
        let sets = [
            Dimension::LABEL,
            Dimension::EVIDENCE,
            Dimension::ACCOUNT,
            Dimension::AGENT,
            Dimension::PREDICATE,
        ];
        for dimension in Dimension::SINGLE.into_iter().chain(sets) {
            assert_eq!(used[dimension.word] & dimension.mask(), 0, "{dimension:?}");
            assert_eq!(dimension.mask().count_ones(), u32::from(dimension.len));
            used[dimension.word] |= dimension.mask();
        }
        let lengths = [
            (Dimension::OP, Op::ALL.len()),
            (Dimension::ACTION, Action::ALL.len()),
            (Dimension::TO, Destination::ALL.len()),
            (Dimension::SCOPE, Scope::ALL.len()),
            (Dimension::FORM, Form::ALL.len()),
            (Dimension::CHANNEL, Channel::ALL.len()),
            (Dimension::REQUESTER, Requester::ALL.len()),
            (Dimension::ROLE, Role::ALL.len()),
            (Dimension::CLASS, DataClass::ALL.len()),
            (Dimension::PURPOSE, Purpose::ALL.len()),
            (Dimension::LABEL, Label::ALL.len()),
            (Dimension::EVIDENCE, EvidenceKind::ALL.len()),
            (Dimension::ACCOUNT, AccountFact::ALL.len()),
            (Dimension::AGENT, AgentFact::ALL.len()),
        ];
        for (dimension, len) in lengths {
            assert!(len <= usize::from(dimension.len), "{dimension:?}");
        }
    }

    #[test]
    fn unknown_takes_its_least_privileged_value() {
        let facts = Facts::new(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
        assert!(facts.has_account(AccountFact::SimLock));
        assert!(!facts.has_account(AccountFact::AddressOfRecord));
        assert!(!facts.has_agent(AgentFact::LiveContact));
        assert_eq!(facts.missing().count(), AccountFact::ALL.len());
        let known = facts.if_missing_were_known();
        assert!(!known.has_account(AccountFact::SimLock));
        assert!(known.has_account(AccountFact::AddressOfRecord));
    }
}
