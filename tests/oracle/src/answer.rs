//! What each engine answers to a request, in the same words.

use std::collections::BTreeSet;
use std::sync::Arc;

use cpni_guard::policy::{AccountFact, AgentFact, Facts, Policy};
use cpni_guard::testing::{Plan, SearchPlan};
use cpni_guard::vocabulary::{
    AccountId, Action, Channel, DataClass, Destination, EvidenceKind, Purpose, Role, Scope, Timestamp,
};

use cedar_policy::PolicySet;

use crate::cedar::{self, Cedar, Sets, Unknown};
use crate::pack::Error;
use crate::request::{Ask, Request};
use crate::vocabulary::{ACCOUNT, AGENT, FORMS};

/// All that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub outcome: &'static str,
    pub form: Option<&'static str>,
    pub because: Option<&'static str>,
    pub duties: BTreeSet<String>,
    /// The rules that decided.
    pub rules: BTreeSet<String>,
}

impl Answer {
    fn withheld(because: &'static str, duties: BTreeSet<String>, rules: BTreeSet<String>) -> Self {
        Self { outcome: "withhold", form: None, because: Some(because), duties, rules }
    }
}

/// The state as the library takes it.
pub fn facts(asked: &Request) -> Facts {
    let channel = known(Channel::from_name(asked.channel));
    let role = known(Role::from_name(asked.role));
    let mut facts = Facts::new(channel, role, known(Purpose::from_name(asked.purpose)));
    for ((name, _), value) in ACCOUNT.iter().zip(asked.account) {
        facts.set_account(known(AccountFact::from_name(name)), value);
    }
    for (name, value) in AGENT.iter().zip(asked.agent) {
        facts.set_agent(known(AgentFact::from_name(name)), value);
    }
    for name in &asked.evidence {
        facts.set_evidence(known(EvidenceKind::from_name(name)), true);
    }
    facts
}

/// The library's answer.
pub fn of_library(policy: &Arc<Policy>, midnight: u64, asked: &Request) -> Result<Answer, Error> {
    let now = Timestamp::from_secs(midnight + asked.second);
    let plan = Plan::new(Arc::clone(policy), facts(asked), AccountId::new("A-1")?, now);
    let class = |class| known(DataClass::from_name(class));
    let decision = match asked.ask {
        Ask::View { class: of, scope } => plan.decision(class(of), known(Scope::from_name(scope))),
        Ask::Verify { class: of } => plan.verification(class(of)),
        Ask::Send { class: of, to } => plan.sending(class(of), known(Destination::from_name(to))),
        Ask::Act { action } => plan.action(known(Action::from_name(action)), asked.is_approved()),
        Ask::Search { class: of } => {
            SearchPlan::new(Arc::clone(policy), facts(asked), now).decision(class(of))
        }
    };
    Ok(Answer {
        outcome: decision.outcome().name(),
        form: decision.form().map(|form| form.name()),
        because: decision.because().map(|because| because.name()),
        duties: decision.obligations().iter().map(|duty| duty.name().to_owned()).collect(),
        rules: decision.reasons().map(|reason| reason.rule.as_str().to_owned()).collect(),
    })
}

/// Cedar's answer: one question for each form, from the one that is asked for down; the refusal that
/// counts is the first.
pub fn of_cedar(cedar: &Cedar, sets: &Sets, asked: &Request) -> Result<Answer, Error> {
    let answer = best(cedar, sets, asked, Unknown::Least)?;
    if answer.because == Some("forbidden")
        && asked.has_unknown()
        && best(cedar, sets, asked, Unknown::Most)?.because.is_none()
    {
        return Ok(Answer { because: Some("facts_missing"), ..answer });
    }
    Ok(answer)
}

fn best(cedar: &Cedar, sets: &Sets, asked: &Request, unknown: Unknown) -> Result<Answer, Error> {
    let forms: &[&str] = match asked.ask {
        Ask::View { .. } => &["full", "masked"],
        Ask::Verify { .. } | Ask::Search { .. } => &["match"],
        Ask::Send { .. } | Ask::Act { .. } => &["full"],
    };
    let mut answers = Vec::new();
    for form in forms {
        let answer = in_form(cedar, sets, asked, form, unknown)?;
        if answer.because.is_none() {
            return Ok(answer);
        }
        answers.push(answer);
    }
    Ok(answers.swap_remove(0))
}

fn in_form(
    cedar: &Cedar,
    sets: &Sets,
    asked: &Request,
    form: &'static str,
    unknown: Unknown,
) -> Result<Answer, Error> {
    // An action has no form that a rule could name; that it may proceed is called full.
    let named = if matches!(asked.ask, Ask::Act { .. }) { None } else { Some(form) };
    let request = cedar::request(asked, named, unknown)?;
    let floor = cedar.ask(&sets.floor, &request);
    let rules = |by: &[_]| by.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    if !floor.allowed {
        let duties = annotations(&sets.floor, &floor.by, "obligations");
        let because = match (floor.by.is_empty(), duties.contains("hold_for_human")) {
            (true, _) => "not_granted",
            (false, true) => "held",
            (false, false) => "forbidden",
        };
        return Ok(Answer::withheld(because, duties, rules(&floor.by)));
    }
    let caps = cedar.ask(&sets.caps, &request);
    let rank = |form: &str| FORMS.iter().position(|known| *known == form).expect("a form");
    let cap = annotations(&sets.caps, &caps.by, "max_form").iter().map(|form| rank(form)).min();
    if cap.is_some_and(|cap| rank(form) > cap) {
        return Ok(Answer::withheld("forbidden", BTreeSet::new(), rules(&caps.by)));
    }
    let duties = cedar.ask(&sets.duties, &request);
    let outcome = match asked.ask {
        Ask::Verify { .. } | Ask::Search { .. } => "verify_only",
        Ask::View { scope: "named_call", .. } => "disclose_limited",
        _ if form == "masked" => "disclose_limited",
        _ => "disclose",
    };
    Ok(Answer {
        outcome,
        form: Some(form),
        because: None,
        duties: annotations(&sets.duties, &duties.by, "obligations"),
        rules: rules(&[floor.by, caps.by, duties.by].concat()),
    })
}

/// The words of an annotation of these policies.
fn annotations(set: &PolicySet, by: &[cedar_policy::PolicyId], key: &str) -> BTreeSet<String> {
    let texts = by.iter().filter_map(|id| set.annotation(id, key));
    texts.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn known<T>(word: Option<T>) -> T {
    word.expect("a word of the library")
}
