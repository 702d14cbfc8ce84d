//! Policy files: TOML to packs, with a place for every fault.

use core::ops::ControlFlow;

use crate::error::{FileCause, FileFault};
use crate::toml_reader::{Faults, Source, Table, Value};
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

/// What may stand in the other packs that a file is used with.
#[derive(Clone, Copy)]
pub(super) struct Beside<'k> {
    /// Predicates that the file may use.
    pub(super) predicates: &'k [RuleId],
    /// The packs, where they are known: ids must not be theirs, overrides must name their rules.
    /// A host's packs meet in the compiler only, which looks then.
    pub(super) packs: Option<&'k [Pack]>,
}

/// Reads a policy file; without a kind it is a legal pack where it says `compliance`.
pub(super) fn pack(
    source: Source<'_>,
    kind: Option<FileKind>,
    beside: Beside<'_>,
    max_faults: usize,
) -> Result<Pack, Vec<FileFault>> {
    let mut faults = Faults::up_to(max_faults);
    let pack = source.parse_on(&mut faults).and_then(|document| {
        let root = document.root();
        let kind = kind.unwrap_or(match root.get("compliance") {
            Some(_) => FileKind::Legal,
            None => FileKind::Grants,
        });
        Reader { source, kind, beside, faults: &mut faults }.pack(&root)
    });
    match pack {
        Some(pack) if faults.len() == 0 => Ok(pack),
        Some(_) | None => Err(faults.in_order()),
    }
}

/// Reads on behind a fault: what a file says is put together only where all of it is right.
struct Reader<'r> {
    source: Source<'r>,
    kind: FileKind,
    beside: Beside<'r>,
    faults: &'r mut Faults,
}

