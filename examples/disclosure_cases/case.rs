//! One case: what it asks, what it expects, and how what came out differs.

use cpni_guard::policy::Decision;
use cpni_guard::transaction::NextStep;
use cpni_guard::vocabulary::{Action, DataClass, Destination, Obligation, Outcome, Remedy};
use cpni_guard::{Error, FieldRequest, Sensitive};
use serde_json::Value;

use crate::world::{self, World};

pub(crate) struct Case(Value);

/// A verdict, and the packs whose rules decided.
#[cfg(test)]
type Decided = (Outcome, Vec<String>);

/// What came out.
struct Answer {
    outcome: Outcome,
    remedies: Vec<&'static str>,
    obligations: Vec<&'static str>,
    rules: Vec<String>,
}

impl From<&Decision> for Answer {
    fn from(decision: &Decision) -> Self {
        Self {
            outcome: decision.outcome(),
            remedies: decision.remedies().concat().into_iter().map(Remedy::name).collect(),
            obligations: decision.obligations().iter().map(Obligation::name).collect(),
            rules: decision.reasons().map(|reason| reason.rule.to_string()).collect(),
        }
    }
}

impl Case {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// Certainty and source, for the count.
    pub(crate) fn ground(&self) -> String {
        let text = |key: &str, default: &str| self.0[key].as_str().unwrap_or(default).to_owned();
        format!("{}, read from {}", text("certainty", "no certainty"), text("source", "the text"))
    }

    /// `Err` is the line that says how it differs.
    pub(crate) fn run(&self) -> Result<(), String> {
        let id = self.0["id"].as_str().unwrap_or("(no id)");
        let answer = self.ask().map_err(|why| format!("{id}: {why}"))?;
        let expect = &self.0["expect"];
        let list = |key: &str| {
            expect[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>()
        };
        // A name that does not exist would always be absent.
        let remedies = [list("remedies"), list("no_remedies")].concat();
        let obligations = [list("obligations"), list("no_obligations")].concat();
        let unknown = remedies.into_iter().find(|name| Remedy::from_name(name).is_none());
        let unknown =
            unknown.or_else(|| obligations.into_iter().find(|name| Obligation::from_name(name).is_none()));
        if let Some(name) = unknown {
            return Err(format!("{id}: expects {name}, which is no remedy or obligation"));
        }
        let missing = |wanted: Vec<&str>, had: &[&str]| wanted.iter().any(|name| !had.contains(name));
        let unwanted = |barred: Vec<&str>, had: &[&str]| barred.iter().any(|name| had.contains(name));
        let differs = expect["outcome"] != answer.outcome.name()
            || missing(list("remedies"), &answer.remedies)
            || unwanted(list("no_remedies"), &answer.remedies)
            || missing(list("obligations"), &answer.obligations)
            || unwanted(list("no_obligations"), &answer.obligations);
        if !differs {
            return Ok(());
        }
        let Answer { outcome, remedies, obligations, rules } = answer;
        Err(format!(
            "{id}: expected {expect}, got {outcome} with remedies {remedies:?}, obligations {obligations:?}, policies {rules:?}"
        ))
    }

    fn ask(&self) -> Result<Answer, String> {
        let world = World::new(&self.0)?;
        let mut call = world.interaction()?;
        let request = &self.0["request"];
        let error = |error: Error| format!("{} ({})", error, error.code());
        let class = |key: &str| -> Result<Option<DataClass>, String> {
            let Some(name) = request[key].as_str() else { return Ok(None) };
            DataClass::from_name(name).map(Some).ok_or_else(|| format!("unknown class {name}"))
        };
        if let Some(class) = class("view")? {
            let field = world::field(class);
            let asked = match request["scope"].as_str() {
                None => FieldRequest::whole(field),
                Some("named_call") => FieldRequest::named_call(field),
                Some(scope) => return Err(format!("unknown scope {scope}")),
            };
            let view = call.view(&world.sealed, [asked]).map_err(error)?;
            return Ok(Answer::from(view.field(field).map_err(error)?.decision()));
        }
        if let Some(class) = class("verify")? {
            let stated = Sensitive::from(world::VALUE.to_owned());
            let answer = call.verify(&world.sealed, world::field(class), &stated).map_err(error)?;
            return Ok(Answer::from(&answer.decision));
        }
        if let Some(class) = class("send")? {
            let to = request["to"].as_str().and_then(Destination::from_name).ok_or("unknown destination")?;
            let receipt = call.send(&world.sealed, [world::field(class)], to).map_err(error)?;
            let (_, decision) = receipt.decisions().next().ok_or("nothing was decided")?;
            return Ok(Answer::from(decision));
        }
        let name = request["act"].as_str().ok_or("the request is none of view, verify, send, act")?;
        let action = Action::from_name(name).ok_or_else(|| format!("unknown action {name}"))?;
        let decision = call.decide(action).map_err(error)?;
        let Some(change) = world::change(action) else { return Ok(Answer::from(&decision)) };
        // The same change as a transaction: the verdict must be that of the decision alone.
        let asked = call.request(&change).map_err(error)?;
        let is_refused = matches!(asked.next, NextStep::Refused(_));
        let is_same = asked.decision.outcome() == decision.outcome()
            && asked.decision.obligations() == decision.obligations()
            && is_refused != decision.is_allowed();
        if is_same {
            return Ok(Answer::from(&decision));
        }
        Err(format!("decided {}, and as a transaction {:?}", decision.outcome(), asked.next))
    }

    /// For an action that a pack decides which may be off: what it comes to with the pack off, and with it on.
    #[cfg(test)]
    pub(crate) fn off_and_adopted(&self) -> Option<[Result<Decided, String>; 2]> {
        let regime = match self.0["request"]["act"].as_str()? {
            regime @ ("sim_change" | "port_out") => regime,
            _ => return None,
        };
        Some(["off", "adopted"].map(|state| {
            let mut case = self.0.clone();
            case["regime"] = serde_json::json!({ regime: state });
            let mut call = World::new(&case)?.interaction()?;
            let action = Action::from_name(regime).ok_or("no action")?;
            let decision = call.decide(action).map_err(|error| error.to_string())?;
            let packs = decision.reasons().map(|reason| reason.pack.to_string()).collect();
            Ok((decision.outcome(), packs))
        }))
    }
}
