//! One request, and the seeded sample of them.
//!
//! Requests at random open hardly anything. So most of them aim: at a permit, and often at a rule of
//! the floor or at one of its exceptions as well; and facts are those of an ordinary contact, some
//! flipped, some unknown.

use std::collections::BTreeSet;

use crate::pack::{Conjunction, Definitions, Effect, Quantified};
use crate::vocabulary::{
    ACCOUNT, ACTIONS, AGENT, CHANNELS, CLASSES, DESTINATIONS, EVIDENCE, OPS, PURPOSES, ROLES, SCOPES,
};
use crate::worlds::Worlds;

/// `supervisor_approval` in [`AGENT`].
pub(crate) const APPROVAL: usize = 4;

const SECONDS_OF_A_DAY: u64 = 86_400;

/// What is asked, in which state, under which packs.
#[derive(Debug, Clone)]
pub struct Request {
    /// Index into [`Worlds::all`].
    pub world: usize,
    /// Second of the world's day.
    pub second: u64,
    pub ask: Ask,
    pub channel: &'static str,
    pub role: &'static str,
    pub purpose: &'static str,
    pub evidence: BTreeSet<&'static str>,
    /// In the order of [`ACCOUNT`]; `None` is unknown.
    pub account: [Option<bool>; ACCOUNT.len()],
    /// In the order of [`AGENT`].
    pub agent: [Option<bool>; AGENT.len()],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    View { class: &'static str, scope: &'static str },
    Verify { class: &'static str },
    Send { class: &'static str, to: &'static str },
    Act { action: &'static str },
    Search { class: &'static str },
}

impl Request {
    /// Request `index` of the sample with this seed: the same one however many are asked.
    pub fn sample(worlds: &Worlds, seed: u64, index: u64) -> Self {
        let mut rng = Rng::new(seed, index);
        let world = worlds.pick(&mut rng);
        let mut draft = Draft::ordinary(&mut rng);
        let rules = |is: fn(Effect) -> bool| {
            let active = worlds.all[world].active.iter().map(|rule| &worlds.rules[*rule]);
            active.filter(|rule| is(rule.effect)).collect::<Vec<_>>()
        };
        if rng.chance(7, 8) {
            let permits = rules(|effect| effect == Effect::Permit);
            draft.satisfy(&rng.one(&permits).when, &worlds.definitions, &mut rng);
        }
        if rng.chance(1, 2) {
            let floor = rules(|effect| effect != Effect::Permit);
            // Under a few early days no rule of the floor has a date, but the undated ones are there.
            let rule = rng.one(&floor);
            draft.satisfy(&rule.when, &worlds.definitions, &mut rng);
            if !rule.unless.is_empty() && rng.chance(1, 2) {
                draft.satisfy(rng.one(&rule.unless), &worlds.definitions, &mut rng);
            }
        }
        draft.finish(world, &mut rng)
    }

    /// Whether a second person approved what is asked.
    pub fn is_approved(&self) -> bool {
        self.agent[APPROVAL] == Some(true)
    }

    pub fn has_unknown(&self) -> bool {
        self.account.iter().chain(&self.agent).any(Option::is_none)
    }
}

/// A request whose parts may not fit each other yet.
struct Draft {
    op: &'static str,
    class: &'static str,
    action: &'static str,
    scope: &'static str,
    request: Request,
}

impl Draft {
    fn ordinary(rng: &mut Rng) -> Self {
        let ordinary =
            ["address_of_record", "owned_by_requester", "hotline_list_fresh", "opt_in", "location_opt_in"];
        let mut fact = |usual: bool| if rng.chance(1, 16) { None } else { Some(usual ^ rng.chance(1, 10)) };
        let account = ACCOUNT.map(|(name, _)| fact(ordinary.contains(&name)));
        let agent = AGENT.map(|name| {
            fact(["training_current", "live_contact", "open_case", "in_united_states"].contains(&name))
        });
        let mut evidence: BTreeSet<_> = EVIDENCE.into_iter().filter(|_| rng.chance(1, 20)).collect();
        if rng.chance(1, 2) {
            evidence.insert("password");
        }
        Self {
            op: rng.word(&OPS),
            class: rng.one(&CLASSES).0,
            action: rng.word(&ACTIONS),
            scope: if rng.chance(1, 4) { SCOPES[1] } else { SCOPES[0] },
            request: Request {
                world: 0,
                second: 0,
                ask: Ask::Verify { class: "" },
                channel: rng.word(&CHANNELS),
                role: rng.one(&ROLES).0,
                purpose: rng.word(&PURPOSES),
                evidence,
                account,
                agent,
            },
        }
    }

    /// Changes what a conjunction speaks of, so that it holds, as far as one value allows.
    fn satisfy(&mut self, conjunction: &Conjunction, definitions: &Definitions, rng: &mut Rng) {
        let c = conjunction;
        if let Some(action) = &c.action {
            self.op = "act";
            self.action = one_word(&ACTIONS, action, rng);
        } else if self.op == "act" && (c.class.is_some() || c.label.is_some() || c.scope.is_some()) {
            self.op = "view";
        }
        if let Some(ops) = &c.op {
            let ops: Vec<_> = OPS.into_iter().filter(|op| ops.iter().any(|named| named == op)).collect();
            if !ops.contains(&self.op) {
                self.op = rng.word(&ops);
            }
        }
        if c.to.is_some() {
            self.op = "send";
        }
        if c.class.is_some() || c.label.is_some() {
            let named = |list: &Option<Vec<String>>, name: &str| {
                list.as_ref().is_none_or(|list| list.iter().any(|n| n == name))
            };
            let classes: Vec<_> = CLASSES
                .iter()
                .filter(|(class, labels)| {
                    named(&c.class, class) && labels.iter().any(|label| named(&c.label, label))
                })
                .collect();
            self.class = rng.one(&classes).0;
        }
        if let Some(scopes) = &c.scope {
            self.scope = one_word(&SCOPES, scopes, rng);
        }
        let request = &mut self.request;
        if let Some(channels) = &c.channel {
            request.channel = one_word(&CHANNELS, channels, rng);
        }
        if let Some(purposes) = &c.purpose {
            request.purpose = one_word(&PURPOSES, purposes, rng);
        }
        let names = |list: &Option<Vec<String>>, name| {
            list.as_ref().is_none_or(|list: &Vec<String>| list.iter().any(|n| n == name))
        };
        let roles =
            ROLES.iter().filter(|(role, for_whom)| names(&c.role, role) && names(&c.requester, for_whom));
        let roles: Vec<_> = roles.map(|(role, _)| *role).collect();
        if !roles.contains(&request.role) {
            request.role = rng.word(&roles);
        }
        facts(&c.evidence, rng, |name, on| {
            if on {
                request.evidence.insert(EVIDENCE[position(&EVIDENCE, name)]);
            } else {
                request.evidence.remove(name);
            }
        });
        let accounts = ACCOUNT.map(|(name, _)| name);
        facts(&c.account, rng, |name, on| request.account[position(&accounts, name)] = Some(on));
        facts(&c.agent, rng, |name, on| request.agent[position(&AGENT, name)] = Some(on));
        if let Some(name) = &c.predicate {
            self.satisfy(rng.one(&definitions[name]), definitions, rng);
        }
    }

    fn finish(mut self, world: usize, rng: &mut Rng) -> Request {
        let ask = match self.op {
            "view" => Ask::View { class: self.class, scope: self.scope },
            "verify" => Ask::Verify { class: self.class },
            "search" => Ask::Search { class: self.class },
            "send" => Ask::Send { class: self.class, to: rng.word(&DESTINATIONS) },
            _ => {
                // Whether somebody approved an action is always known.
                self.request.agent[APPROVAL].get_or_insert(false);
                Ask::Act { action: self.action }
            }
        };
        // The edges of a day as often as all that is between them.
        let second = rng.below(SECONDS_OF_A_DAY);
        let second = *rng.one(&[0, second, SECONDS_OF_A_DAY - 1]);
        Request { world, ask, second, ..self.request }
    }
}

fn facts(of: &Quantified, rng: &mut Rng, mut set: impl FnMut(&str, bool)) {
    if let Some(any) = &of.any {
        set(rng.one::<String>(any), true);
    }
    of.all.iter().flatten().for_each(|name| set(name, true));
    of.none.iter().flatten().for_each(|name| set(name, false));
}

fn position(words: &[&'static str], name: &str) -> usize {
    words.iter().position(|word| *word == name).unwrap_or_else(|| panic!("{name} is no word of the oracle"))
}

fn one_word(words: &[&'static str], names: &[String], rng: &mut Rng) -> &'static str {
    let name: &String = rng.one(names);
    words[position(words, name)]
}

/// splitmix64.
pub struct Rng(u64);

impl Rng {
    fn new(seed: u64, index: u64) -> Self {
        Self(Self(seed ^ index.wrapping_mul(0xD605_BBB5_8C8A_BBFD)).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    pub fn word(&mut self, of: &[&'static str]) -> &'static str {
        self.one::<&'static str>(of)
    }

    /// One of what there is at least one of.
    pub fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len() as u64) as usize]
    }
}
