//! Pack files, read by serde: only the layout of docs/policy.md is known here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::value::{Date, Datetime};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Year, month, day: compares as the calendar does.
pub type Day = (u16, u8, u8);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub id: String,
    effective_from: Option<Datetime>,
    effective_until: Option<Datetime>,
    /// `None`: a grants file.
    compliance: Option<Compliance>,
    #[serde(default)]
    pub define: Definitions,
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    #[serde(default, rename = "override")]
    pub overrides: Vec<Override>,
    #[serde(rename = "title")]
    _title: IgnoredAny,
}

/// A predicate holds where one of its conjunctions does.
pub type Definitions = BTreeMap<String, Vec<Conjunction>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Compliance {
    Required,
    LibraryDefault,
    Adopted,
    Proposed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub title: String,
    pub cite: Option<String>,
    pub effect: Effect,
    pub when: Conjunction,
    #[serde(default)]
    pub unless: Vec<Conjunction>,
    pub max_form: Option<String>,
    #[serde(default)]
    pub obligations: Vec<String>,
    #[serde(rename = "say")]
    _say: Option<IgnoredAny>,
    #[serde(rename = "certainty")]
    _certainty: Option<IgnoredAny>,
    #[serde(rename = "source")]
    _source: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Forbid,
    Limit,
    Oblige,
    Permit,
}

/// Everything that is said must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conjunction {
    pub op: Option<Vec<String>>,
    pub action: Option<Vec<String>>,
    pub to: Option<Vec<String>>,
    pub scope: Option<Vec<String>>,
    pub form: Option<Vec<String>>,
    pub class: Option<Vec<String>>,
    pub label: Option<Vec<String>>,
    pub channel: Option<Vec<String>>,
    pub requester: Option<Vec<String>>,
    pub role: Option<Vec<String>>,
    pub purpose: Option<Vec<String>>,
    pub evidence: Quantified,
    pub account: Quantified,
    pub agent: Quantified,
    pub predicate: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quantified {
    pub any: Option<Vec<String>>,
    pub all: Option<Vec<String>>,
    pub none: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    pub rule: String,
    until: Datetime,
    #[serde(rename = "reason")]
    _reason: IgnoredAny,
    #[serde(rename = "approver")]
    _approver: IgnoredAny,
}

impl Pack {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)?;
        let mut pack: Self = toml::from_str(&text).map_err(|fault| format!("{}: {fault}", path.display()))?;
        // A permit that names no operation lets nobody be found by what it lets be seen.
        for rule in pack.rules.iter_mut().filter(|rule| rule.effect == Effect::Permit) {
            if rule.when.op.is_none() && rule.when.action.is_none() {
                rule.when.op = Some(["view", "verify", "send"].map(str::to_owned).to_vec());
            }
        }
        Ok(pack)
    }

    /// Every file of the library's folder of packs: one that the library forgot to load shows.
    pub fn built_in() -> Result<Vec<Self>, Error> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(root().join("src/policy/packs"))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Off until a host switches it on.
    pub fn has_a_switch(&self) -> bool {
        matches!(self.compliance, Some(Compliance::Adopted | Compliance::Proposed))
    }

    pub fn in_force(&self, day: Day, switched_on: &BTreeSet<String>) -> bool {
        (!self.has_a_switch() || switched_on.contains(&self.id))
            && self.effective_from.is_none_or(|from| day_of(from) <= day)
            && self.effective_until.is_none_or(|until| day < day_of(until))
    }

    /// The days on which something begins or ends.
    pub fn edges(&self) -> impl Iterator<Item = Day> {
        let overrides = self.overrides.iter().map(|over| over.until);
        self.effective_from.into_iter().chain(self.effective_until).chain(overrides).map(day_of)
    }
}

impl Override {
    pub fn counts(&self, day: Day) -> bool {
        day < day_of(self.until)
    }
}

fn day_of(datetime: Datetime) -> Day {
    let Date { year, month, day } = datetime.date.expect("a date in a pack file");
    (year, month, day)
}

/// The library's repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
