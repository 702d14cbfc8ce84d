//! Packs compiled to bit sets, and the one function that decides.
//!
//! For each value of each single-valued dimension there is the set of rules that it does not
//! exclude. A request intersects the sets of its values; what is left is tested clause by clause.

use std::sync::Arc;

use crate::error::{Error, PolicyError};
use crate::vocabulary::{
    Action, DataClass, Destination, Form, Obligation, Obligations, Op, Outcome, RuleId, Scope, Timestamp,
    WithheldBecause,
};

use super::decision::{Decision, Reason};
use super::explain::Spoken;
use super::facts::{Dimension, Facts};
use super::pack::{Definition, Override, OverrideStatus, Pack, PackStatus};
use super::rule::{Certainty, Clause, Conjunction, Mode, Rule};

/// Most rules of all packs together.
pub(super) const MAX_RULES: usize = 256;

/// A set of rules, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RuleSet([u64; MAX_RULES / 64]);

impl RuleSet {
    const ALL: Self = Self([u64::MAX; MAX_RULES / 64]);

    pub(super) fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    fn and(self, other: Self) -> Self {
        let mut out = self;
        for (a, b) in out.0.iter_mut().zip(other.0) {
            *a &= b;
        }
        out
    }

    fn or(self, other: Self) -> Self {
        let mut out = self;
        for (a, b) in out.0.iter_mut().zip(other.0) {
            *a |= b;
        }
        out
    }

    pub(super) fn contains(self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, mut bits)| {
            core::iter::from_fn(move || {
                let next = bits.trailing_zeros() as usize;
                bits &= bits.checked_sub(1)?;
                Some(word.saturating_mul(64).saturating_add(next))
            })
        })
    }
}

/// The decision without its explanation: small enough to keep one for every class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) form: Option<Form>,
    pub(super) scope: Scope,
    pub(super) because: Option<WithheldBecause>,
    pub(super) obligations: Obligations,
    pub(super) rules: RuleSet,
}

/// What is asked, apart from the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    View(DataClass, Scope),
    Verify(DataClass),
    Send(DataClass, Destination),
    Act(Action),
    Search(DataClass),
}

impl Ask {
    /// From the form that is asked for down to what still may be given out. (A token is not
    /// viewed: the token room gives it out.)
    pub(super) const fn forms(self) -> &'static [Form] {
        match self {
            Self::View(..) => &[Form::Full, Form::Masked],
            Self::Verify(_) | Self::Search(_) => &[Form::Match],
            Self::Send(..) | Self::Act(_) => &[Form::Full],
        }
    }
}

/// Every pack and the carrier's grants, compiled. Immutable; shared by all interactions.
#[derive(Debug)]
pub struct Policy {
    packs: Vec<Pack>,
    switched_on: Vec<RuleId>,
    /// Those that the host's code makes, each with the text that stands for it in a policy hash.
    overrides: Vec<(Override, String)>,
    rules: Vec<Compiled>,
    /// Indexed by word 0's and word 1's bits: the rules that this value does not exclude.
    by_value: Vec<[RuleSet; 64]>,
    /// The rules that do not name the dimension, in the order of [`Dimension::SINGLE`].
    if_absent: [RuleSet; Dimension::SINGLE.len()],
    effects: [RuleSet; 4],
}

#[derive(Debug)]
struct Compiled {
    pack: usize,
    rule: Rule,
}

