//! Policy files: TOML to packs, with a place for every fault.

use core::ops::ControlFlow;

use crate::error::{FileCause, FileFault, PolicyError};
use crate::toml_reader::{Source, Table, Value};
use crate::vocabulary::{
    Action, Channel, DataClass, Destination, EvidenceKind, Form, Label, Obligation, Obligations, Op, Purpose,
    Requester, Role, RuleId, Scope, nearest,
};

use super::facts::{AccountFact, AgentFact, Dimension};
use super::pack::{Compliance, Definition, Override, Pack};
use super::rule::{Certainty, Clause, Conjunction, Effect, Mode, ReadFrom, Rule};

/// Most predicates of one pack.
pub(super) const MAX_DEFINITIONS: usize = 32;
/// Longest title, citation or sentence, in bytes.
const MAX_TEXT: usize = 400;
/// What a permit cites where its file does not say: the carrier's own decision.
const CARRIERS_GRANT: &str = "the carrier's grant";

/// What a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// `forbid`, `limit` and `oblige`.
    Legal,
    /// `permit` and overrides.
    Grants,
}

/// Reads a policy file. `known` are the predicates of other packs that it may use.
pub(super) fn pack(source: Source<'_>, kind: FileKind, known: &[RuleId]) -> Result<Pack, PolicyError> {
    read(source, kind, known).map_err(PolicyError::File)
}

fn read(source: Source<'_>, kind: FileKind, known: &[RuleId]) -> Result<Pack, FileFault> {
    let document = source.parse()?;
    let root = document.root();
    let id = rule_id(root.need("id")?)?;
    let title = sentence(root.need("title")?)?;
    let effective_from = root.get("effective_from").map(|v| v.date()).transpose()?;
    let effective_until = root.get("effective_until").map(|v| v.date()).transpose()?;
    if let (Some(from), Some(until)) = (effective_from, effective_until)
        && until <= from
    {
        return Err(root.fault(FileCause::Invalid { why: "`effective_until` is not after `effective_from`" }));
    }
    let compliance = match kind {
        FileKind::Grants => Compliance::Grants,
        FileKind::Legal => {
            let legal: Vec<_> =
                Compliance::ALL.iter().copied().filter(|c| *c != Compliance::Grants).collect();
            root.need("compliance")?.word("compliance", &legal, Compliance::name)?
        }
    };
    let definitions = match root.get("define") {
        Some(define) => definitions(&define.table()?)?,
        None => Vec::new(),
    };
    let known: Vec<&RuleId> =
        known.iter().chain(definitions.iter().map(|definition| &definition.name)).collect();
    let mut rules: Vec<Rule> = Vec::new();
    for value in root.need("rule")?.list()? {
        let table = value.table()?;
        let rule = rule(&table, kind, &known)?;
        if rules.iter().any(|other| other.id == rule.id) {
            return Err(table.fault(FileCause::Duplicate { what: "rule id" }));
        }
        table.finish()?;
        rules.push(rule);
    }
    let mut overrides = Vec::new();
    if kind == FileKind::Grants
        && let Some(list) = root.get("override")
    {
        for value in list.list()? {
            overrides.push(override_of(&value.table()?)?);
        }
    }
    root.finish()?;
    Ok(Pack {
        id,
        title,
        effective_from,
        effective_until,
        compliance,
        definitions,
        rules,
        overrides,
        text: source.text().into(),
    })
}

fn definitions(table: &Table<'_, '_>) -> Result<Vec<Definition>, FileFault> {
    let mut definitions = Vec::new();
    for (key, value) in table.entries() {
        let name = RuleId::new(key.text().replace('_', "-")).map_err(|_| {
            key.fault(FileCause::Invalid { why: "a predicate's name has 1 to 64 of a-z, 0-9 and _" })
        })?;
        if definitions.len() == MAX_DEFINITIONS {
            return Err(key.fault(FileCause::Invalid { why: "a pack has at most 32 predicates" }));
        }
        let mut any_of = Vec::new();
        for conjunction in value.list()? {
            let table = conjunction.table()?;
            any_of.push(conjunction_of(&table, &[], About::State)?);
            table.finish()?;
        }
        definitions.push(Definition { name, any_of });
    }
    Ok(definitions)
}

