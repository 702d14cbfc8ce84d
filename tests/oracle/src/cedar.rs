//! A rule as a Cedar policy, a request as a Cedar request.
//!
//! The principal is the role, in its requester; the resource is the class, in its labels, or the
//! action; Cedar's action is the operation. The rest is context. `limit` and `oblige` are no forms of
//! allowing or denying: they become `permit`s of sets of their own, in which the policies that
//! determine an Allow are the rules that apply.

use std::collections::HashSet;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Response, RestrictedExpression,
};

use crate::pack::{Conjunction, Definitions, Effect, Error, Quantified, Rule};
use crate::request::{Ask, Request};
use crate::vocabulary::{ACCOUNT, AGENT, CLASSES, ROLES};

/// The policies that a day's packs make, by the question that they answer.
#[derive(Debug, Clone, Default)]
pub struct Sets {
    /// `forbid` and `permit`: is it allowed?
    pub floor: PolicySet,
    /// `limit`: which caps apply?
    pub caps: PolicySet,
    /// `oblige`: which duties apply?
    pub duties: PolicySet,
}

/// What Cedar says: the decision, and the policies that determined it.
pub struct Said {
    pub allowed: bool,
    pub by: Vec<PolicyId>,
}

/// Cedar, with the roles and classes.
pub struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
}

/// What an unknown fact counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// What opens least.
    Least,
    /// What opens most: would it be withheld even so?
    Most,
}

/// The Cedar text of a rule.
pub fn text(rule: &Rule, definitions: &Definitions) -> String {
    let effect = if rule.effect == Effect::Forbid { "forbid" } else { "permit" };
    let question = match rule.effect {
        Effect::Forbid | Effect::Permit => "is it allowed",
        Effect::Limit => "which caps apply",
        Effect::Oblige => "which duties apply",
    };
    let mut text = format!("@title({:?})\n@question({question:?})\n", rule.title);
    let obligations = rule.obligations.join(" ");
    for (name, value) in
        [("cite", &rule.cite), ("max_form", &rule.max_form), ("obligations", &Some(obligations))]
    {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            text += &format!("@{name}({value:?})\n");
        }
    }
    text += &format!("{effect} (principal, action, resource)\n");
    text += &format!("when {{ {} }}", conjunction(&rule.when, definitions));
    if !rule.unless.is_empty() {
        text += &format!("\nunless {{ {} }}", any_of(&rule.unless, definitions));
    }
    text + ";\n"
}

/// The policy of a rule, under the rule's id.
pub fn policy(rule: &Rule, definitions: &Definitions) -> Result<Policy, Error> {
    Ok(Policy::parse(Some(PolicyId::new(&rule.id)), text(rule, definitions))?)
}

impl Sets {
    pub fn add(&mut self, effect: Effect, policy: Policy) -> Result<(), Error> {
        let set = match effect {
            Effect::Forbid | Effect::Permit => &mut self.floor,
            Effect::Limit => &mut self.caps,
            Effect::Oblige => &mut self.duties,
        };
        Ok(set.add(policy)?)
    }
}

impl Cedar {
    pub fn new() -> Result<Self, Error> {
        let roles = ROLES.iter().map(|(role, requester)| ("Role", *role, vec![("Requester", *requester)]));
        let classes = CLASSES
            .iter()
            .map(|(class, labels)| ("Class", *class, labels.iter().map(|label| ("Label", *label)).collect()));
        let entities = roles.chain(classes).map(|(kind, name, parents): (_, _, Vec<_>)| {
            let parents: HashSet<_> = parents.into_iter().map(|(kind, name)| uid(kind, name)).collect();
            Entity::new_no_attrs(uid(kind, name), parents)
        });
        let entities = Entities::from_entities(entities, None)?;
        Ok(Self { authorizer: Authorizer::new(), entities })
    }

    /// Cedar's decision and nothing more.
    pub fn decide(&self, set: &PolicySet, request: &cedar_policy::Request) -> Response {
        self.authorizer.is_authorized(request, set, &self.entities)
    }

