//! The engine against hand-made packs, and the built-in packs against the shared cases.

use std::sync::Arc;

use super::engine::{Ask, MAX_RULES};
use super::*;
use crate::error::{Error, FileCause, PolicyError};
use crate::vocabulary::*;

/// 2026-11-23T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

const GRANTS: &str = include_str!("../../examples/grants.toml");

fn built_in(grants: &str) -> Arc<Policy> {
    let mut packs = Pack::built_in().unwrap();
    packs.push(Pack::grants_from_toml("grants.toml", grants).unwrap());
    Arc::new(Policy::compile(packs, Vec::new()).unwrap())
}

fn account() -> AccountId {
    AccountId::new("A-1").unwrap()
}

/// An ordinary call: live, trained, in the United States; an account that belongs to the caller.
fn call(channel: Channel, role: Role, purpose: Purpose) -> Facts {
    let mut facts = Facts::new(channel, role, purpose);
    for fact in AccountFact::ALL {
        let ordinary = [
            AccountFact::AddressOfRecord,
            AccountFact::OwnedByRequester,
            AccountFact::PasswordSet,
            AccountFact::HotlineListFresh,
        ];
        facts.set_account(*fact, Some(ordinary.contains(fact)));
    }
    facts.set_agent(AgentFact::TrainingCurrent, Some(true));
    facts.set_agent(AgentFact::InUnitedStates, Some(true));
    facts.set_agent(AgentFact::LiveContact, Some(true));
    facts
}

fn view(policy: &Arc<Policy>, state: Facts, class: DataClass) -> Decision {
    Plan::new(Arc::clone(policy), state, account(), NOW).decision(class, Scope::Whole)
}

fn rules(decision: &Decision) -> Vec<String> {
    decision.reasons().map(|reason| reason.rule.to_string()).collect()
}

