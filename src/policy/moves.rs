//! What would help: the table of moves, and the search for the smallest sets of them that change
//! a refusal.
//!
//! A move is what a person can do about a state: present evidence, take another channel or
//! operation, change a fact. Whether it helps is never written down; the policy is asked again.

use crate::vocabulary::{
    Action, Channel, DataClass, Destination, EvidenceKind as E, Label, Op, Outcome, Remedy, Role, Scope,
};

use super::engine::{Ask, Policy, RuleSet};
use super::facts::{AccountFact, AgentFact, Dimension, Facts};

/// Most moves of one set: a longer way is not advice.
const MAX_MOVES: usize = 3;

/// A state and what is asked in it.
#[derive(Clone, Copy)]
struct Position {
    state: Facts,
    ask: Ask,
}

/// The minimal sets of moves after which what was asked is no longer withheld, the smallest first.
pub(super) fn remedies(policy: &Policy, active: RuleSet, facts: &Facts) -> Vec<Vec<Remedy>> {
    let Some(ask) = ask_of(facts) else { return Vec::new() };
    let start = Position { state: *facts, ask };
    let mut found: Vec<Vec<Remedy>> = Vec::new();
    let mut frontier: Vec<(Vec<Remedy>, Position)> = vec![(Vec::new(), start)];
    for _ in 0..MAX_MOVES {
        let mut next = Vec::new();
        for (taken, position) in &frontier {
            for remedy in Remedy::ALL {
                let Some(after) = apply(policy, active, *remedy, position) else { continue };
                let mut moves = taken.clone();
                moves.push(*remedy);
                if taken.contains(remedy) || found.iter().any(|set| is_subset(set, &moves)) {
                    continue;
                }
                let state = policy.with_predicates(after.state);
                if policy.decide(active, &state, after.ask).outcome == Outcome::Withhold {
                    next.push((moves, Position { state, ..after }));
                } else if !found.iter().any(|set| is_subset(&moves, set)) {
                    found.push(moves);
                }
            }
        }
        frontier = next;
    }
    found.iter_mut().for_each(|set| set.sort_by_key(|remedy| !remedy.comes_first()));
    found
}