    /// A policy that cannot be evaluated counts for nothing in Cedar: here it ends the run.
    pub fn ask(&self, set: &PolicySet, request: &cedar_policy::Request) -> Said {
        let response = self.decide(set, request);
        let faults: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "the export is wrong: {faults:?}");
        Said {
            allowed: response.decision() == Decision::Allow,
            by: response.diagnostics().reason().cloned().collect(),
        }
    }
}

/// The request as Cedar takes it. `form` is the one that is tried; an action has none.
pub fn request(
    asked: &Request,
    form: Option<&str>,
    unknown: Unknown,
) -> Result<cedar_policy::Request, Error> {
    let (op, resource, scope, to) = match asked.ask {
        Ask::View { class, scope } => ("view", uid("Class", class), Some(scope), None),
        Ask::Verify { class } => ("verify", uid("Class", class), Some("whole"), None),
        Ask::Send { class, to } => ("send", uid("Class", class), Some("whole"), Some(to)),
        Ask::Act { action } => ("act", uid("Change", action), None, None),
        Ask::Search { class } => ("search", uid("Class", class), Some("whole"), None),
    };
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let set = |names: Vec<&str>| RestrictedExpression::new_set(names.into_iter().map(text));
    let account = ACCOUNT.iter().zip(asked.account).filter(|((_, assumed), known)| {
        known.unwrap_or(if unknown == Unknown::Least { *assumed } else { !*assumed })
    });
    let agent = AGENT.iter().zip(asked.agent).filter(|(_, known)| known.unwrap_or(unknown == Unknown::Most));
    let mut context = vec![
        ("channel", text(asked.channel)),
        ("purpose", text(asked.purpose)),
        ("evidence", set(asked.evidence.iter().copied().collect())),
        ("account", set(account.map(|((name, _), _)| *name).collect())),
        ("agent", set(agent.map(|(name, _)| *name).collect())),
    ];
    for (key, value) in [("form", form), ("scope", scope), ("to", to)] {
        context.extend(value.map(|value| (key, text(value))));
    }
    let context = Context::from_pairs(context.into_iter().map(|(key, value)| (key.to_owned(), value)))?;
    Ok(cedar_policy::Request::new(uid("Role", asked.role), uid("Action", op), resource, context, None)?)
}

fn uid(kind: &str, name: &str) -> EntityUid {
    let kind = EntityTypeName::from_str(kind).expect("a type's name");
    EntityUid::from_type_name_and_id(kind, EntityId::new(name))
}

fn any_of(any: &[Conjunction], definitions: &Definitions) -> String {
    let any: Vec<_> = any.iter().map(|one| format!("({})", conjunction(one, definitions))).collect();
    any.join(" || ")
}

fn conjunction(c: &Conjunction, definitions: &Definitions) -> String {
    let mut terms = Vec::new();
    for (subject, kind, names) in [
        ("action", "Action", &c.op),
        ("resource", "Change", &c.action),
        ("resource", "Class", &c.class),
        ("resource", "Label", &c.label),
        ("principal", "Requester", &c.requester),
        ("principal", "Role", &c.role),
    ] {
        if let Some(names) = names {
            let names: Vec<_> = names.iter().map(|name| format!("{kind}::{name:?}")).collect();
            terms.push(format!("{subject} in [{}]", names.join(", ")));
        }
    }
    for (key, names) in [("channel", &c.channel), ("purpose", &c.purpose)] {
        terms.extend(names.as_ref().map(|names| format!("{names:?}.contains(context.{key})")));
    }
    for (key, names) in [("to", &c.to), ("scope", &c.scope), ("form", &c.form)] {
        let names = names.as_ref();
        terms.extend(names.map(|names| format!("context has {key} && {names:?}.contains(context.{key})")));
    }
    for (key, Quantified { any, all, none }) in
        [("evidence", &c.evidence), ("account", &c.account), ("agent", &c.agent)]
    {
        terms.extend(any.as_ref().map(|any| format!("context.{key}.containsAny({any:?})")));
        terms.extend(all.as_ref().map(|all| format!("context.{key}.containsAll({all:?})")));
        terms.extend(none.as_ref().map(|none| format!("!context.{key}.containsAny({none:?})")));
    }
    terms.extend(c.predicate.as_ref().map(|name| format!("({})", any_of(&definitions[name], definitions))));
    if terms.is_empty() { "true".to_owned() } else { terms.join(" && ") }
}
