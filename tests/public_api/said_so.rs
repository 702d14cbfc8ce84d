//! What others have to say first: a second person, counsel, the size of a group, who switches off a rule.

use cpni_guard::error::{InteractionError, PolicyError};
use cpni_guard::interaction::{AgentProfile, Approval, ContactState};
use cpni_guard::policy::Override;
use cpni_guard::vocabulary::{
    Action, AgentId, BasisId, Channel, CivilDate, ContactId, EventKind, Outcome, Role, RuleId,
    WithheldBecause,
};
use cpni_guard::{AgentSession, Contact, Error, Interaction, MemoryKeys, Protected, Purpose, Stores};

use crate::fixture::{Carrier, account, profile};

const MORE_GRANTS: &str = r#"
id    = "more-grants"
title = "Counsel's desk, aggregates, campaigns"

[[rule]]
id     = "legal-desk"
title  = "Analysts answer legal demands"
effect = "permit"
when   = { role = ["analyst"], purpose = ["legal", "aggregate"], op = ["view"], class = ["service_details", "account_info"] }

[[rule]]
id     = "campaigns"
title  = "Marketers ask for approval"
effect = "permit"
when   = { role = ["marketer"], op = ["act"], action = ["outbound_approval_request"] }

[[rule]]
id     = "billing-with-a-second-person"
title  = "Marketers look at bills where a supervisor lets them"
effect = "permit"
when   = { role = ["marketer"], op = ["view"], class = ["billing"], agent.any = ["supervisor_approval"] }
"#;

fn carrier(overrides: Vec<Override>) -> Result<Carrier, Error> {
    let carrier = Carrier::built(MemoryKeys::new()?, Stores::in_memory(), |builder| {
        overrides.into_iter().fold(builder.grants(MORE_GRANTS), |builder, over| builder.override_rule(over))
    })?;
    let approver = |id: &str, role| AgentProfile { may_approve: true, ..profile(id, role) };
    for (token, profile) in [
        ("ann", profile("ann", Role::Analyst)),
        ("mark", approver("mark", Role::Marketer)),
        ("sue", approver("sue", Role::CareAgent)),
        ("sue-again", approver("mark", Role::Marketer)),
        ("partner", approver("partner", Role::JointVenturePartner)),
        ("untrained", AgentProfile { trained_until: None, ..approver("untrained", Role::CareAgent) }),
    ] {
        carrier.directory.sign_in(token, profile);
    }
    Ok(carrier)
}

/// Work on a case of the back office, for a purpose.
fn case(
    carrier: &Carrier,
    agent: &str,
    purpose: Purpose,
    about: impl FnOnce(&mut ContactState),
) -> (Interaction, Protected) {
    let own = account("A-1");
    let sealed = carrier.customer(&own);
    let id = ContactId::new(format!("case-{}", carrier.guard.audit().size())).unwrap();
    let mut state = ContactState::live(Channel::BackOffice, AgentId::new(agent).unwrap());
    about(&mut state);
    carrier.contacts.set(id.clone(), state);
    let contact = Contact::of(id, Channel::BackOffice);
    (carrier.guard.interaction(AgentSession::new(agent), &own, contact, purpose).unwrap(), sealed)
}

fn last_event(carrier: &Carrier) -> cpni_guard::audit::EventFacts {
    let size = carrier.guard.audit().size();
    let (_, event) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    event.facts
}

