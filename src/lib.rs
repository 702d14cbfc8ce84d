//! cpni-guard (README becomes the crate documentation when the walk is whole).
#![forbid(unsafe_code)]
#![allow(dead_code, reason = "ground rooms first: removed when the rooms above use them")]

pub mod error;
mod hazmat;
pub mod policy;
mod sensitive;
mod toml_reader;
pub mod vocabulary;

pub use error::{Error, ErrorCode};
pub use sensitive::Sensitive;