impl Reader<'_> {
    fn pack(&mut self, root: &Table<'_, '_>) -> Option<Pack> {
        let packs = self.beside.packs.unwrap_or_default();
        let id = self.need(root, "id", |value| {
            let id = rule_id(value)?;
            if packs.iter().any(|pack| pack.id == id) {
                return Err(value.fault(FileCause::Duplicate { what: "pack id" }));
            }
            Ok(id)
        });
        let title = self.need(root, "title", sentence);
        let effective_from = self.maybe(root, "effective_from", |v| v.date());
        let effective_until = self.maybe(root, "effective_until", |v| v.date());
        if let (Some(Some(from)), Some(Some(until))) = (effective_from, effective_until)
            && until <= from
        {
            self.refuse(root, "`effective_until` is not after `effective_from`");
        }
        let compliance = match self.kind {
            FileKind::Grants => Some(Compliance::Grants),
            FileKind::Legal => {
                let legal: Vec<_> =
                    Compliance::ALL.iter().copied().filter(|c| *c != Compliance::Grants).collect();
                self.need(root, "compliance", |v| v.word("compliance", &legal, Compliance::name))
            }
        };
        let definitions = match self.maybe(root, "define", |v| v.table()) {
            Some(Some(define)) => self.definitions(&define),
            Some(None) | None => Vec::new(),
        };
        let beside = self.beside;
        let known: Vec<&RuleId> =
            beside.predicates.iter().chain(definitions.iter().map(|definition| &definition.name)).collect();
        let (mut rules, mut ids) = (Vec::new(), Vec::new());
        let list = self.faults.keep(root.need("rule").and_then(|list| list.list()));
        for value in list.into_iter().flatten() {
            if self.faults.is_full() {
                break;
            }
            let Some(table) = self.faults.keep(value.table()) else { continue };
            let rule = self.rule(&table, &known, &mut ids);
            table.finish_on(self.faults);
            rules.extend(rule);
        }
        let mut overrides = Vec::new();
        if self.kind == FileKind::Grants
            && let Some(Some(list)) = self.maybe(root, "override", |v| v.list())
        {
            for value in list {
                if self.faults.is_full() {
                    break;
                }
                let Some(table) = self.faults.keep(value.table()) else { continue };
                let over = self.override_of(&table);
                table.finish_on(self.faults);
                overrides.extend(over);
            }
        }
        root.finish_on(self.faults);
        Some(Pack {
            id: id?,
            title: title?,
            effective_from: effective_from?,
            effective_until: effective_until?,
            compliance: compliance?,
            definitions,
            rules,
            overrides,
            name: self.source.name().map(Into::into),
            text: self.source.text().into(),
        })
    }

    fn definitions(&mut self, table: &Table<'_, '_>) -> Vec<Definition> {
        let mut definitions = Vec::new();
        for (key, value) in table.entries() {
            if self.faults.is_full() {
                break;
            }
            let name = RuleId::new(key.text().replace('_', "-")).map_err(|_| {
                key.fault(FileCause::Invalid { why: "a predicate's name has 1 to 64 of a-z, 0-9 and _" })
            });
            let Some(name) = self.faults.keep(name) else { continue };
            if self.beside.packs.is_some() && self.beside.predicates.contains(&name) {
                self.faults.add(key.fault(FileCause::Duplicate { what: "predicate" }));
            }
            if definitions.len() == MAX_DEFINITIONS {
                self.faults.add(key.fault(FileCause::Invalid { why: "a pack has at most 32 predicates" }));
                break;
            }
            let any_of =
                self.conjunctions(&value, |reader, _, table| reader.conjunction(table, &[], About::State));
            definitions.push(Definition { name, any_of });
        }
        definitions
    }

    /// The conjunctions of a list that are right.
    fn conjunctions<'d, 't>(
        &mut self,
        value: &Value<'d, 't>,
        mut read: impl FnMut(&mut Self, &Value<'d, 't>, &Table<'d, 't>) -> Option<Conjunction>,
    ) -> Vec<Conjunction> {
        let mut conjunctions = Vec::new();
        for value in self.faults.keep(value.list()).into_iter().flatten() {
            if self.faults.is_full() {
                break;
            }
            if let Some(table) = self.faults.keep(value.table()) {
                conjunctions.extend(read(self, &value, &table));
            }
        }
        conjunctions
    }

    /// A rule, whose id joins those of the rules before it.
    fn rule(&mut self, table: &Table<'_, '_>, known: &[&RuleId], ids: &mut Vec<RuleId>) -> Option<Rule> {
        let packs = self.beside.packs.unwrap_or_default();
        let id = self.need(table, "id", |value| {
            let id = rule_id(value)?;
            if ids.contains(&id) || packs.iter().flat_map(|pack| &pack.rules).any(|other| other.id == id) {
                return Err(value.fault(FileCause::Duplicate { what: "rule id" }));
            }
            ids.push(id.clone());
            Ok(id)
        });
        let kind = self.kind;
        let effect = self.need(table, "effect", |value| {
            let effect = value.word("effect", Effect::ALL, Effect::name)?;
            let refused = match (kind, effect) {
                (FileKind::Grants, Effect::Permit)
                | (FileKind::Legal, Effect::Forbid | Effect::Limit | Effect::Oblige) => return Ok(effect),
                (FileKind::Grants, Effect::Forbid | Effect::Limit | Effect::Oblige) => {
                    "a grants file only permits"
                }
                (FileKind::Legal, Effect::Permit) => {
                    "a legal pack never permits: put permits in a grants file"
                }
            };
            Err(value.fault(FileCause::Invalid { why: refused }))
        });
        let permit = kind == FileKind::Grants;
        let title = self.need(table, "title", sentence);
        let say = self.maybe(table, "say", sentence);
        let cite = match self.maybe(table, "cite", sentence) {
            Some(None) if permit => Some(CARRIERS_GRANT.into()),
            Some(None) => self.faults.keep(Err(table.fault(FileCause::MissingKey { key: "cite" }))),
            Some(cite) => cite,
            None => None,
        };
        let (certainty, source) = if permit {
            if effect.is_none() {
                // The rule may be in the wrong file: then these keys are not what is wrong with it.
                let _in_a_legal_pack = (table.get("certainty"), table.get("source"));
            }
            (Some(Certainty::Clear), Some(ReadFrom::Primary))
        } else {
            (
                self.need(table, "certainty", |v| v.word("certainty", Certainty::ALL, Certainty::name)),
                self.need(table, "source", |v| v.word("source", ReadFrom::ALL, ReadFrom::name)),
            )
        };
        let when = self
            .need(table, "when", |value| value.table())
            .and_then(|table| self.conjunction(&table, known, About::Request { permit }));
        let unless = match table.get("unless") {
            Some(list) => self.conjunctions(&list, |reader, value, table| {
                let exception = reader.conjunction(table, known, About::Request { permit: false })?;
                if when.as_ref().is_some_and(|when| exception.is_part_of(when)) {
                    let why = "this exception always holds, so the rule can never match";
                    reader.faults.add(value.fault(FileCause::Invalid { why }));
                }
                Some(exception)
            }),
            None => Vec::new(),
        };
        let max_form = match (effect, table.get("max_form")) {
            (Some(Effect::Limit), Some(form)) => {
                self.faults.keep(form.word("form", Form::ALL, Form::name)).map(Some)
            }
            (Some(Effect::Limit), None) => {
                self.faults.keep(Err(table.fault(FileCause::MissingKey { key: "max_form" })))
            }
            (Some(_), Some(form)) => self
                .faults
                .keep(Err(form.fault(FileCause::Invalid { why: "only a `limit` has a `max_form`" }))),
            (Some(_) | None, None) | (None, Some(_)) => Some(None),
        };
        let obligations = self.obligations(table, effect);
        Some(Rule {
            id: id?,
            effect: effect?,
            title: title?,
            say: say?,
            cite: cite?,
            certainty: certainty?,
            source: source?,
            when: when?,
            unless,
            max_form: max_form?,
            obligations,
            at: table.at(),
        })
    }

    fn obligations(&mut self, table: &Table<'_, '_>, effect: Option<Effect>) -> Obligations {
        let allowed: &[Obligation] = match effect {
            Some(Effect::Oblige) => Obligation::ALL,
            Some(Effect::Forbid) => &[Obligation::Alert, Obligation::HoldForHuman],
            Some(Effect::Limit | Effect::Permit) | None => &[],
        };
        match (table.get("obligations"), effect) {
            (Some(list), Some(_)) if allowed.is_empty() => {
                let why = "only `oblige` and `forbid` have obligations";
                self.faults.add(list.fault(FileCause::Invalid { why }));
                Obligations::default()
            }
            (Some(list), Some(_)) => {
                Obligations::of(&list.words("obligation", allowed, Obligation::name, self.faults))
            }
            (None, Some(Effect::Oblige)) => {
                self.faults.add(table.fault(FileCause::MissingKey { key: "obligations" }));
                Obligations::default()
            }
            (Some(_) | None, Some(_) | None) => Obligations::default(),
        }
    }

    fn override_of(&mut self, table: &Table<'_, '_>) -> Option<Override> {
        let packs = self.beside.packs;
        let rule = self.need(table, "rule", |value| {
            let id = rule_id(value)?;
            let Some(packs) = packs else { return Ok(id) };
            let rules = || packs.iter().flat_map(|pack| &pack.rules);
            match rules().find(|rule| rule.id == id) {
                Some(rule) if rule.certainty == Certainty::Clear => Err(value
                    .fault(FileCause::Invalid { why: "this rule is clear law; a file cannot override it" })),
                Some(_) => Ok(id),
                None => {
                    let nearest = nearest(id.as_str(), rules().map(|rule| rule.id.as_str())).map(Into::into);
                    Err(value.fault(FileCause::UnknownName { what: "rule", nearest }))
                }
            }
        });
        let reason = self.need(table, "reason", sentence);
        let approver = self.need(table, "approver", sentence);
        let until = self.need(table, "until", |value| value.date());
        Some(Override {
            rule: rule?,
            reason: reason?,
            approver: approver?,
            until: until?,
            at: Some(table.at()),
        })
    }

    fn conjunction(&mut self, table: &Table<'_, '_>, known: &[&RuleId], about: About) -> Option<Conjunction> {
        let faults_before = self.faults.len();
        let (mut clauses, mut predicates) = (Vec::new(), Vec::new());
        macro_rules! one_of {
            ($key:literal, $type:ty, $dimension:ident) => {
                if let Some(value) = table.get($key) {
                    let words = value.words($key, <$type>::ALL, <$type>::name, self.faults);
                    let bits =
                        words.iter().fold(0, |bits, word| bits | Dimension::$dimension.bit(word.code()));
                    clauses.push(Clause { word: Dimension::$dimension.word, bits, mode: Mode::Any });
                }
            };
        }
        macro_rules! set_of {
            ($key:literal, $what:literal, $type:ty, $dimension:ident) => {
                if let Some(set) = self.maybe(table, $key, |value| value.table()).flatten() {
                    let before = clauses.len();
                    for (key, mode) in [("any", Mode::Any), ("all", Mode::All), ("none", Mode::None)] {
                        if let Some(list) = set.get(key) {
                            let words = list.words($what, <$type>::ALL, <$type>::name, self.faults);
                            let bits = words
                                .iter()
                                .fold(0, |bits, word| bits | Dimension::$dimension.bit(word.code()));
                            clauses.push(Clause { word: Dimension::$dimension.word, bits, mode });
                        }
                    }
                    if clauses.len() == before {
                        self.refuse(&set, "say `any`, `all` or `none`");
                    } else {
                        set.finish_on(self.faults);
                    }
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
        set_of!("evidence", "evidence", EvidenceKind, EVIDENCE);
        set_of!("account", "account fact", AccountFact, ACCOUNT);
        set_of!("agent", "agent fact", AgentFact, AGENT);
        if matches!(about, About::Request { .. }) {
            let predicate = self.maybe(table, "predicate", |value| {
                let given = value.text()?.replace('_', "-");
                known.iter().find(|name| name.as_str() == given).ok_or_else(|| {
                    let nearest = nearest(&given, known.iter().map(|name| name.as_str()));
                    let nearest = nearest.map(|name| name.replace('-', "_").into());
                    value.fault(FileCause::UnknownName { what: "predicate", nearest })
                })
            });
            predicates.extend(predicate.flatten().map(|name| (*name).clone()));
        }
        table.finish_on(self.faults);
        if self.faults.len() > faults_before {
            return None;
        }
        let permit = about == About::Request { permit: true };
        // Whoever lets a role see a class has not yet let it find people by it.
        if permit && table.get("op").is_none() && table.get("action").is_none() {
            let bits = [Op::View, Op::Verify, Op::Send].iter();
            let bits = bits.fold(0, |bits, op| bits | Dimension::OP.bit(op.code()));
            clauses.push(Clause { word: Dimension::OP.word, bits, mode: Mode::Any });
        }
        let conjunction = Conjunction { clauses, predicates };
        let wrong = if permit && table.get("class").is_none() && table.get("action").is_none() {
            Some("a permit names a class or an action")
        } else if conjunction.clauses.is_empty() && conjunction.predicates.is_empty() {
            Some("a condition must say something")
        } else {
            contradiction(&conjunction)
        };
        if let Some(why) = wrong {
            self.refuse(table, why);
            return None;
        }
        Some(conjunction)
    }

    /// The value of a key that must be there.
    fn need<'d, 't, T>(
        &mut self,
        table: &Table<'d, 't>,
        key: &'static str,
        read: impl FnOnce(&Value<'d, 't>) -> Result<T, FileFault>,
    ) -> Option<T> {
        self.faults.keep(table.need(key).and_then(|value| read(&value)))
    }

    /// The value of a key that may be there; `None` where it is wrong.
    #[expect(clippy::option_option, reason = "absent is not wrong")]
    fn maybe<'d, 't, T>(
        &mut self,
        table: &Table<'d, 't>,
        key: &'static str,
        read: impl FnOnce(&Value<'d, 't>) -> Result<T, FileFault>,
    ) -> Option<Option<T>> {
        self.faults.keep(table.get(key).map(|value| read(&value)).transpose())
    }

    fn refuse(&mut self, table: &Table<'_, '_>, why: &'static str) {
        self.faults.add(table.fault(FileCause::Invalid { why }));
    }
}

/// What a conjunction may speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// The state only: a predicate must not depend on what is asked.
    State,
    /// State and request.
    Request { permit: bool },
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
        if let Some(forms) = named(Dimension::FORM) {
            let compared = Dimension::FORM.bit(Form::Match.code());
            let compares = Dimension::OP.bit(Op::Verify.code()) | Dimension::OP.bit(Op::Search.code());
            if (ops & !compares == 0 && forms & compared == 0) || (ops & compares == 0 && forms == compared) {
                return Some(
                    "this can never match: `verify` and `search`, and only they, have the form `match`",
                );
            }
        }
    }
    if named(Dimension::ACTION).is_some() && named(Dimension::TO).is_some() {
        return Some("this can never match: only the operation `send` has a destination");
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

fn rule_id(value: &Value<'_, '_>) -> Result<RuleId, FileFault> {
    RuleId::new(value.text()?).map_err(|_| {
        value.fault(FileCause::Invalid {
            why: "an id has 1 to 64 of a-z, 0-9, `-` and `.`, a letter or digit first",
        })
    })
}

pub(super) fn is_sentence(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

fn sentence(value: &Value<'_, '_>) -> Result<Box<str>, FileFault> {
    let text = value.text()?;
    if !is_sentence(text) {
        return Err(value.fault(FileCause::Invalid { why: "a text has 1 to 400 bytes on one line" }));
    }
    Ok(text.into())
}