#[test]
fn a_campaign_needs_a_second_person_who_signs_in() {
    let carrier = carrier(Vec::new()).unwrap();
    let (mut desk, _) = case(&carrier, "mark", Purpose::MarketNewCategory, |_| {});
    let action = Action::OutboundApprovalRequest;
    assert_eq!(desk.decide(action).unwrap().because(), Some(WithheldBecause::Forbidden));

    // Neither the marketer, under any session, nor somebody whom the directory does not let, nor a
    // partner's employee, nor who let the training lapse, nor nobody.
    let may_not = Err(InteractionError::MayNotApprove.into());
    for token in ["mark", "sue-again", "dana", "partner", "untrained", "ghost"] {
        assert_eq!(desk.approve(&AgentSession::new(token), Approval::Action(action)), may_not, "{token}");
        let recorded = last_event(&carrier);
        assert_eq!(recorded.kind, EventKind::Approved);
        assert_eq!(recorded.cause, Error::from(InteractionError::MayNotApprove).code().get());
        assert_eq!(recorded.action.unwrap().outcome, Outcome::Withhold);
        assert_eq!(recorded.actor.is_none(), token == "ghost");
    }
    assert!(!desk.decide(action).unwrap().is_allowed());

    // Approval of something else, or of looking, is not approval of this.
    let sue = AgentSession::new("sue");
    desk.approve(&sue, Approval::Action(Action::UnlockHandset)).unwrap();
    desk.approve(&sue, Approval::Disclosure).unwrap();
    assert!(!desk.decide(action).unwrap().is_allowed());

    desk.approve(&sue, Approval::Action(action)).unwrap();
    let recorded = last_event(&carrier);
    assert_eq!(recorded.actor.unwrap().agent.as_str(), "sue");
    assert_eq!((recorded.cause, recorded.action.unwrap().outcome), (0, Outcome::Disclose));
    assert!(desk.decide(action).unwrap().is_allowed());
    assert!(!desk.decide(action).unwrap().is_allowed(), "an approval is good once");
}

#[test]
fn a_supervisor_lets_somebody_look_in_one_interaction() {
    let carrier = carrier(Vec::new()).unwrap();
    let open = || case(&carrier, "mark", Purpose::Support, |_| {});
    let (mut desk, sealed) = open();
    let seen = |desk: &mut Interaction, sealed: &Protected| {
        desk.view(sealed, ["balance"]).unwrap().field("balance").unwrap().decision().because()
    };
    assert_eq!(seen(&mut desk, &sealed), Some(WithheldBecause::NotGranted));
    desk.approve(&AgentSession::new("sue"), Approval::Action(Action::TakePaymentCard)).unwrap();
    assert_eq!(seen(&mut desk, &sealed), Some(WithheldBecause::NotGranted));
    desk.approve(&AgentSession::new("sue"), Approval::Disclosure).unwrap();
    assert_ne!(seen(&mut desk, &sealed), Some(WithheldBecause::NotGranted));
    let (mut next, sealed) = open();
    assert_eq!(seen(&mut next, &sealed), Some(WithheldBecause::NotGranted), "another interaction");
}

#[test]
fn a_legal_demand_needs_its_case_and_counsels_review_and_both_are_in_the_log() {
    let carrier = carrier(Vec::new()).unwrap();
    let demand = || Some(ContactId::new("demand-9").unwrap());
    let review = || Some(BasisId::new("review-12").unwrap());
    for (case_id, legal_review) in [(None, None), (demand(), None), (None, review())] {
        let (mut desk, sealed) = case(&carrier, "ann", Purpose::Legal, |state| {
            (state.case, state.legal_review) = (case_id, legal_review);
        });
        assert!(!desk.view(&sealed, ["plan"]).unwrap().field("plan").unwrap().decision().is_allowed());
    }
    let (mut desk, sealed) = case(&carrier, "ann", Purpose::Legal, |state| {
        (state.case, state.legal_review) = (demand(), review());
    });
    assert!(desk.view(&sealed, ["plan"]).unwrap().field("plan").unwrap().decision().is_allowed());
    let recorded = last_event(&carrier);
    assert_eq!((recorded.kind, recorded.case, recorded.basis), (EventKind::Viewed, demand(), review()));
}

