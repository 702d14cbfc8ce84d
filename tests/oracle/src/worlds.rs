//! The packs on both sides: which rules are in force under which grants, switches and day.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use cedar_policy::Policy as CedarPolicy;
use cpni_guard::policy::{Override, Pack as LibraryPack, Policy};
use cpni_guard::vocabulary::{CivilDate, RuleId};

use crate::cedar::{self, Sets};
use crate::pack::{Day, Definitions, Error, Pack, Rule, root};
use crate::request::Rng;

/// All adopted rules are in force on it, and no override has ended.
const TODAY: Day = (2026, 11, 23);

/// Files beside the built-in packs: the samples each alone, then all with what only the oracle has.
const GRANTS: [&[&str]; 3] = [
    &["examples/grants.toml"],
    &["examples/case-roles.toml"],
    &[
        "examples/grants.toml",
        "examples/case-roles.toml",
        "tests/oracle/packs/wide-grants.toml",
        "tests/oracle/packs/house-rules.toml",
    ],
];

/// A rule of clear law that code switches off where the oracle's own grants are, and until when.
const OFF_BY_CODE: (&str, Day) = ("online-through-password", (2028, 1, 1));

/// One set of packs on one day.
pub struct World {
    files: &'static [&'static str],
    pub day: Day,
    /// Indices into [`Worlds::rules`].
    pub active: Vec<usize>,
    /// The library's side.
    pub policy: Arc<Policy>,
}

/// Every set of packs on every day on which something begins or ends, the day before it, and today.
pub struct Worlds {
    pub rules: Vec<Rule>,
    pub definitions: Definitions,
    pub all: Vec<World>,
}

/// The Cedar side of the worlds.
pub struct Export<'w> {
    worlds: &'w Worlds,
    /// In the order of [`Worlds::rules`]; `None`: left out.
    policies: Vec<Option<(Rule, CedarPolicy)>>,
    sets: Vec<OnceLock<Sets>>,
}

impl Worlds {
    pub fn load() -> Result<Self, Error> {
        let built_in = Pack::built_in()?;
        let of_file = |file: &&str| Pack::read(&root().join(file));
        let last = GRANTS.last().copied().unwrap_or_default();
        let others: Vec<Pack> = last.iter().map(of_file).collect::<Result<_, _>>()?;
        let packs: Vec<&Pack> = built_in.iter().chain(&others).collect();

        let mut days: BTreeSet<Day> = packs.iter().flat_map(|pack| pack.edges()).collect();
        days.insert(OFF_BY_CODE.1);
        days.extend(days.clone().into_iter().map(|day| civil(number(day) - 1)));
        days.insert(TODAY);
        let switches: Vec<&String> =
            packs.iter().filter(|pack| pack.has_a_switch()).map(|pack| &pack.id).collect();

        let rules: Vec<Rule> = packs.iter().flat_map(|pack| pack.rules.clone()).collect();
        let mut all = Vec::new();
        for files in GRANTS {
            // Built-in packs, and those of the others whose file is among these.
            let is_among = |index: usize| {
                index
                    .checked_sub(built_in.len())
                    .and_then(|i| last.get(i))
                    .is_none_or(|file| files.contains(file))
            };
            let among: Vec<(usize, &Pack)> =
                packs.iter().copied().enumerate().filter(|(index, _)| is_among(*index)).collect();
            for set in 0..1_usize << switches.len() {
                let on = switches.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
                let on: BTreeSet<String> = on.map(|(_, id)| (*id).clone()).collect();
                let policy = Arc::new(compile(files, &on)?);
                for day in &days {
                    let mut active = active(&packs, &among, *day, &on);
                    if files == last && *day < OFF_BY_CODE.1 {
                        active.retain(|rule| rules[*rule].id != OFF_BY_CODE.0);
                    }
                    all.push(World { files, day: *day, active, policy: Arc::clone(&policy) });
                }
            }
        }
        let definitions = packs.iter().flat_map(|pack| pack.define.clone()).collect();
        Ok(Self { rules, definitions, all })
    }

    /// The world with the most rules under the sample grants: every pack is on.
    pub fn all_on(&self) -> usize {
        let worlds = self.all.iter().enumerate().filter(|(_, world)| world.files == GRANTS[0]);
        worlds.max_by_key(|(_, world)| world.active.len()).expect("a world").0
    }