/// The position after a move; `None` where nobody can make it.
fn apply(policy: &Policy, active: RuleSet, remedy: Remedy, from: &Position) -> Option<Position> {
    let mut to = *from;
    let on = |channel: Channel| from.state.is(Dimension::CHANNEL, channel.code());
    let with_customer =
        on(Channel::PhoneInbound) || on(Channel::PhoneCallback) || on(Channel::Online) || on(Channel::Retail);
    let possible = match remedy {
        Remedy::ProvidePassword => {
            give(&mut to.state, E::Password, &[E::PasswordFailed]);
            with_customer
                && from.state.has_account(AccountFact::PasswordSet)
                // After both failed, a new password must be established (64.2010(e)).
                && !(from.state.has_evidence(E::PasswordFailed) && from.state.has_evidence(E::BackupFailed))
                && !from.state.has_evidence(E::Password)
        }
        Remedy::EstablishPassword => {
            give(&mut to.state, E::Password, &[E::PasswordFailed, E::BackupFailed]);
            let may = [Action::CreatePassword, Action::ResetPassword].iter().any(|action| {
                policy.decide(active, &from.state, Ask::Act(*action)).outcome != Outcome::Withhold
            });
            with_customer && may && !from.state.has_evidence(E::Password)
        }
        Remedy::SendToAddressOfRecord => match from.ask {
            Ask::View(class, Scope::Whole) => {
                to.ask = Ask::Send(class, Destination::AddressOfRecord);
                true
            }
            Ask::View(_, Scope::NamedCall)
            | Ask::Verify(_)
            | Ask::Send(..)
            | Ask::Act(_)
            | Ask::Search(_) => false,
        },
        Remedy::CallBackNumberOfRecord => {
            to.state.set_channel(Channel::PhoneCallback);
            give(&mut to.state, E::CallbackNumberOfRecord, &[E::CallbackContactNumber]);
            (on(Channel::PhoneInbound) || on(Channel::PhoneCallback) || on(Channel::Retail))
                && !from.state.has_evidence(E::CallbackNumberOfRecord)
        }
        Remedy::ShowValidPhotoId => {
            give(&mut to.state, E::PhotoId, &[E::PhotoIdExpired, E::PhotoIdNameMismatch]);
            on(Channel::Retail) && !from.state.has_evidence(E::PhotoId)
        }
        Remedy::CustomerRemovesLock => {
            let locked =
                [AccountFact::SimLock, AccountFact::PortLock].map(|lock| from.state.has_account(lock));
            to.state.set_account(AccountFact::SimLock, Some(false));
            to.state.set_account(AccountFact::PortLock, Some(false));
            locked.contains(&true)
        }
        Remedy::ObtainOptIn => {
            // Who opts in takes an earlier objection back (64.2007(a)(2)). Location is CPNI, so that
            // marketing with it needs both approvals; both are asked for at once.
            let asked: &[_] = match from.ask {
                Ask::View(class, _) | Ask::Verify(class) | Ask::Send(class, _) | Ask::Search(class)
                    if class.labels().contains(Label::Location) =>
                {
                    &[AccountFact::OptIn, AccountFact::LocationOptIn]
                }
                Ask::View(..) | Ask::Verify(_) | Ask::Send(..) | Ask::Act(_) | Ask::Search(_) => {
                    &[AccountFact::OptIn]
                }
            };
            asked.iter().for_each(|fact| to.state.set_account(*fact, Some(true)));
            to.state.set_account(AccountFact::OptedOut, Some(false));
            asked.iter().any(|fact| !from.state.has_account(*fact))
        }
        Remedy::AskOralApproval => {
            to.state.set_account(AccountFact::OneTimeOralApproval, Some(true));
            (on(Channel::PhoneInbound) || on(Channel::PhoneCallback) || on(Channel::Retail))
                && from.state.has_agent(AgentFact::LiveContact)
                && !from.state.has_account(AccountFact::OneTimeOralApproval)
        }
        Remedy::SupervisorApproval => agent(&mut to.state, from, AgentFact::SupervisorApproval),
        Remedy::RenewTraining => agent(&mut to.state, from, AgentFact::TrainingCurrent),
        Remedy::TransferToUsAgent => agent(&mut to.state, from, AgentFact::InUnitedStates),
        Remedy::PresentSecondFactor => {
            give(&mut to.state, E::AppFactor, &[]);
            with_customer && !from.state.has_evidence(E::AppFactor)
        }
        Remedy::SendOneTimeCode => {
            give(&mut to.state, E::OtpNumberOfRecord, &[]);
            with_customer
                && !from.state.has_account(AccountFact::SimChangedRecently)
                && !from.state.has_evidence(E::OtpNumberOfRecord)
        }
        Remedy::OpenLiveContact => {
            if on(Channel::BackOffice) {
                to.state.set_channel(Channel::PhoneInbound);
            }
            agent(&mut to.state, from, AgentFact::LiveContact) && !on(Channel::Batch)
        }
        Remedy::NameTheCall => {
            give(&mut to.state, E::CallNamedUnaided, &[]);
            to.ask = Ask::View(DataClass::CallDetail, Scope::NamedCall);
            with_customer
                && from.ask == Ask::View(DataClass::CallDetail, Scope::Whole)
                && !from.state.has_evidence(E::CallNamedUnaided)
        }
    };
    possible.then_some(to)
}

/// The customer presents evidence, and is somebody from then on.
fn give(state: &mut Facts, kind: E, instead_of: &[E]) {
    state.set_evidence(kind, true);
    for gone in instead_of {
        state.set_evidence(*gone, false);
    }
    if state.is(Dimension::ROLE, Role::Anonymous.code()) {
        state.set_role(Role::Customer);
        state.set_account(AccountFact::OwnedByRequester, Some(true));
    }
}

fn agent(state: &mut Facts, from: &Position, fact: AgentFact) -> bool {
    state.set_agent(fact, Some(true));
    !from.state.has_agent(fact)
}

/// What the facts of a decision asked for.
fn ask_of(facts: &Facts) -> Option<Ask> {
    let class = DataClass::ALL.iter().copied().find(|class| facts.is(Dimension::CLASS, class.code()));
    let scope = Scope::ALL.iter().copied().find(|scope| facts.is(Dimension::SCOPE, scope.code()));
    match Op::ALL.iter().copied().find(|op| facts.is(Dimension::OP, op.code()))? {
        Op::View => Some(Ask::View(class?, scope?)),
        Op::Verify => Some(Ask::Verify(class?)),
        Op::Send => Some(Ask::Send(class?, Destination::AddressOfRecord)),
        Op::Act => {
            let action =
                Action::ALL.iter().copied().find(|action| facts.is(Dimension::ACTION, action.code()));
            Some(Ask::Act(action?))
        }
        Op::Search => Some(Ask::Search(class?)),
    }
}

fn is_subset(small: &[Remedy], large: &[Remedy]) -> bool {
    small.iter().all(|remedy| large.contains(remedy))
}