#[test]
fn a_group_of_ten_singles_somebody_out() {
    let carrier = carrier(Vec::new()).unwrap();
    for (group, allowed) in [(None, false), (Some(0), false), (Some(10), false), (Some(11), true)] {
        let (mut desk, sealed) = case(&carrier, "ann", Purpose::Aggregate, |state| state.group_size = group);
        let view = desk.view(&sealed, ["plan"]).unwrap();
        assert_eq!(view.field("plan").unwrap().decision().is_allowed(), allowed, "{group:?}");
    }
}

#[test]
fn clear_law_is_switched_off_by_code_alone_and_everybody_can_see_it() {
    let rule = || RuleId::new("campaign-needs-supervisor").unwrap();
    let until = CivilDate::new(2026, 11, 25).unwrap();
    let over = || Override::new(rule(), "Supervisors approve in the campaign tool", "CPO", until).unwrap();
    let before = carrier(Vec::new()).unwrap();
    let carrier = carrier(vec![over()]).unwrap();
    let recorded = last_event(&carrier);
    assert_eq!(recorded.kind, EventKind::RuleOverridden);
    assert_eq!(recorded.basis.unwrap().as_str(), "campaign-needs-supervisor");
    assert_ne!(
        carrier.guard.attestation().policy_hash,
        before.guard.attestation().policy_hash,
        "an override shows in the policy hash of each event"
    );

    let action = Action::OutboundApprovalRequest;
    let (mut desk, _) = case(&carrier, "mark", Purpose::MarketNewCategory, |_| {});
    assert!(desk.decide(action).unwrap().is_allowed());
    let attested = carrier.guard.attestation().overrides;
    assert_eq!(attested.len(), 1);
    assert!(attested[0].in_force && attested[0].by_code && attested[0].certainty == "clear");
    assert!(carrier.guard.attestation().to_string().contains("(clear) switched off by code"));

    // 2026-11-23 at noon, and two days.
    carrier.advance(2 * 24 * 3600);
    let (mut desk, _) = case(&carrier, "mark", Purpose::MarketNewCategory, |_| {});
    assert!(!desk.decide(action).unwrap().is_allowed());
    assert!(!carrier.guard.attestation().overrides[0].in_force);
}

#[test]
fn a_guard_is_not_built_on_a_rule_that_can_never_match() {
    let text = r#"
id    = "dead"
title = "A business that is none"

[[rule]]
id     = "dead-rule"
title  = "Bills for exempt businesses that are no businesses"
effect = "permit"
when   = { role = ["care_agent"], op = ["view"], class = ["billing"], predicate = "business_exempt", account.none = ["business"] }
"#;
    let refused =
        Carrier::built(MemoryKeys::new().unwrap(), Stores::in_memory(), |builder| builder.grants(text));
    let rule = RuleId::new("dead-rule").unwrap();
    assert_eq!(refused.map(|_| ()).unwrap_err(), PolicyError::NeverMatches { rule }.into());
}

#[test]
fn an_override_names_a_rule_a_reason_and_an_approver() {
    let until = CivilDate::new(2027, 1, 1).unwrap();
    let rule = |id: &str| RuleId::new(id).unwrap();
    for (reason, approver) in [("", "CPO"), ("r", " "), ("two\nlines", "CPO"), ("r", "C\u{7}PO")] {
        let refused = Override::new(rule("training-current"), reason, approver, until).unwrap_err();
        assert_eq!(refused, PolicyError::BadOverride { rule: rule("training-current") }.into());
    }
    let long = "r".repeat(400);
    assert!(Override::new(rule("training-current"), &long, "CPO", until).is_ok());
    assert!(Override::new(rule("training-current"), &format!("{long}r"), "CPO", until).is_err());
    let unknown = Override::new(rule("no-such-rule"), "r", "CPO", until).unwrap();
    let refused = carrier(vec![unknown]).map(|_| ()).unwrap_err();
    assert_eq!(refused, PolicyError::UnknownRule { rule: rule("no-such-rule") }.into());
}