    /// A world; about every second time one of today.
    pub fn pick(&self, rng: &mut Rng) -> usize {
        loop {
            let world = rng.below(self.all.len() as u64) as usize;
            if self.all[world].day == TODAY || rng.chance(1, 16) {
                return world;
            }
        }
    }
}

impl World {
    /// The first second of the day, since 1970.
    pub fn midnight(&self) -> u64 {
        number(self.day).unsigned_abs() * 86_400
    }
}

impl<'w> Export<'w> {
    /// Every rule as `change` leaves it: `None` drops it.
    pub fn new(worlds: &'w Worlds, change: impl Fn(usize, &Rule) -> Option<Rule>) -> Result<Self, Error> {
        let policies = worlds.rules.iter().enumerate().map(|(index, rule)| {
            let changed = change(index, rule).map(|rule| {
                let policy = cedar::policy(&rule, &worlds.definitions)?;
                Ok::<_, Error>((rule, policy))
            });
            changed.transpose()
        });
        let policies = policies.collect::<Result<_, _>>()?;
        Ok(Self { worlds, policies, sets: worlds.all.iter().map(|_| OnceLock::new()).collect() })
    }

    /// Every rule as its file has it.
    pub fn faithful(worlds: &'w Worlds) -> Result<Self, Error> {
        Self::new(worlds, |_, rule| Some(rule.clone()))
    }

    pub fn sets(&self, world: usize) -> &Sets {
        self.sets[world].get_or_init(|| {
            let mut sets = Sets::default();
            let active = self.worlds.all[world].active.iter();
            for (rule, policy) in active.filter_map(|index| self.policies[*index].as_ref()) {
                sets.add(rule.effect, policy.clone()).expect("rule ids are unique");
            }
            sets
        })
    }
}

/// The library's own reading of the same files.
fn compile(files: &[&str], switched_on: &BTreeSet<String>) -> Result<Policy, Error> {
    let mut packs = LibraryPack::built_in()?;
    for file in files {
        let path = root().join(file);
        packs.push(match *file {
            "tests/oracle/packs/house-rules.toml" => {
                LibraryPack::from_toml(file, &std::fs::read_to_string(path)?)?
            }
            _ => LibraryPack::grants_from_file(path)?,
        });
    }
    let on = switched_on.iter().map(|id| RuleId::new(id.as_str())).collect::<Result<_, _>>()?;
    let policy = Policy::compile(packs, on)?;
    if GRANTS.last().is_some_and(|last| *last != files) {
        return Ok(policy);
    }
    let (rule, (year, month, day)) = OFF_BY_CODE;
    let until = CivilDate::new(i16::try_from(year)?, i8::try_from(month)?, i8::try_from(day)?);
    let until = until.ok_or("a day of the calendar")?;
    Ok(policy.overriding(vec![Override::new(RuleId::new(rule)?, "a test", "nobody", until)?])?)
}

/// The rules of the packs in force, less what an override of one of them switches off.
fn active(packs: &[&Pack], among: &[(usize, &Pack)], day: Day, on: &BTreeSet<String>) -> Vec<usize> {
    let in_force: Vec<_> = among.iter().filter(|(_, pack)| pack.in_force(day, on)).collect();
    let off: Vec<&String> = in_force
        .iter()
        .flat_map(|(_, pack)| pack.overrides.iter().filter(|over| over.counts(day)).map(|over| &over.rule))
        .collect();
    let first = |pack: usize| packs.iter().take(pack).map(|pack| pack.rules.len()).sum::<usize>();
    in_force
        .iter()
        .flat_map(|(index, pack)| (first(*index)..).zip(&pack.rules))
        .filter(|(_, rule)| !off.contains(&&rule.id))
        .map(|(index, _)| index)
        .collect()
}

/// Days since 1970-01-01, counted.
fn number(day: Day) -> i64 {
    let (year, month, of_month) = day;
    let years = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>();
    let months = (1..month).map(|month| length(year, month)).sum::<i64>();
    years + months + i64::from(of_month) - 1
}

fn civil(number: i64) -> Day {
    let (mut year, mut month, mut left) = (1970, 1, number);
    while left >= length(year, month) {
        left -= length(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    (year, month, left as u8 + 1)
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn length(year: u16, month: u8) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_unix_does() {
        assert_eq!(number(TODAY) * 86_400, 1_795_392_000);
        for day in [(1970, 1, 1), (2007, 12, 8), (2020, 2, 29), (2030, 1, 1)] {
            assert_eq!(civil(number(day)), day);
        }
    }
}
