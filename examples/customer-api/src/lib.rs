//! A carrier's customer-facing API on `cpni-guard`: what its engineer copies.
//!
//! Rules: the account comes out of the session and out of nothing else; a handler names the fields that it
//! answers with; what is unknown, another's and withheld has one answer; every answer with a customer's data
//! has an audit record before it leaves; every call of the library is off the async threads, and bounded.
//!
//! Security note: TLS ends before this service, and its limits are one process's. `docs/customer-api.md` says
//! what a deployment adds, and shows the attacks that `tests/attacks.rs` plays.
#![forbid(unsafe_code)]

mod app;
mod bare;
mod carrier;
mod changes;
mod data;
mod extract;
mod identity;
mod limits;
mod partner;
mod reads;
mod refusal;
mod routes;
mod sample;
mod server;
mod sessions;
mod settings;
mod sign_in;
mod worker;

pub use app::{Service, StartError};
pub use data::make_reference;
pub use refusal::Refusal;
pub use sample::{SampleCustomer, SamplePartner};
pub use settings::{Limits, PartnerLimits, Settings};
