//! What each fuzz target does, shared with the replay on stable (`tests/fuzz_replay.rs`).

pub mod targets;