impl Policy {
    /// Compiles packs and grants. `switched_on` names adopted or proposed packs to follow.
    ///
    /// # Errors
    /// [`PolicyError`]: two packs with one id, an unknown pack, too many rules or predicates, an
    /// override of a rule that does not exist or whose reading is clear.
    pub fn compile(packs: Vec<Pack>, switched_on: Vec<RuleId>) -> Result<Self, Error> {
        for (index, pack) in packs.iter().enumerate() {
            if packs.iter().skip(index.saturating_add(1)).any(|other| other.id == pack.id) {
                return Err(PolicyError::DuplicatePack { pack: pack.id.clone() }.into());
            }
        }
        if switched_on.iter().any(|id| packs.iter().all(|pack| pack.id != *id)) {
            return Err(PolicyError::UnknownPack.into());
        }
        let mut policy = Self {
            switched_on,
            overrides: Vec::new(),
            rules: Vec::new(),
            by_value: vec![[RuleSet::default(); 64]; 2],
            if_absent: [RuleSet::default(); Dimension::SINGLE.len()],
            effects: [RuleSet::default(); 4],
            packs,
        };
        policy.check_overrides()?;
        policy.compile_rules()?;
        Ok(policy)
    }

    /// Switches rules off by code, clear ones too. Such an override stands in the policy hash of every
    /// audit event and in every attestation.
    ///
    /// # Errors
    /// [`PolicyError::UnknownRule`].
    pub fn overriding(mut self, overrides: Vec<Override>) -> Result<Self, Error> {
        for over in overrides {
            if self.rules.iter().all(|compiled| compiled.rule.id != over.rule) {
                return Err(PolicyError::UnknownRule { rule: over.rule }.into());
            }
            let text =
                format!("override {} until {}: {} ({})", over.rule, over.until, over.reason, over.approver);
            self.overrides.push((over, text));
        }
        Ok(self)
    }