#[test]
fn forbid_overrides_permit_and_no_permit_is_withheld() {
    let policy = built_in(GRANTS);
    let mut state = call(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    let refused = view(&policy, state, DataClass::CallDetail);
    assert_eq!((refused.outcome(), refused.because()), (Outcome::Withhold, Some(WithheldBecause::Forbidden)));
    assert!(rules(&refused).contains(&"call-detail-by-phone".to_owned()));

    state.set_evidence(EvidenceKind::Password, true);
    let allowed = view(&policy, state, DataClass::CallDetail);
    assert_eq!((allowed.outcome(), allowed.form()), (Outcome::Disclose, Some(Form::Full)));
    assert!(allowed.obligations().contains(Obligation::Audit));
    assert!(allowed.remedies().is_empty());

    let nobody = view(&policy, state, DataClass::DirectoryListing);
    assert_eq!(nobody.because(), Some(WithheldBecause::NotGranted));
}

#[test]
fn decisions_are_equal_when_they_explain_themselves_alike() {
    let policy = built_in(GRANTS);
    let mut state = call(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    let refused = view(&policy, state, DataClass::CallDetail);
    assert_eq!(refused, view(&policy, state, DataClass::CallDetail));
    assert_ne!(refused, view(&policy, state, DataClass::Ssn));
    assert_ne!(refused, view(&built_in(GRANTS), state, DataClass::CallDetail), "of another policy");
    // Refused as before, and no longer in the same words.
    state.set_account(AccountFact::PasswordSet, Some(false));
    let other = view(&policy, state, DataClass::CallDetail);
    assert_eq!((refused.outcome(), refused.because()), (other.outcome(), other.because()));
    assert_ne!(refused, other);
}

#[test]
fn remedies_are_minimal_and_smallest_first() {
    let policy = built_in(GRANTS);
    let state = call(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    let remedies = view(&policy, state, DataClass::CallDetail).remedies();
    assert_eq!(
        &remedies[..4],
        [
            vec![Remedy::ProvidePassword],
            vec![Remedy::SendToAddressOfRecord],
            vec![Remedy::CallBackNumberOfRecord],
            vec![Remedy::NameTheCall],
        ]
    );
    for (index, set) in remedies.iter().enumerate() {
        assert!(set.len() <= 3);
        assert!(remedies[..index].iter().all(|smaller| !smaller.iter().all(|remedy| set.contains(remedy))));
    }

    let mut lapsed = state;
    lapsed.set_agent(AgentFact::TrainingCurrent, Some(false));
    let remedies = view(&policy, lapsed, DataClass::ServiceDetails).remedies();
    assert!(remedies.contains(&vec![Remedy::RenewTraining, Remedy::ProvidePassword]));
}

#[test]
fn nothing_opens_an_ssn_to_an_agent() {
    let policy = built_in(GRANTS);
    for channel in Channel::ALL {
        for role in Role::ALL {
            let mut state = call(*channel, *role, Purpose::Support);
            for kind in EvidenceKind::ALL {
                state.set_evidence(*kind, true);
            }
            for class in [DataClass::Ssn, DataClass::SsnLast4, DataClass::AuthSecret] {
                let decision = view(&policy, state, class);
                assert!(!decision.is_allowed(), "{class} for {role} on {channel}");
                assert!(decision.remedies().is_empty(), "{class} for {role} on {channel}");
            }
        }
    }
}

#[test]
fn an_explanation_names_rules_facts_and_what_would_help() {
    let policy = built_in(GRANTS);
    let mut state = call(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    state.set_evidence(EvidenceKind::SsnLast4, true);
    let decision = view(&policy, state, DataClass::CallDetail);
    let explanation = decision.explain();
    let fact = |about, name| UsedFact { about, name };
    assert!(explanation.facts_used.contains(&fact("channel", "phone_inbound")));
    assert!(explanation.facts_used.contains(&fact("class", "call_detail")));
    assert!(explanation.facts_missing.is_empty());
    let text = explanation.to_string();
    assert!(text.starts_with("withhold: forbidden\n  forbid call-detail-by-phone ("), "{text}");
    assert!(text.contains("  would help: provide_password\n"), "{text}");

    // A fact that nobody knew is named, and only where a rule speaks of it.
    let mut state = call(Channel::Online, Role::Customer, Purpose::Support);
    state.set_evidence(EvidenceKind::Password, true);
    state.set_account(AccountFact::OwnedByRequester, None);
    state.set_account(AccountFact::SimLock, None);
    let decision = view(&policy, state, DataClass::CallDetail);
    assert_eq!(decision.explain().facts_missing, [fact("account", "owned_by_requester")]);
    assert!(decision.explain().to_string().contains("  not known: account owned_by_requester\n"));
    let nobody = view(&policy, state, DataClass::DirectoryListing);
    assert!(nobody.explain().to_string().starts_with("withhold: "));
}

#[test]
fn an_unknown_fact_is_told_apart_from_a_refusal() {
    let policy = built_in(GRANTS);
    let mut state = call(Channel::Online, Role::Customer, Purpose::Support);
    state.set_evidence(EvidenceKind::Password, true);
    state.set_account(AccountFact::OwnedByRequester, None);
    assert_eq!(view(&policy, state, DataClass::CallDetail).because(), Some(WithheldBecause::FactsMissing));
    state.set_account(AccountFact::OwnedByRequester, Some(false));
    assert_eq!(view(&policy, state, DataClass::CallDetail).because(), Some(WithheldBecause::Forbidden));
}

#[test]
fn a_grant_holds_what_the_plan_allows_and_nothing_else() {
    let policy = built_in(GRANTS);
    let mut state = call(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    let asked = || {
        [("plan", DataClass::ServiceDetails), ("ssn", DataClass::Ssn)]
            .into_iter()
            .map(|(name, class)| (FieldName::new(name).unwrap(), class, Scope::Whole))
    };
    let plan = Plan::new(Arc::clone(&policy), state, account(), NOW);
    assert!(plan.grant([1; 16], asked()).is_none());
    state.set_evidence(EvidenceKind::Password, true);
    let grant = Plan::new(policy, state, account(), NOW).grant([1; 16], asked()).unwrap();
    assert_eq!(grant.fields().len(), 1);
    assert_eq!((grant.fields()[0].field.as_str(), grant.fields()[0].form), ("plan", Form::Full));
    assert_eq!((grant.id(), grant.account()), (&[1; 16], &account()));
}

/// A pack with one rule, `body` being its lines after the citation.
fn one_rule(body: &str) -> Result<Pack, Error> {
    let text = format!(
        "id = \"p\"\ntitle = \"t\"\ncompliance = \"library_default\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\ncite = \"c\"\n\
         certainty = \"clear\"\nsource = \"memory\"\n{body}\n"
    );
    Pack::from_toml("p.toml", &text)
}

#[test]
fn limits_cap_the_form_and_lower_forms_are_tried() {
    let limit = one_rule(
        "effect = \"limit\"\nwhen = { op = [\"view\"], class = [\"payment\"] }\nmax_form = \"masked\"",
    );
    let grants = |form: &str| {
        let text = format!(
            "id = \"g\"\ntitle = \"t\"\n[[rule]]\nid = \"pay\"\ntitle = \"t\"\neffect = \"permit\"\n\
             when = {{ op = [\"view\"], class = [\"payment\"]{form} }}\n"
        );
        Pack::grants_from_toml("g.toml", &text).unwrap()
    };
    let decide = |form: &str| {
        let packs = vec![limit.clone().unwrap(), grants(form)];
        let policy = Arc::new(Policy::compile(packs, Vec::new()).unwrap());
        let decision = view(
            &policy,
            call(Channel::BackOffice, Role::BillingAnalyst, Purpose::Billing),
            DataClass::Payment,
        );
        (decision.outcome(), decision.form())
    };
    assert_eq!(decide(""), (Outcome::DiscloseLimited, Some(Form::Masked)));
    assert_eq!(decide(", form = [\"token\"]"), (Outcome::Withhold, None));
    assert_eq!(decide(", form = [\"full\"]"), (Outcome::Withhold, None));
}

#[test]
fn a_pack_decides_between_its_dates_only() {
    let text = "id = \"p\"\ntitle = \"t\"\ncompliance = \"required\"\neffective_from = 2026-11-23\neffective_until = 2026-11-24\n\
        [[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"forbid\"\nwhen = { op = [\"view\"] }\ncite = \"c\"\ncertainty = \"clear\"\nsource = \"primary\"\n";
    let grants = Pack::grants_from_toml("g.toml", GRANTS).unwrap();
    let policy = Policy::compile(vec![Pack::from_toml("p.toml", text).unwrap(), grants], Vec::new()).unwrap();
    let in_force = |at: u64| policy.status(Timestamp::from_micros(at))[0].in_force;
    let midnight = NOW.as_micros();
    const DAY: u64 = 86_400_000_000;
    assert!(!in_force(midnight - 1));
    assert!(in_force(midnight) && in_force(midnight + DAY - 1));
    assert!(!in_force(midnight + DAY));
    assert!(in_force(u64::MAX), "a clock that shows no day counts as inside for what closes");
    assert_eq!(policy.texts_in_force(NOW).count(), 2);
    assert_eq!(policy.texts_in_force(Timestamp::from_micros(midnight - 1)).count(), 1);
}

#[test]
fn adopted_packs_are_off_until_switched_on() {
    let text = "id = \"p\"\ntitle = \"t\"\ncompliance = \"adopted\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"forbid\"\n\
        when = { op = [\"view\"] }\ncite = \"c\"\ncertainty = \"pending\"\nsource = \"primary\"\n";
    let pack = || vec![Pack::from_toml("p.toml", text).unwrap()];
    let id = RuleId::new("p").unwrap();
    assert!(!Policy::compile(pack(), Vec::new()).unwrap().status(NOW)[0].in_force);
    assert!(Policy::compile(pack(), vec![id]).unwrap().status(NOW)[0].in_force);
    let other = Policy::compile(pack(), vec![RuleId::new("q").unwrap()]);
    assert_eq!(other.unwrap_err(), Error::Policy(PolicyError::UnknownPack));
}

#[test]
fn an_override_switches_off_an_interpretation_until_its_day_and_never_clear_law() {
    let with = |rule: &str| {
        let text = format!(
            "{GRANTS}\n[[override]]\nrule = \"{rule}\"\nreason = \"r\"\napprover = \"CPO\"\nuntil = 2026-11-24\n"
        );
        let mut packs = Pack::built_in().unwrap();
        packs.push(Pack::grants_from_toml("g.toml", &text).unwrap());
        Policy::compile(packs, Vec::new())
    };
    assert_eq!(
        with("call-detail-by-phone").unwrap_err(),
        PolicyError::ClearRule { rule: RuleId::new("call-detail-by-phone").unwrap() }.into()
    );
    assert_eq!(
        with("call-detail-by-fax").unwrap_err(),
        PolicyError::UnknownRule { rule: RuleId::new("call-detail-by-fax").unwrap() }.into()
    );
    let policy = Arc::new(with("training-current").unwrap());
    let mut lapsed = call(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    lapsed.set_agent(AgentFact::TrainingCurrent, Some(false));
    lapsed.set_evidence(EvidenceKind::Password, true);
    let decide = |now| {
        Plan::new(Arc::clone(&policy), lapsed, account(), now)
            .decision(DataClass::ServiceDetails, Scope::Whole)
    };
    assert!(decide(NOW).is_allowed());
    assert!(!decide(NOW.plus(std::time::Duration::from_secs(86_400))).is_allowed());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let fault = |body: &str| {
        let Err(Error::Policy(PolicyError::File(fault))) = one_rule(body) else {
            panic!("{body} was not refused")
        };
        fault.to_string()
    };
    let forbid = |when: &str| fault(&format!("effect = \"forbid\"\nwhen = {when}"));
    assert_eq!(
        forbid("{ class = [\"call_detial\"] }"),
        "p.toml:11:19: unknown class; did you mean `call_detail`?"
    );
    assert_eq!(
        forbid("{ clas = [\"ssn\"], op = [\"view\"] }"),
        "p.toml:11:10: unknown key; did you mean `class`?"
    );
    assert_eq!(forbid("{ evidence = [\"password\"] }"), "p.toml:11:21: expected a table");
    assert_eq!(
        forbid("{ evidence = { some = [\"password\"] } }"),
        "p.toml:11:21: say `any`, `all` or `none`"
    );
    assert_eq!(forbid("{}"), "p.toml:11:8: a condition must say something");
    assert_eq!(forbid("{ op = [] }"), "p.toml:11:15: this list is empty");
    assert_eq!(forbid("{ op = [\"view\", \"view\"] }"), "p.toml:11:24: this op is already there");
    assert_eq!(
        forbid("{ role = [\"care_agent\"], requester = [\"customer\"] }"),
        "p.toml:11:8: this can never match: no such role is such a requester"
    );
    assert_eq!(
        forbid("{ class = [\"ssn\"], label = [\"cpni\"] }"),
        "p.toml:11:8: this can never match: no such class has such a label"
    );
    assert_eq!(
        forbid("{ evidence = { all = [\"password\"], none = [\"password\"] } }"),
        "p.toml:11:8: this can never match: `none` excludes what is demanded"
    );
    assert_eq!(
        forbid("{ op = [\"view\"], action = [\"port_out\"] }"),
        "p.toml:11:8: this can never match: only the operation `act` has an action"
    );
    assert_eq!(
        forbid("{ op = [\"view\"] }\nunless = [{ op = [\"view\"] }]"),
        "p.toml:12:11: this exception always holds, so the rule can never match"
    );
    assert_eq!(
        forbid("{ predicate = \"busines_exempt\" }"),
        "p.toml:11:22: unknown predicate; did you mean `business_exempt`?"
    );
    assert_eq!(
        fault("effect = \"permit\"\nwhen = { class = [\"ssn\"] }"),
        "p.toml:10:10: a legal pack never permits: put permits in a grants file"
    );
    assert_eq!(
        fault("effect = \"oblige\"\nwhen = { op = [\"view\"] }"),
        "p.toml:4:1: the key `obligations` is missing"
    );

    let grants = "id = \"g\"\ntitle = \"t\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\nwhen = { role = [\"care_agent\"] }\n";
    let Err(Error::Policy(PolicyError::File(fault))) = Pack::grants_from_toml("g.toml", grants) else {
        panic!()
    };
    assert_eq!(fault.to_string(), "g.toml:7:8: a permit names a class or an action");
    assert!(matches!(fault.cause, FileCause::Invalid { .. }));
}

/// Everything that is wrong with a file, beside the built-in packs.
fn faults(text: &str) -> Vec<String> {
    let faults = Pack::check("g.toml", text, &Pack::built_in().unwrap()).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

const HEAD: &str = "id = \"g\"\ntitle = \"t\"\n";
const PERMIT: &str =
    "[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\nwhen = { class = [\"billing\"] }\n";

#[test]
fn one_reading_names_all_faults_and_loading_the_first() {
    let text =
        format!("{HEAD}{}{PERMIT}", PERMIT.replace("billing", "biling\", \"ssnn").replace("\"t\"", "3"));
    let all = [
        "g.toml:5:9: expected a string",
        "g.toml:7:19: unknown class; did you mean `billing`?",
        "g.toml:7:29: unknown class; did you mean `ssn`?",
        "g.toml:9:6: this rule id is already there",
    ];
    assert_eq!(faults(&text), all);
    let Err(Error::Policy(PolicyError::File(first))) = Pack::grants_from_toml("g.toml", &text) else {
        panic!("{text}")
    };
    assert_eq!(first.to_string(), all[0]);
}

#[test]
fn one_mistake_is_one_fault() {
    // A key that is misspelt is not missing as well.
    let text = format!("{HEAD}{}", PERMIT.replace("title", "tilte"));
    assert_eq!(faults(&text), ["g.toml:5:1: unknown key; did you mean `title`?"]);
    let text = format!("{HEAD}{}", PERMIT.replace("class", "clas"));
    assert_eq!(faults(&text), ["g.toml:7:10: unknown key; did you mean `class`?"]);
    // A rule in the wrong file is not short of what its own file would ask.
    let text = format!("{HEAD}{}", PERMIT.replace("permit", "forbid"));
    assert_eq!(faults(&text), ["g.toml:6:10: a grants file only permits"]);
    // A key that is there twice hides nothing.
    let text = format!("{HEAD}title = \"u\"\nowner = 1\n{PERMIT}");
    assert_eq!(faults(&text), ["g.toml:3:1: this key is already there", "g.toml:4:1: unknown key"]);
    // A quote that is missing does, and is told once a line.
    let text = format!("{HEAD}owner = \"1\n{PERMIT}").replace("= { class", "{ class");
    assert_eq!(faults(&text), ["g.toml:3:11: this is not valid TOML", "g.toml:8:6: this is not valid TOML"]);
    assert_eq!(faults(&format!("{HEAD}rule = [{}]", "1,".repeat(500))).len(), 100);
    assert_eq!(faults(&"x".repeat(2 << 20)), ["g.toml:1:1: the file is longer than 1048576 bytes"]);
}

#[test]
fn a_file_is_read_beside_the_packs_that_it_is_used_with() {
    let own = "id = \"p\"\ntitle = \"t\"\ncompliance = \"library_default\"\n[define]\n\
               trusted = [{ evidence.any = [\"passkey\"] }]\n[[rule]]\nid = \"own\"\ntitle = \"t\"\n\
               effect = \"forbid\"\nwhen = { op = [\"view\"] }\ncite = \"c\"\ncertainty = \"interpretation\"\n\
               source = \"primary\"\n";
    let mut packs = Pack::built_in().unwrap();
    packs.push(Pack::check("p.toml", own, &packs).unwrap());
    assert_eq!(packs.last().unwrap().compliance(), Compliance::LibraryDefault);
    let over = |rule: &str| {
        let permit = PERMIT.replace("{ class", "{ predicate = \"trusted\", class");
        format!(
            "{HEAD}{permit}[[override]]\nrule = \"{rule}\"\nreason = \"r\"\napprover = \"a\"\nuntil = 2027-01-15\n"
        )
    };
    let grants = Pack::check("g.toml", &over("own"), &packs).unwrap();
    assert_eq!(grants.compliance(), Compliance::Grants);
    assert_eq!(
        faults(&over("own")),
        ["g.toml:7:22: unknown predicate", "g.toml:9:8: unknown rule"],
        "without the pack"
    );
    let refused = |rule: &str| Pack::check("g.toml", &over(rule), &packs).unwrap_err()[0].to_string();
    assert_eq!(
        refused("call-detail-by-phone"),
        "g.toml:9:8: this rule is clear law; a file cannot override it"
    );
    assert_eq!(refused("trainings-current"), "g.toml:9:8: unknown rule; did you mean `training-current`?");
    let again = Pack::check("p.toml", own, &packs).unwrap_err();
    let again: Vec<_> = again.iter().map(ToString::to_string).collect();
    assert_eq!(
        again,
        [
            "p.toml:1:6: this pack id is already there",
            "p.toml:5:1: this predicate is already there",
            "p.toml:7:6: this rule id is already there"
        ]
    );
}

#[test]
fn what_no_request_has_is_refused_at_load() {
    let why = |when: &str| {
        let text = format!("{HEAD}{}", PERMIT.replace("{ class = [\"billing\"] }", when));
        faults(&text).concat()
    };
    let form =
        "g.toml:7:8: this can never match: `verify` and `search`, and only they, have the form `match`";
    assert_eq!(why("{ op = [\"verify\"], form = [\"full\"], class = [\"ssn\"] }"), form);
    assert_eq!(why("{ op = [\"view\"], form = [\"match\"], class = [\"ssn\"] }"), form);
    let to = "g.toml:7:8: this can never match: only the operation `send` has a destination";
    assert_eq!(why("{ action = [\"port_out\"], to = [\"address_of_record\"] }"), to);
    let sound = "{ op = [\"verify\", \"view\"], form = [\"full\"], class = [\"ssn\"] }";
    let text = format!("{HEAD}{}", PERMIT.replace("{ class = [\"billing\"] }", sound));
    assert!(Pack::grants_from_toml("g.toml", &text).is_ok());
}

/// A fact that no rule names cannot change a decision; the bit sets agree with the plain reading
/// of the rules, for random states.
#[test]
fn the_compiled_rules_decide_as_the_written_ones() {
    use proptest::prelude::*;
    let policy = built_in(GRANTS);
    let packs = Pack::built_in().unwrap();
    let active = policy.active(NOW);
    proptest!(|(channel in 0..Channel::ALL.len(), role in 0..Role::ALL.len(), purpose in 0..Purpose::ALL.len(),
                class in 0..DataClass::ALL.len(), evidence in any::<u64>(), account_bits in any::<u32>(), agent_bits in any::<u8>())| {
        let mut state = Facts::new(Channel::ALL[channel], Role::ALL[role], Purpose::ALL[purpose]);
        for kind in EvidenceKind::ALL {
            state.set_evidence(*kind, evidence >> kind.code() & 1 == 1);
        }
        for fact in AccountFact::ALL {
            state.set_account(*fact, Some(account_bits >> fact.code() & 1 == 1));
        }
        for fact in AgentFact::ALL {
            state.set_agent(*fact, Some(agent_bits >> fact.code() & 1 == 1));
        }
        let class = DataClass::ALL[class];
        let state = policy.with_predicates(state);
        let verdict = policy.decide(active, &state, Ask::View(class, Scope::Whole));

        // The plain reading, rule by rule, with the predicates by name.
        let facts = state.asking_for(Op::View, class, Scope::Whole, Form::Full);
        let named = |name: &RuleId| {
            let definition = packs.iter().flat_map(|pack| &pack.definitions).find(|d| d.name == *name).unwrap();
            definition.any_of.iter().any(|conjunction| conjunction.holds(&facts))
        };
        let holds = |c: &rule::Conjunction| c.holds(&facts) && c.predicates.iter().all(named);
        let in_force = |pack: &&Pack| policy.status(NOW).iter().any(|status| *status.id == pack.id && status.in_force);
        let rules = packs.iter().filter(in_force).flat_map(|pack| &pack.rules);
        let forbidden: Vec<_> = rules
            .filter(|r| r.effect == Effect::Forbid && holds(&r.when) && !r.unless.iter().any(holds))
            .map(|r| r.id.to_string())
            .collect();
        let got: Vec<_> = policy.reasons(verdict.rules).filter(|r| r.effect == Effect::Forbid).map(|r| r.rule.to_string()).collect();
        prop_assert_eq!(got, forbidden);
    });
}

#[test]
fn more_rules_than_fit_are_refused() {
    let rule = |i: usize| {
        format!(
            "[[rule]]\nid = \"r{i}\"\ntitle = \"t\"\neffect = \"permit\"\nwhen = {{ class = [\"ssn\"] }}\n"
        )
    };
    let grants = |n: usize| {
        let text = (0..n).fold("id = \"g\"\ntitle = \"t\"\n".to_owned(), |text, i| text + &rule(i));
        Policy::compile(vec![Pack::grants_from_toml("g.toml", &text).unwrap()], Vec::new())
    };
    assert!(grants(MAX_RULES).is_ok());
    assert_eq!(grants(MAX_RULES + 1).unwrap_err(), PolicyError::TooManyRules { max: MAX_RULES }.into());
}

#[test]
fn an_opt_in_to_cpni_does_not_open_location() {
    let mut packs = Pack::built_in().unwrap();
    let roles = include_str!("../../examples/case-roles.toml");
    packs.push(Pack::grants_from_toml("case-roles.toml", roles).unwrap());
    let policy = Arc::new(Policy::compile(packs, Vec::new()).unwrap());
    let of = |role, purpose, facts: &[AccountFact]| {
        let mut state = call(Channel::Online, role, purpose);
        facts.iter().for_each(|fact| state.set_account(*fact, Some(true)));
        let decision = view(&policy, state, DataClass::Location);
        (decision.is_allowed(), rules(&decision), decision.remedies())
    };
    let (partner, purpose) = (Role::LocationPartner, Purpose::ThirdPartyService);
    let cpni = of(partner, purpose, &[AccountFact::OptIn]);
    assert!(!cpni.0 && cpni.1.contains(&"location-by-express-authorization".to_owned()), "{cpni:?}");
    // The rules stack: location is CPNI as well.
    let location = of(partner, purpose, &[AccountFact::LocationOptIn]);
    assert!(!location.0 && location.1.contains(&"third-party-by-written-request".to_owned()), "{location:?}");
    assert!(of(partner, purpose, &[AccountFact::OptIn, AccountFact::LocationOptIn]).0);
    // One opt-in, to what is asked for, helps each of them.
    for facts in [&[][..], &[AccountFact::OptIn], &[AccountFact::LocationOptIn]] {
        assert!(of(partner, purpose, facts).2.contains(&vec![Remedy::ObtainOptIn]), "{facts:?}");
    }
}

/// The shared cases, decided by the engine.
#[test]
#[ignore = "reads ../shared/regulation"]
fn shared_cases_pass() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/regulation/disclosure-cases.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed: Vec<_> = cases.iter().filter_map(|case| check_case(case).err()).collect();
    assert!(cases.len() >= 50 && failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), cases.len());
}

fn check_case(case: &serde_json::Value) -> Result<(), String> {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let regime =
        [("sim_change", "us-sim-change"), ("port_out", "us-port-out"), ("onshoring", "us-onshoring")];
    let on =
        regime.iter().filter(|(key, _)| matches!(case["regime"][key].as_str(), Some("adopted" | "proposed")));
    let mut packs = Pack::built_in().unwrap();
    packs.push(
        Pack::grants_from_toml("case-roles.toml", include_str!("../../examples/case-roles.toml")).unwrap(),
    );
    let on = on.map(|(_, pack)| RuleId::new(*pack).unwrap()).collect();
    let policy = Arc::new(Policy::compile(packs, on).unwrap());
    let role = Role::from_name(&word(&case["role"])).unwrap();
    let purpose = Purpose::from_name(&word(&case["purpose"])).unwrap();
    let mut state = call(Channel::from_name(&word(&case["channel"])).unwrap(), role, purpose);
    for kind in
        case["evidence"].as_array().unwrap().iter().filter_map(|kind| EvidenceKind::from_name(&word(kind)))
    {
        state.set_evidence(kind, true);
    }
    let account = &case["account"];
    let mut set = |fact: AccountFact, value: Option<bool>| state.set_account(fact, value);
    set(
        AccountFact::AddressOfRecord,
        Some(account["address_age_days"].as_u64().is_none_or(|days| days >= 30)),
    );
    set(AccountFact::OwnedByRequester, Some(account["owner"] != "someone_else"));
    set(AccountFact::SurvivorUnreadable, Some(account["survivor"] == "unreadable"));
    let named = [
        AccountFact::Business,
        AccountFact::DedicatedRepresentative,
        AccountFact::CpniContract,
        AccountFact::WrittenRequest,
        AccountFact::ServiceInitiation,
        AccountFact::SimLock,
        AccountFact::PortLock,
        AccountFact::PortPasscodeSet,
        AccountFact::OptIn,
        AccountFact::OneTimeOralApproval,
        AccountFact::SimplePort,
        AccountFact::Survivor,
    ];
    for fact in named {
        set(fact, Some(account[fact.name()].as_bool().unwrap_or(false)));
    }
    set(
        AccountFact::SimChangedRecently,
        Some(account["sim_changed_hours_ago"].as_u64().is_some_and(|h| h < 7 * 24)),
    );
    // The opt-in that the request is about.
    let about_location = ["view", "verify", "send"].iter().any(|op| case["request"][op] == "location");
    set(AccountFact::LocationOptIn, Some(account["opt_in"] == true && about_location));
    let notice = &account["opt_out_notice"];
    let wait = if notice["method"] == "mail" { 33 } else { 30 };
    let matured = notice["days_ago"].as_u64().is_some_and(|days| (wait..730).contains(&days));
    set(AccountFact::OptOutMatured, Some(matured && notice["bounced"] != true));
    if account["consent_unavailable"] == true {
        for fact in [
            AccountFact::OptIn,
            AccountFact::LocationOptIn,
            AccountFact::OptOutMatured,
            AccountFact::OptedOut,
        ] {
            set(fact, None);
        }
    }
    let agent = &case["agent"];
    state.set_agent(
        AgentFact::TrainingCurrent,
        Some(agent["training"].as_str().unwrap_or("current") == "current"),
    );
    state.set_agent(AgentFact::InUnitedStates, Some(agent["country"].as_str().unwrap_or("US") == "US"));
    let no_contact = agent.get("interaction").is_some_and(serde_json::Value::is_null);
    state.set_agent(AgentFact::LiveContact, Some(!no_contact));
    state.set_agent(AgentFact::OpenCase, Some(agent["case_id"].is_string()));

    let request = &case["request"];
    let class = |key: &str| DataClass::from_name(&word(&request[key]));
    let ask = if let Some(class) = class("view") {
        Ask::View(class, if request["scope"] == "named_call" { Scope::NamedCall } else { Scope::Whole })
    } else if let Some(class) = class("verify") {
        Ask::Verify(class)
    } else if let Some(class) = class("send") {
        Ask::Send(class, Destination::AddressOfRecord)
    } else {
        Ask::Act(Action::from_name(&word(&request["act"])).unwrap())
    };
    let active = policy.active(NOW);
    let decision = policy.decision(active, &policy.with_predicates(state), ask);
    let remedies: Vec<_> = decision.remedies().concat().iter().map(|remedy| remedy.name()).collect();
    let obligations: Vec<_> = decision.obligations().iter().map(Obligation::name).collect();
    let expect = &case["expect"];
    let list = |key: &str| {
        expect[key].as_array().into_iter().flatten().map(|v| v.as_str().unwrap()).collect::<Vec<_>>()
    };
    let right = expect["outcome"] == decision.outcome().name()
        && list("remedies").iter().all(|r| remedies.contains(r))
        && !list("no_remedies").iter().any(|r| remedies.contains(r))
        && list("obligations").iter().all(|o| obligations.contains(o))
        && !list("no_obligations").iter().any(|o| obligations.contains(o));
    let got = || format!("{}: expected {expect}, got {decision:?}, remedies {remedies:?}", case["id"]);
    if right { Ok(()) } else { Err(got()) }
}
