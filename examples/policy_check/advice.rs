//! What to do about a fault or a finding, in a sentence.

use cpni_guard::error::FileCause;
use cpni_guard::policy::{AccountFact, AgentFact, Certainty, Compliance, Effect, FindingKind, ReadFrom};
use cpni_guard::vocabulary::{
    Action, Channel, DataClass, Destination, EvidenceKind, Form, Label, Obligation, Op, Purpose, Requester,
    Role, Scope,
};

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may learn further causes")]
pub(crate) fn for_fault(cause: &FileCause) -> String {
    match cause {
        FileCause::Syntax => {
            "Look for a quote, bracket or comma that is missing here or just before, or a date \
                              that no calendar has. What the file says beyond that was not judged."
                .into()
        }
        FileCause::UnknownKey { nearest: Some(key) } => format!("Write `{key}`, or remove the key."),
        FileCause::UnknownKey { nearest: None } => "Remove the key: it means nothing here.".into(),
        FileCause::MissingKey { key } => format!("Add {}.", example(key)),
        FileCause::WrongType { expected } if expected.contains("date") => {
            "Write year-month-day without quotes, as in 2027-01-15.".into()
        }
        FileCause::WrongType { expected } if expected.contains("list") => {
            "Put it into square brackets, also where it is only one: [\"support\"]. A rule begins with [[rule]]."
                .into()
        }
        FileCause::WrongType { expected } if expected.contains("table") => {
            "Write conditions in braces: when = { role = [\"care_agent\"] }. For evidence and facts say how \
             many: evidence.any = [\"password\"], or .all, or .none."
                .into()
        }
        FileCause::WrongType { expected } => format!("Write {expected} here."),
        FileCause::UnknownName { nearest: Some(name), .. } => format!("Write `{name}`, if that is meant."),
        FileCause::UnknownName { what, nearest: None } => match names(what) {
            Some(names) => format!("Write one of {names}."),
            None => "Look up the name: nothing is called so, or nearly so.".into(),
        },
        FileCause::Duplicate { what } if what.ends_with("id") => {
            "Give it an id that neither this file nor a built-in pack has.".into()
        }
        FileCause::Duplicate { .. } => "Remove one of the two.".into(),
        FileCause::Invalid { why } => invalid(why).into(),
        FileCause::TooLarge { .. } => {
            "This is hardly a policy file: look whether it is the right one.".into()
        }
        _ => "Correct it as the message says.".into(),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may learn further kinds")]
pub(crate) const fn for_finding(kind: &FindingKind<'_>) -> &'static str {
    match kind {
        FindingKind::NeverMatches => {
            "Remove it, or the condition or exception that is too much: as it stands it does nothing."
        }
        FindingKind::NeverAsked => "Remove it, or leave it for a version that has tokens.",
        FindingKind::Closed { .. } => {
            "Remove it from the permit, so that nobody relies on it: no evidence and no fact opens it."
        }
        FindingKind::RunOut { .. } => "Remove it: the rule decides again.",
        _ => "Name fewer facts in the permits that meet here, or test it with cases.",
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "id" => "`id`, a short name that will never change: id = \"care-support\"",
        "title" => "`title`, a sentence that says what it is for",
        "until" => "`until`, the day on which the rule decides again: until = 2027-01-15",
        "reason" => "`reason`: the override is shown with it in every attestation",
        "approver" => "`approver`, the office that answers for it",
        "when" => "`when`, the conditions: when = { role = [\"care_agent\"], class = [\"billing\"] }",
        "effect" => "`effect`: \"permit\" in a grants file",
        "rule" => "at least one [[rule]]",
        "cite" => "`cite`, where the rule comes from",
        "certainty" => "`certainty`: \"clear\" or \"interpretation\", as docs/policy.md says",
        "source" => "`source`, how the text was read: \"primary\", \"secondary\" or \"memory\"",
        _ => "it",
    }
}

fn invalid(why: &str) -> &'static str {
    if why.contains("never match") {
        "Remove one of the conditions that exclude each other: the rule would do nothing."
    } else if why.contains("only permits") {
        "Remove it: the law is built in. What you forbid beyond it goes into a pack of your own, a file \
         with `compliance`."
    } else if why.contains("names a class or an action") {
        "Add what it permits to `when`: class = [\"billing\"], or action = [\"sim_change\"]."
    } else if why.contains("clear law") {
        "Remove it: clear law is not overridden in a file. If counsel says otherwise, the host's code does it, in the open."
    } else if why.contains("empty") {
        "Name at least one, or remove the key: without it any will do."
    } else {
        "Correct it as the message says."
    }
}

/// The names of a vocabulary, where it has few.
fn names(what: &str) -> Option<String> {
    macro_rules! names {
        ($($what:literal => $type:ty),+ $(,)?) => {
            match what {
                $($what => <$type>::ALL.iter().map(|word| word.name()).collect::<Vec<_>>(),)+
                _ => return None,
            }
        };
    }
    let names = names!(
        "op" => Op, "action" => Action, "to" => Destination, "scope" => Scope, "form" => Form,
        "class" => DataClass, "label" => Label, "channel" => Channel, "requester" => Requester,
        "role" => Role, "purpose" => Purpose, "evidence" => EvidenceKind, "account fact" => AccountFact,
        "agent fact" => AgentFact, "effect" => Effect, "certainty" => Certainty, "source" => ReadFrom,
        "compliance" => Compliance, "obligation" => Obligation,
    );
    Some(names.join(", "))
}
