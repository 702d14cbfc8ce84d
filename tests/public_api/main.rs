//! Tests of what a host can do with the published crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attacks;
mod delete_after;
mod device;
mod doors;
mod fixture;
mod inventory;
mod keys;
mod leaks;
mod migrate;
mod notices;
mod redact;
mod redaction;
mod said_so;
mod scope;
mod search;
mod stores;
mod subjects;
mod tokens;
mod transactions;
mod vault;
mod walk;
mod watch;
