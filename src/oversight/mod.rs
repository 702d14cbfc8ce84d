//! Notice what should not happen: who looks at too much, too often, in order, or with nobody there.
//!
//! Rules: what is counted is counted before it is looked at; rules are data, and each threshold is
//! named as a library default or as the carrier's own; a store sees keyed pseudonyms only.
//!
//! Security note: a threshold that an agent knows is a quota. No answer to an agent names one.

pub mod watch;
