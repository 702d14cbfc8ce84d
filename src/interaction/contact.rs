//! Whether a contact is what the agent says it is.

use crate::vocabulary::{AccountId, AgentId, BasisId, Channel, ContactId, EvidenceKind};

use super::evidence::Attested;
use super::host::{CallBack, ContactSource, ContactState};

/// The contact from which an account is opened, as the agent tool states it. The host's
/// [`ContactSource`] is asked whether it is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// No contact: back-office work without a case.
    None,
    /// A contact of the host's.
    Of {
        /// Its id in the host's contact system.
        id: ContactId,
        /// The channel that the agent states.
        channel: Channel,
    },
}

impl Contact {
    /// A contact of the host's.
    #[must_use]
    pub const fn of(id: ContactId, channel: Channel) -> Self {
        Self::Of { id, channel }
    }

    pub(super) const fn id(&self) -> Option<&ContactId> {
        match self {
            Self::None => None,
            Self::Of { id, .. } => Some(id),
        }
    }
}

/// What the host's contact source said of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Live (a case: open), this agent's own, on the stated channel, about this account or none yet.
    Live(ContactState),
    /// Stated, and not so: unknown, ended, another agent's, another channel, another account.
    NotLive,
    /// The source could not be asked.
    Unknown,
    /// No contact was stated.
    Absent,
}

impl Standing {
    pub(super) fn of(
        contact: &Contact,
        source: &dyn ContactSource,
        agent: &AgentId,
        account: &AccountId,
    ) -> Self {
        Self::where_it(contact, source, agent, |state| {
            state.account.as_ref().is_none_or(|known| known == account)
        })
    }

    /// For who looks for an account: about none yet, or a case.
    pub(super) fn without_account(contact: &Contact, source: &dyn ContactSource, agent: &AgentId) -> Self {
        Self::where_it(contact, source, agent, |state| state.account.is_none() || state.case.is_some())
    }

    fn where_it(
        contact: &Contact,
        source: &dyn ContactSource,
        agent: &AgentId,
        fits: impl FnOnce(&ContactState) -> bool,
    ) -> Self {
        let Contact::Of { id, channel } = contact else { return Self::Absent };
        match source.contact(id) {
            Err(_) => Self::Unknown,
            Ok(Some(state))
                if state.live && state.agent == *agent && state.channel == *channel && fits(&state) =>
            {
                Self::Live(state)
            }
            Ok(_) => Self::NotLive,
        }
    }

    /// A contact opens one account: the one that the source names, or the first one that is opened
    /// from it. Where that cannot be remembered, it is not known to be this one.
    pub(super) fn bound<E>(
        self,
        bind: impl FnOnce(&ContactId) -> Result<bool, E>,
        contact: &Contact,
    ) -> Self {
        match (self, contact.id()) {
            (Self::Live(state), Some(id)) => match bind(id) {
                Ok(true) => Self::Live(state),
                Ok(false) => Self::NotLive,
                Err(_) => Self::Unknown,
            },
            (standing, _) => standing,
        }
    }

    /// The channel that decides. One that nobody confirmed is not believed: an agent who states
    /// another channel to get round the rule of a live contact is in the back office.
    pub(super) fn channel(&self) -> Channel {
        match self {
            Self::Live(state) => state.channel,
            Self::NotLive | Self::Unknown | Self::Absent => Channel::BackOffice,
        }
    }

    /// The case that is worked on, and counsel's review of it.
    pub(super) fn case(&self) -> (Option<&ContactId>, Option<&BasisId>) {
        match self {
            Self::Live(state) => (state.case.as_ref(), state.legal_review.as_ref()),
            Self::NotLive | Self::Unknown | Self::Absent => (None, None),
        }
    }

    /// Whether a system of the host's established this of the customer who is there.
    pub(super) fn attests(&self, attested: Attested) -> bool {
        match self {
            Self::Live(state) => state.attested.contains(&attested),
            Self::NotLive | Self::Unknown | Self::Absent => false,
        }
    }

    /// What the host's telephony established with the contact.
    pub(super) fn evidence(&self) -> impl Iterator<Item = EvidenceKind> + use<> {
        let (called_back, caller_id) = match self {
            Self::Live(state) => {
                let called_back = state.called_back.filter(|_| state.channel == Channel::PhoneCallback);
                (called_back, state.caller_id_matches && state.channel == Channel::PhoneInbound)
            }
            Self::NotLive | Self::Unknown | Self::Absent => (None, false),
        };
        let called_back = called_back.map(|called| match called {
            CallBack::NumberOfRecord => EvidenceKind::CallbackNumberOfRecord,
            CallBack::ContactNumber => EvidenceKind::CallbackContactNumber,
        });
        called_back.into_iter().chain(caller_id.then_some(EvidenceKind::CallerId))
    }
}
