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
mod export;
mod fixture;
mod hosts;
mod leaks;
mod officers;
mod public;
mod shape;
mod threads;
mod vectors;
mod walk;
