//! The policy engine beside a second one that shares no code with it: Cedar.
//!
//! The oracle reads the pack files itself, writes every rule as a Cedar policy, asks both engines
//! the same seeded requests and compares all that they answer. A misread file shows, and so does a
//! wrong compile. From the library it takes what is compared, nothing that decides: the words of
//! the vocabulary, what is assumed where a fact is unknown, which pack is in force on which day and
//! in which order the answers are read are stated here once more.
//!
//! What Cedar does not say is in [`answer`]: Cedar allows or denies and names the policies that
//! determined it. The form, the duties and the reason for a refusal are read from their annotations.

pub mod answer;
pub mod cedar;
pub mod mutants;
pub mod pack;
pub mod request;
pub mod sample;
pub mod vocabulary;
pub mod worlds;
