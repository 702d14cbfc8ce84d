//! Whether the oracle can fail: every exported policy is spoiled, one at a time, and the sample has to
//! find it out.

use std::fmt;

use crate::cedar::Cedar;
use crate::pack::{Effect, Error, Rule};
use crate::request::Request;
use crate::sample::{compare, on_all_cores};
use crate::worlds::{Export, Worlds};

/// How a rule is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Dropped,
    /// It does the opposite, or something else.
    Flipped,
    WithoutExceptions,
}

/// A spoiled rule.
#[derive(Debug, Clone, Copy)]
pub struct Mutant<'w> {
    pub rule: &'w Rule,
    pub change: Change,
    index: usize,
}

/// What became of a mutant: the request that found it out, if one did.
pub type Found<'w> = (Mutant<'w>, Option<u64>);

impl Mutant<'_> {
    fn spoil(&self, index: usize, rule: &Rule) -> Option<Rule> {
        let mut rule = rule.clone();
        if index != self.index {
            return Some(rule);
        }
        match self.change {
            Change::Dropped => return None,
            Change::WithoutExceptions => rule.unless.clear(),
            Change::Flipped => match rule.effect {
                Effect::Forbid => rule.effect = Effect::Permit,
                Effect::Permit => rule.effect = Effect::Forbid,
                Effect::Oblige => rule.obligations = vec!["hold_for_human".to_owned()],
                Effect::Limit => {
                    let other = if rule.max_form.as_deref() == Some("full") { "match" } else { "full" };
                    rule.max_form = Some(other.to_owned());
                }
            },
        }
        Some(rule)
    }
}

impl fmt::Display for Mutant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            Change::Dropped => "dropped",
            Change::Flipped => "flipped",
            Change::WithoutExceptions => "without its exceptions",
        };
        write!(f, "{}, {change}", self.rule.id)
    }
}

/// Every mutant.
pub fn all(worlds: &Worlds) -> Vec<Mutant<'_>> {
    let changes = [Change::Dropped, Change::Flipped, Change::WithoutExceptions];
    let rules = worlds.rules.iter().enumerate();
    let mutants =
        rules.flat_map(|(index, rule)| changes.into_iter().map(move |change| Mutant { rule, change, index }));
    mutants.filter(|it| it.change != Change::WithoutExceptions || !it.rule.unless.is_empty()).collect()
}

/// Tries mutants on the requests of the sample, each until one finds it out.
pub fn hunt<'w>(
    worlds: &'w Worlds,
    mutants: &[Mutant<'w>],
    seed: u64,
    requests: u64,
) -> Result<Vec<Found<'w>>, Error> {
    let parts = on_all_cores(|core, cores| {
        let cedar = Cedar::new()?;
        let mine = mutants.iter().skip(core as usize).step_by(cores);
        mine.map(|mutant| Ok((*mutant, find(worlds, &cedar, mutant, seed, requests)?)))
            .collect::<Result<Vec<_>, Error>>()
    });
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

fn find(
    worlds: &Worlds,
    cedar: &Cedar,
    mutant: &Mutant<'_>,
    seed: u64,
    requests: u64,
) -> Result<Option<u64>, Error> {
    let export = Export::new(worlds, |index, rule| mutant.spoil(index, rule))?;
    for index in 0..requests {
        let world = Request::sample(worlds, seed, index).world;
        let in_force = worlds.all[world].active.contains(&mutant.index);
        if in_force && compare(worlds, &export, cedar, seed, index)?.is_err() {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