    fn check_overrides(&self) -> Result<(), PolicyError> {
        for over in self.packs.iter().flat_map(|pack| &pack.overrides) {
            let mut overridden =
                self.packs.iter().flat_map(|pack| &pack.rules).filter(|rule| rule.id == over.rule);
            match overridden.next() {
                None => return Err(PolicyError::UnknownRule { rule: over.rule.clone() }),
                Some(rule) if rule.certainty == Certainty::Clear => {
                    return Err(PolicyError::ClearRule { rule: over.rule.clone() });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn compile_rules(&mut self) -> Result<(), PolicyError> {
        let definitions: Vec<&RuleId> =
            self.packs.iter().flat_map(|pack| &pack.definitions).map(|definition| &definition.name).collect();
        for (index, name) in definitions.iter().enumerate() {
            if definitions.iter().take(index).any(|other| other == name) {
                return Err(PolicyError::DuplicatePredicate { name: (*name).clone() });
            }
        }
        for (pack_index, pack) in self.packs.iter().enumerate() {
            for rule in &pack.rules {
                if self.rules.iter().any(|other| other.rule.id == rule.id) {
                    return Err(PolicyError::DuplicateRule { rule: rule.id.clone() });
                }
                let mut rule = rule.clone();
                for conjunction in rule.unless.iter_mut().chain([&mut rule.when]) {
                    for name in &conjunction.predicates {
                        let index = definitions.iter().position(|known| *known == name);
                        let code = index.and_then(|index| u8::try_from(index.saturating_add(1)).ok());
                        let code = code.filter(|code| usize::from(*code) <= MAX_PREDICATES);
                        let code =
                            code.ok_or_else(|| PolicyError::UnknownPredicate { name: name.clone() })?;
                        let bits = Dimension::PREDICATE.bit(code);
                        conjunction.clauses.push(Clause {
                            word: Dimension::PREDICATE.word,
                            bits,
                            mode: Mode::Any,
                        });
                    }
                }
                self.rules.push(Compiled { pack: pack_index, rule });
            }
        }
        if self.rules.len() > MAX_RULES || definitions.len() > MAX_PREDICATES {
            return Err(PolicyError::TooManyRules { max: MAX_RULES });
        }
        for (index, compiled) in self.rules.iter().enumerate() {
            let rule = &compiled.rule;
            if let Some(set) = self.effects.get_mut(usize::from(rule.effect.code()).saturating_sub(1)) {
                set.insert(index);
            }
            for (dimension, absent) in Dimension::SINGLE.iter().zip(&mut self.if_absent) {
                let named = named_values(&rule.when.clauses, *dimension);
                if named.is_none() {
                    absent.insert(index);
                }
                if let Some(sets) = self.by_value.get_mut(dimension.word) {
                    for (bit, set) in sets.iter_mut().enumerate() {
                        let value = 1_u64 << bit;
                        if dimension.mask() & value != 0 && named.is_none_or(|named| named & value != 0) {
                            set.insert(index);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Every rule with its pack, whether in force or not. Their order is that of [`RuleSet`].
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Pack, &Rule)> {
        self.rules.iter().filter_map(|compiled| Some((self.packs.get(compiled.pack)?, &compiled.rule)))
    }

    /// The packs.
    pub(super) fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// Every predicate.
    pub(super) fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.packs.iter().flat_map(|pack| &pack.definitions)
    }

    /// The packs, and which of them decide at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Vec<PackStatus<'_>> {
        self.packs
            .iter()
            .map(|pack| PackStatus {
                id: &pack.id,
                title: &pack.title,
                compliance: pack.compliance,
                in_force: self.is_in_force(pack, now),
                effective_from: pack.effective_from,
                effective_until: pack.effective_until,
                text: &pack.text,
            })
            .collect()
    }

    /// The rules in force at `now`.
    pub fn rules_in_force(&self, now: Timestamp) -> impl Iterator<Item = Reason<'_>> {
        self.reasons(self.active(now))
    }

    /// A rule of any pack, in force or not.
    pub(crate) fn rule(&self, id: &RuleId) -> Option<Reason<'_>> {
        self.reason_at(self.rules.iter().position(|compiled| compiled.rule.id == *id)?)
    }

    /// Every override, and what it comes to at `now`.
    pub(crate) fn overrides(&self, now: Timestamp) -> impl Iterator<Item = OverrideStatus<'_>> {
        let today = now.utc_date();
        let of_files = self.packs.iter().flat_map(move |pack| {
            let in_force = self.is_in_force(pack, now);
            pack.overrides.iter().map(move |over| (over, in_force, false))
        });
        let of_code = self.overrides.iter().map(|(over, _)| (over, true, true));
        of_files.chain(of_code).filter_map(move |(over, in_force, by_code)| {
            let rule = self.rules.iter().find(|compiled| compiled.rule.id == over.rule)?;
            // Where the clock shows no day, no override counts.
            let in_force = in_force && today.is_some_and(|today| today < over.until);
            Some(OverrideStatus { over, in_force, by_code, certainty: rule.rule.certainty })
        })
    }

    /// The texts of the packs that decide at `now`, in order, and of the overrides by code: what an
    /// audit record's policy hash is made of.
    pub fn texts_in_force(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let packs = self.packs.iter().filter(move |pack| self.is_in_force(pack, now)).map(Pack::text);
        packs.chain(self.overrides.iter().map(|(_, text)| text.as_str()))
    }

    /// The rules in force at `now`: those of the packs in force, less what is overridden.
    pub(super) fn active(&self, now: Timestamp) -> RuleSet {
        let mut active = RuleSet::default();
        for (index, compiled) in self.rules.iter().enumerate() {
            if self.packs.get(compiled.pack).is_some_and(|pack| self.is_in_force(pack, now)) {
                active.insert(index);
            }
        }
        for OverrideStatus { over, .. } in self.overrides(now).filter(|status| status.in_force) {
            if let Some(index) = self.rules.iter().position(|compiled| compiled.rule.id == over.rule) {
                active.remove(index);
            }
        }
        active
    }

    /// The state with the packs' predicates worked out.
    pub(super) fn with_predicates(&self, mut state: Facts) -> Facts {
        let definitions = self.packs.iter().flat_map(|pack| &pack.definitions);
        for (index, definition) in (0_u8..).zip(definitions) {
            let holds = definition.any_of.iter().any(|conjunction| conjunction.holds(&state));
            state.set_predicate(index, holds);
        }
        state
    }

    /// Decides what is asked in a state whose predicates are worked out.
    pub(super) fn decide(&self, active: RuleSet, state: &Facts, ask: Ask) -> Verdict {
        let verdict = self.decide_as_known(active, state, ask);
        if verdict.because == Some(WithheldBecause::Forbidden) && state.has_missing() {
            let known = self.with_predicates(state.if_missing_were_known());
            if self.decide_as_known(active, &known, ask).outcome != Outcome::Withhold {
                return Verdict { because: Some(WithheldBecause::FactsMissing), ..verdict };
            }
        }
        verdict
    }

    /// A decision with what is needed to explain it.
    pub(super) fn decision(self: &Arc<Self>, active: RuleSet, state: &Facts, ask: Ask) -> Decision {
        let verdict = self.decide(active, state, ask);
        self.explained(active, state, ask, verdict)
    }

    pub(super) fn explained(
        self: &Arc<Self>,
        active: RuleSet,
        state: &Facts,
        ask: Ask,
        verdict: Verdict,
    ) -> Decision {
        Decision::new(Arc::clone(self), active, asking(state, ask, Form::Full), verdict)
    }

    fn decide_as_known(&self, active: RuleSet, state: &Facts, ask: Ask) -> Verdict {
        let mut first = None;
        for form in ask.forms() {
            let verdict = self.decide_form(active, &asking(state, ask, *form), ask, *form);
            if verdict.outcome != Outcome::Withhold {
                return verdict;
            }
            first.get_or_insert(verdict);
        }
        first.unwrap_or(Verdict {
            outcome: Outcome::Withhold,
            form: None,
            scope: Scope::Whole,
            because: Some(WithheldBecause::NotGranted),
            obligations: Obligations::default(),
            rules: RuleSet::default(),
        })
    }

    fn decide_form(&self, active: RuleSet, facts: &Facts, ask: Ask, form: Form) -> Verdict {
        let matched = self.matched(active, facts);
        let [forbids, limits, obliges, permits] = self.effects.map(|effect| matched.and(effect));
        let withheld = |because, rules| Verdict {
            outcome: Outcome::Withhold,
            form: None,
            scope: scope_of(ask),
            because: Some(because),
            obligations: self.obligations(rules),
            rules,
        };
        if !forbids.is_empty() {
            let held = self.obligations(forbids).contains(Obligation::HoldForHuman);
            return withheld(if held { WithheldBecause::Held } else { WithheldBecause::Forbidden }, forbids);
        }
        if permits.is_empty() {
            return withheld(WithheldBecause::NotGranted, RuleSet::default());
        }
        let cap = limits.iter().filter_map(|index| self.rules.get(index)?.rule.max_form).min();
        if cap.is_some_and(|cap| form > cap) {
            return withheld(WithheldBecause::Forbidden, limits);
        }
        let outcome = match (form, scope_of(ask)) {
            (Form::Match, _) => Outcome::VerifyOnly,
            (Form::Full, Scope::Whole) => Outcome::Disclose,
            (Form::Full, Scope::NamedCall) | (Form::Masked | Form::Token, _) => Outcome::DiscloseLimited,
        };
        Verdict {
            outcome,
            form: Some(form),
            scope: scope_of(ask),
            because: None,
            obligations: self.obligations(obliges),
            rules: permits.or(limits).or(obliges),
        }
    }

    /// The active rules that apply.
    fn matched(&self, active: RuleSet, facts: &Facts) -> RuleSet {
        let mut candidates = active;
        for (dimension, absent) in Dimension::SINGLE.iter().zip(self.if_absent) {
            let value = facts.word(dimension.word) & dimension.mask();
            candidates =
                candidates.and(if value == 0 { absent } else { self.not_excluded_by(*dimension, value) });
        }
        let mut matched = RuleSet::default();
        for index in candidates.iter() {
            if self.rules.get(index).is_some_and(|compiled| compiled.rule.applies(facts)) {
                matched.insert(index);
            }
        }
        matched
    }

    fn not_excluded_by(&self, dimension: Dimension, value: u64) -> RuleSet {
        let sets = self.by_value.get(dimension.word);
        // A value that the table does not know excludes nothing: the clauses decide.
        sets.and_then(|sets| sets.get(value.trailing_zeros() as usize)).copied().unwrap_or(RuleSet::ALL)
    }

    fn obligations(&self, rules: RuleSet) -> Obligations {
        let of = |index| self.rules.get(index).map(|compiled: &Compiled| compiled.rule.obligations);
        rules.iter().filter_map(of).fold(Obligations::default(), Obligations::with)
    }

    fn is_in_force(&self, pack: &Pack, now: Timestamp) -> bool {
        pack.in_force(now, self.switched_on.contains(&pack.id))
    }

    pub(super) fn reasons(&self, rules: RuleSet) -> impl Iterator<Item = Reason<'_>> {
        rules.iter().filter_map(|index| self.reason_at(index))
    }

    fn reason_at(&self, index: usize) -> Option<Reason<'_>> {
        let Compiled { pack, rule } = self.rules.get(index)?;
        Some(Reason {
            pack: &self.packs.get(*pack)?.id,
            rule: &rule.id,
            effect: rule.effect,
            title: &rule.title,
            cite: &rule.cite,
            certainty: rule.certainty,
            source: rule.source,
        })
    }

    /// What rules speak of: the bits of all their clauses, those of their predicates included.
    pub(super) fn spoken_of(&self, rules: RuleSet) -> Spoken {
        let mut spoken = Spoken::default();
        let mut add = |conjunction: &Conjunction| {
            for clause in &conjunction.clauses {
                if let Some(bits) = spoken.get_mut(clause.word) {
                    *bits |= clause.bits;
                }
            }
        };
        for rule in rules.iter().filter_map(|index| self.rules.get(index)) {
            for conjunction in rule.rule.unless.iter().chain([&rule.rule.when]) {
                add(conjunction);
                let definitions = self.packs.iter().flat_map(|pack| &pack.definitions);
                let used = definitions.filter(|definition| conjunction.predicates.contains(&definition.name));
                used.flat_map(|definition| &definition.any_of).for_each(&mut add);
            }
        }
        spoken
    }

    pub(super) fn say(&self, rules: RuleSet) -> Option<&str> {
        rules.iter().find_map(|index| self.rules.get(index)?.rule.say.as_deref())
    }
}

/// Most predicates of all packs together: the bits of their word.
const MAX_PREDICATES: usize = 63;

/// The facts of a state and what is asked, in one.
pub(super) fn asking(state: &Facts, ask: Ask, form: Form) -> Facts {
    match ask {
        Ask::View(class, scope) => state.asking_for(Op::View, class, scope, form),
        Ask::Verify(class) => state.asking_for(Op::Verify, class, Scope::Whole, form),
        Ask::Send(class, to) => {
            let mut facts = state.asking_for(Op::Send, class, Scope::Whole, form);
            facts.set_destination(Some(to));
            facts
        }
        Ask::Act(action) => state.asking_to(action),
        Ask::Search(class) => state.asking_for(Op::Search, class, Scope::Whole, form),
    }
}

const fn scope_of(ask: Ask) -> Scope {
    match ask {
        Ask::View(_, scope) => scope,
        Ask::Verify(_) | Ask::Send(..) | Ask::Act(_) | Ask::Search(_) => Scope::Whole,
    }
}

/// The values of a single-valued dimension that the clauses name, if they name any.
fn named_values(clauses: &[Clause], dimension: Dimension) -> Option<u64> {
    let mask = dimension.mask();
    let named =
        clauses.iter().find(|c| c.word == dimension.word && c.bits & mask != 0 && c.mode == Mode::Any);
    named.map(|clause| clause.bits)
}
