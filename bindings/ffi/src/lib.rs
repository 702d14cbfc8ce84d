//! `cpni-guard` for Kotlin and Swift, through UniFFI: the only crate that names it.
//!
//! Rules: conversions only, everything that decides is in the core; every export returns a `Result`, so
//! that a panic is an error in every language; a customer's value crosses as bytes or stands behind an
//! object, never in a record, because generated records print themselves; an error is a number.
//!
//! Security note: a guard holds the root keys. On an agent's machine there is no guard: a library built
//! without the feature `guard` has none.

mod alloc;
mod answer;
mod clock;
mod day;
mod device;
mod error;
mod exclusive;
mod layout;
mod record;
mod redact;
mod values;
mod vocabulary;

#[cfg(feature = "guard")]
mod accounts;
#[cfg(feature = "guard")]
mod adapt;
#[cfg(feature = "guard")]
mod audit;
#[cfg(feature = "guard")]
mod breach;
#[cfg(feature = "guard")]
mod calendar;
#[cfg(feature = "guard")]
mod change;
#[cfg(feature = "guard")]
mod decision;
#[cfg(feature = "guard")]
mod erasure;
#[cfg(feature = "guard")]
mod export;
#[cfg(feature = "guard")]
mod facts;
#[cfg(feature = "guard")]
mod files;
#[cfg(feature = "guard")]
mod folder;
#[cfg(feature = "guard")]
mod growth;
#[cfg(feature = "guard")]
mod guard;
#[cfg(feature = "guard")]
mod hosts;
#[cfg(feature = "guard")]
mod interaction;
#[cfg(feature = "guard")]
mod keys;
#[cfg(feature = "guard")]
mod memory;
#[cfg(feature = "guard")]
mod migrate;
#[cfg(feature = "guard")]
mod notices;
#[cfg(feature = "guard")]
mod oversight;
#[cfg(feature = "guard")]
mod protect;
#[cfg(feature = "guard")]
mod questions;
#[cfg(feature = "guard")]
mod redact_tokens;
#[cfg(feature = "guard")]
mod retention;
#[cfg(feature = "guard")]
mod risk;
#[cfg(feature = "guard")]
mod scope;
#[cfg(feature = "guard")]
mod search;
#[cfg(feature = "guard")]
mod tokens;
#[cfg(feature = "guard")]
mod transaction_words;
#[cfg(feature = "guard")]
mod transactions;
#[cfg(feature = "guard")]
mod vault;
#[cfg(feature = "guard")]
mod view;

pub use answer::*;
pub use clock::{GuardClock, HostFailure};
pub use day::Day;
pub use device::*;
pub use error::{CpniError, NamedCode, error_codes};
pub use record::*;
pub use redact::*;

#[cfg(feature = "guard")]
pub use {
    accounts::*, audit::*, breach::*, calendar::*, change::*, decision::*, erasure::*, export::*, facts::*,
    files::*, folder::*, growth::*, guard::*, hosts::*, interaction::*, keys::*, memory::*, migrate::*,
    notices::*, oversight::*, protect::*, questions::*, retention::*, risk::*, scope::*, search::*,
    tokens::*, transactions::*, vault::*, view::*,
};

uniffi::setup_scaffolding!();
