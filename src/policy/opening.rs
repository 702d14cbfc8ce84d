//! Where a cell of the request space is open: a permit applies, and nothing forbids or caps lower.
//!
//! Rules: the truth tables are those of [`super::space`]; a cell whose rules name more than
//! [`MAX_FACTS`] facts is not worked out, and whoever asks is told so.

use crate::vocabulary::{Form, Timestamp};

use super::engine::{Ask, Policy, asking};
use super::facts::Facts;
use super::rule::Effect;
use super::space::{Key, Rest, Space, Variables};

/// Most facts of a cell: 4 million states.
pub(super) const MAX_FACTS: usize = 22;

/// The rules in force, as cells see them.
pub(super) struct Grid {
    space: Space,
    permits: Vec<usize>,
    forbids: Vec<usize>,
    limits: Vec<(usize, Form)>,
}

/// What the rules in force leave of a cell, for each form in which it may be open.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Left(Vec<FormLeft>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct FormLeft {
    form: Form,
    permits: Vec<Rest>,
    closers: Vec<Rest>,
}

/// Where a cell is open.
pub(super) struct Open {
    pub(super) variables: Variables,
    /// The assignments in which this form is the one that is given out, 64 a word.
    pub(super) forms: Vec<(Form, Vec<u64>)>,
}

impl Grid {
    pub(super) fn new(policy: &Policy, now: Timestamp) -> Self {
        let (mut permits, mut forbids, mut limits) = (Vec::new(), Vec::new(), Vec::new());
        let active = policy.active(now);
        for (index, (_, rule)) in policy.rules().enumerate().filter(|(index, _)| active.contains(*index)) {
            match rule.effect {
                Effect::Permit => permits.push(index),
                Effect::Forbid => forbids.push(index),
                Effect::Limit => limits.extend(rule.max_form.map(|form| (index, form))),
                Effect::Oblige => {}
            }
        }
        Self { space: Space::new(policy), permits, forbids, limits }
    }

    /// The permits in force.
    pub(super) fn permits(&self) -> &[usize] {
        &self.permits
    }

    /// The key of a contact.
    pub(super) fn contact(&self, contact: &Facts) -> Key {
        self.space.key(contact)
    }

    /// The keys of what is asked, one for each form that is tried.
    pub(super) fn ask(&self, ask: Ask) -> Vec<(Form, Key)> {
        let key = |form: &Form| self.space.key(&asking(&Facts::empty(), ask, *form));
        ask.forms().iter().map(|form| (*form, key(form))).collect()
    }

    /// What is left of a cell under these permits alone; `None` where none of them can apply.
    pub(super) fn left(&self, permits: &[usize], ask: &[(Form, Key)], contact: &Key) -> Option<Left> {
        let mut forms = Vec::new();
        let mut permitted = false;
        for (form, key) in ask {
            let key = key.join(contact);
            let rests = |rules: &[usize]| -> Vec<Rest> {
                rules.iter().filter_map(|rule| self.space.rest(*rule, &key)).collect()
            };
            let permits = rests(permits);
            if permits.is_empty() {
                continue;
            }
            permitted = true;
            let closers: Vec<Rest> =
                self.closers(*form).filter_map(|rule| self.space.rest(rule, &key)).collect();
            if !closers.iter().any(Rest::is_always) {
                forms.push(FormLeft { form: *form, permits, closers });
            }
        }
        permitted.then_some(Left(forms))
    }

    /// The rules that close a cell whatever its facts are, each alone.
    pub(super) fn always_closed_by(&self, ask: &[(Form, Key)], contact: &Key) -> Vec<usize> {
        let Some((form, key)) = ask.first() else { return Vec::new() };
        let key = key.join(contact);
        let is_always = |rule: &usize| self.space.rest(*rule, &key).is_some_and(|rest| rest.is_always());
        self.closers(*form).filter(is_always).collect()
    }

    /// Rules that close a closed cell together, none of which could be left out.
    pub(super) fn closed_by(&self, permit: usize, ask: &[(Form, Key)], contact: &Key) -> Vec<usize> {
        let mut by = Vec::new();
        for (form, key) in ask {
            let key = key.join(contact);
            let Some(permit) = self.space.rest(permit, &key) else { continue };
            let mut closers: Vec<(usize, Rest)> =
                self.closers(*form).filter_map(|rule| Some((rule, self.space.rest(rule, &key)?))).collect();
            let mut at = 0;
            while at < closers.len() {
                let without = closers.iter().enumerate().filter(|(index, _)| *index != at);
                let left = FormLeft {
                    form: *form,
                    permits: vec![permit.clone()],
                    closers: without.map(|(_, (_, rest))| rest.clone()).collect(),
                };
                if Left(vec![left]).open().is_some_and(|open| !open.is_anywhere()) {
                    closers.remove(at);
                } else {
                    at = at.saturating_add(1);
                }
            }
            by.extend(closers.into_iter().map(|(rule, _)| rule));
        }
        by
    }

    fn closers(&self, form: Form) -> impl Iterator<Item = usize> {
        let limits = self.limits.iter().filter(move |(_, most)| *most < form).map(|(rule, _)| *rule);
        self.forbids.iter().copied().chain(limits)
    }
}

impl Left {
    /// Where it is open; `None` where its rules name more than [`MAX_FACTS`] facts.
    pub(super) fn open(&self) -> Option<Open> {
        let rests = self.0.iter().flat_map(|left| left.permits.iter().chain(&left.closers));
        let variables = Variables::of(rests);
        let blocks = variables.blocks().filter(|_| variables.len() <= MAX_FACTS)?;
        let mut taken = vec![0; blocks];
        let forms = self.0.iter().map(|left| {
            let any = |rests: &[Rest], block| rests.iter().fold(0, |any, r| any | variables.table(r, block));
            let open = taken.iter_mut().enumerate().map(|(block, taken)| {
                let open = any(&left.permits, block) & !any(&left.closers, block) & variables.valid();
                let new = open & !*taken;
                *taken |= open;
                new
            });
            (left.form, open.collect())
        });
        Some(Open { forms: forms.collect(), variables })
    }
}

impl Open {
    /// Whether it is open anywhere.
    pub(super) fn is_anywhere(&self) -> bool {
        self.forms.iter().any(|(_, open)| open.iter().any(|block| *block != 0))
    }
}