fn rule(table: &Table<'_, '_>, kind: FileKind, known: &[&RuleId]) -> Result<Rule, FileFault> {
    let id = rule_id(table.need("id")?)?;
    let effect_value = table.need("effect")?;
    let effect = effect_value.word("effect", Effect::ALL, Effect::name)?;
    match (kind, effect) {
        (FileKind::Grants, Effect::Permit)
        | (FileKind::Legal, Effect::Forbid | Effect::Limit | Effect::Oblige) => {}
        (FileKind::Grants, Effect::Forbid | Effect::Limit | Effect::Oblige) => {
            return Err(effect_value.fault(FileCause::Invalid { why: "a grants file only permits" }));
        }
        (FileKind::Legal, Effect::Permit) => {
            return Err(effect_value.fault(FileCause::Invalid {
                why: "a legal pack never permits: put permits in a grants file",
            }));
        }
    }
    let permit = effect == Effect::Permit;
    let title = sentence(table.need("title")?)?;
    let say = table.get("say").map(sentence).transpose()?;
    let cite = match table.get("cite") {
        Some(cite) => sentence(cite)?,
        None if permit => CARRIERS_GRANT.into(),
        None => return Err(table.fault(FileCause::MissingKey { key: "cite" })),
    };
    let (certainty, source) = if permit {
        (Certainty::Clear, ReadFrom::Primary)
    } else {
        (
            table.need("certainty")?.word("certainty", Certainty::ALL, Certainty::name)?,
            table.need("source")?.word("source", ReadFrom::ALL, ReadFrom::name)?,
        )
    };
    let when_table = table.need("when")?.table()?;
    let when = conjunction_of(&when_table, known, About::Request { permit })?;
    let asks_for_something = when_table.get("class").is_some() || when_table.get("action").is_some();
    if permit && !asks_for_something {
        return Err(when_table.fault(FileCause::Invalid { why: "a permit names a class or an action" }));
    }
    when_table.finish()?;
    let mut unless = Vec::new();
    if let Some(list) = table.get("unless") {
        for value in list.list()? {
            let table = value.table()?;
            let exception = conjunction_of(&table, known, About::Request { permit: false })?;
            table.finish()?;
            if exception.clauses.iter().all(|clause| when.clauses.contains(clause))
                && exception.predicates.iter().all(|name| when.predicates.contains(name))
            {
                return Err(value.fault(FileCause::Invalid {
                    why: "this exception always holds, so the rule can never match",
                }));
            }
            unless.push(exception);
        }
    }
    let max_form = match table.get("max_form") {
        Some(form) if effect == Effect::Limit => Some(form.word("form", Form::ALL, Form::name)?),
        Some(form) => return Err(form.fault(FileCause::Invalid { why: "only a `limit` has a `max_form`" })),
        None if effect == Effect::Limit => return Err(table.fault(FileCause::MissingKey { key: "max_form" })),
        None => None,
    };
    let obligations = match table.get("obligations") {
        Some(list) => {
            let allowed: &[Obligation] = match effect {
                Effect::Oblige => Obligation::ALL,
                Effect::Forbid => &[Obligation::Alert, Obligation::HoldForHuman],
                Effect::Limit | Effect::Permit => {
                    return Err(
                        list.fault(FileCause::Invalid { why: "only `oblige` and `forbid` have obligations" })
                    );
                }
            };
            Obligations::of(&list.words("obligation", allowed, Obligation::name)?)
        }
        None if effect == Effect::Oblige => {
            return Err(table.fault(FileCause::MissingKey { key: "obligations" }));
        }
        None => Obligations::default(),
    };
    Ok(Rule { id, effect, title, say, cite, certainty, source, when, unless, max_form, obligations })
}

fn override_of(table: &Table<'_, '_>) -> Result<Override, FileFault> {
    let rule = rule_id(table.need("rule")?)?;
    let reason = sentence(table.need("reason")?)?;
    let approver = sentence(table.need("approver")?)?;
    let until = table.need("until")?.date()?;
    Ok(Override { rule, reason, approver, until })
}

/// What a conjunction may speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// The state only: a predicate must not depend on what is asked.
    State,
    /// State and request.
    Request { permit: bool },
}

fn conjunction_of(table: &Table<'_, '_>, known: &[&RuleId], about: About) -> Result<Conjunction, FileFault> {
    let (mut clauses, mut predicates) = (Vec::new(), Vec::new());
    macro_rules! one_of {
        ($key:literal, $type:ty, $dimension:ident) => {
            if let Some(value) = table.get($key) {
                let words = value.words($key, <$type>::ALL, <$type>::name)?;
                let bits = words.iter().fold(0, |bits, word| bits | Dimension::$dimension.bit(word.code()));
                clauses.push(Clause { word: Dimension::$dimension.word, bits, mode: Mode::Any });
            }
        };
    }
    if matches!(about, About::Request { .. }) {
        one_of!("op", Op, OP);
        one_of!("action", Action, ACTION);
        one_of!("to", Destination, TO);
        one_of!("scope", Scope, SCOPE);
        one_of!("form", Form, FORM);
        one_of!("class", DataClass, CLASS);
        one_of!("label", Label, LABEL);
    }
    one_of!("channel", Channel, CHANNEL);
    one_of!("requester", Requester, REQUESTER);
    one_of!("role", Role, ROLE);
    one_of!("purpose", Purpose, PURPOSE);
    set_of(
        table.get("evidence"),
        "evidence",
        EvidenceKind::ALL,
        Dimension::EVIDENCE,
        &mut clauses,
        |kind| (kind.name(), kind.code()),
    )?;
    set_of(
        table.get("account"),
        "account fact",
        AccountFact::ALL,
        Dimension::ACCOUNT,
        &mut clauses,
        |fact| (fact.name(), fact.code()),
    )?;
    set_of(table.get("agent"), "agent fact", AgentFact::ALL, Dimension::AGENT, &mut clauses, |fact| {
        (fact.name(), fact.code())
    })?;
    if matches!(about, About::Request { .. })
        && let Some(value) = table.get("predicate")
    {
        let given = value.text()?.replace('_', "-");
        let Some(name) = known.iter().find(|name| name.as_str() == given) else {
            let nearest = nearest(&given, known.iter().map(|name| name.as_str()));
            let nearest = nearest.map(|name| name.replace('-', "_").into());
            return Err(value.fault(FileCause::UnknownName { what: "predicate", nearest }));
        };
        predicates.push((*name).clone());
    }
    if clauses.is_empty() && predicates.is_empty() && about != (About::Request { permit: true }) {
        return Err(table.fault(FileCause::Invalid { why: "a condition must say something" }));
    }
    let conjunction = Conjunction { clauses, predicates };
    match contradiction(&conjunction) {
        Some(why) => Err(table.fault(FileCause::Invalid { why })),
        None => Ok(conjunction),
    }
}

