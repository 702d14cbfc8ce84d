//! The agent's machine: a session that opens views sealed for it, and nothing else
//! (`docs/spec/device-session-v1.md`).
//!
//! Rules: no key of the tree, no policy and no log is within reach of this room; a session has a
//! fresh HPKE key (RFC 9180) and serves one interaction; each request is answered once; everything
//! ends with the interaction's time, with [`DeviceSession::end`] and on drop.
//!
//! Security note: a reply says for whom it is and not from whom. That the request reached the back
//! end unchanged, and the reply came from it, is the host's own authenticated channel.

mod decision;
mod request;
mod seal;
mod session;
#[cfg(test)]
mod tests;
mod v1;
mod view;

pub use decision::{DeviceDecision, DeviceReason};
pub use request::{DeviceReply, DeviceRequest};
pub(crate) use seal::{ReplyContext, ReplySealer};
pub use session::{DeviceSession, MAX_WAITING};
pub use v1::{MAX_FIELDS, MAX_REPLY_LEN};
#[cfg(feature = "testing")]
pub(crate) use v1::{recode_plain_for_testing, recode_reply_for_testing};
pub use view::{DeviceDisclosed, DeviceField, DeviceView};
