//! The exported interface, called from Rust as Kotlin and Swift call it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod batch;
mod device;
mod duties;
mod erasure;
mod export;
mod fixture;
mod hosts;
mod keys;
mod leaks;
mod migrate;
mod officers;
mod public;
mod redact;
mod search;
mod shape;
mod threads;
mod tokens;
mod transactions;
mod vectors;
mod walk;