/// `evidence.any`, `evidence.all`, `evidence.none`, and the same for facts.
fn set_of<T: Copy + PartialEq>(
    value: Option<Value<'_, '_>>,
    what: &'static str,
    known: &[T],
    dimension: Dimension,
    clauses: &mut Vec<Clause>,
    named: impl Fn(T) -> (&'static str, u8),
) -> Result<(), FileFault> {
    let Some(value) = value else { return Ok(()) };
    let table = value.table()?;
    let before = clauses.len();
    for (key, mode) in [("any", Mode::Any), ("all", Mode::All), ("none", Mode::None)] {
        if let Some(list) = table.get(key) {
            let words = list.words(what, known, |word| named(word).0)?;
            let bits = words.iter().fold(0, |bits, word| bits | dimension.bit(named(*word).1));
            clauses.push(Clause { word: dimension.word, bits, mode });
        }
    }
    if clauses.len() == before {
        return Err(table.fault(FileCause::Invalid { why: "say `any`, `all` or `none`" }));
    }
    table.finish()
}

/// Why a conjunction can never hold, if it cannot.
fn contradiction(conjunction: &Conjunction) -> Option<&'static str> {
    let clauses = &conjunction.clauses;
    let named = |dimension: Dimension| {
        let mask = dimension.mask();
        clauses
            .iter()
            .find(|c| c.word == dimension.word && c.bits & mask != 0 && c.mode == Mode::Any)
            .map(|c| c.bits)
    };
    let names_a_value = [Dimension::CLASS, Dimension::LABEL, Dimension::SCOPE, Dimension::FORM]
        .iter()
        .any(|dimension| named(*dimension).is_some());
    let acts = Dimension::OP.bit(Op::Act.code());
    if let Some(ops) = named(Dimension::OP) {
        if ops == acts && names_a_value {
            return Some("this can never match: an action has no class, label, scope or form");
        }
        if ops & acts == 0 && named(Dimension::ACTION).is_some() {
            return Some("this can never match: only the operation `act` has an action");
        }
        if ops & Dimension::OP.bit(Op::Send.code()) == 0 && named(Dimension::TO).is_some() {
            return Some("this can never match: only the operation `send` has a destination");
        }
    }
    if named(Dimension::ACTION).is_some() && names_a_value {
        return Some("this can never match: an action has no class, label, scope or form");
    }
    if let (Some(roles), Some(requesters)) = (named(Dimension::ROLE), named(Dimension::REQUESTER)) {
        let fits = Role::ALL.iter().any(|role| {
            roles & Dimension::ROLE.bit(role.code()) != 0
                && requesters & Dimension::REQUESTER.bit(role.requester().code()) != 0
        });
        if !fits {
            return Some("this can never match: no such role is such a requester");
        }
    }
    if let (Some(classes), Some(labels)) = (named(Dimension::CLASS), named(Dimension::LABEL)) {
        let fits = DataClass::ALL.iter().any(|class| {
            classes & Dimension::CLASS.bit(class.code()) != 0
                && class.labels().iter().any(|label| labels & Dimension::LABEL.bit(label.code()) != 0)
        });
        if !fits {
            return Some("this can never match: no such class has such a label");
        }
    }
    let clash = clauses.iter().try_for_each(|none| {
        let clashes = none.mode == Mode::None
            && clauses.iter().any(|other| {
                other.word == none.word
                    && match other.mode {
                        Mode::All => other.bits & none.bits != 0,
                        Mode::Any => other.bits & !none.bits == 0,
                        Mode::None => false,
                    }
            });
        if clashes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    clash.is_break().then_some("this can never match: `none` excludes what is demanded")
}

fn rule_id(value: Value<'_, '_>) -> Result<RuleId, FileFault> {
    RuleId::new(value.text()?).map_err(|_| {
        value.fault(FileCause::Invalid {
            why: "an id has 1 to 64 of a-z, 0-9, `-` and `.`, a letter or digit first",
        })
    })
}

pub(super) fn is_sentence(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

fn sentence(value: Value<'_, '_>) -> Result<Box<str>, FileFault> {
    let text = value.text()?;
    if !is_sentence(text) {
        return Err(value.fault(FileCause::Invalid { why: "a text has 1 to 400 bytes on one line" }));
    }
    Ok(text.into())
}
