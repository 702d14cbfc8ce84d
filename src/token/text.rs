//! Tokens of what is found in text: the same value, the same token within a tenant; no way back.
//!
//! Sixteen letters of 64 bits of HMAC-SHA-256 under a key of the branch `token`. No letter is a digit, so a
//! token looks like no identifier. After a rotation of the branch values have other tokens.

use crate::error::Error;
use crate::hazmat::framing::Tuple;
use crate::hazmat::mac::MacKey;
use crate::keys::{KeyBranch, Keyring};
use crate::vocabulary::TenantId;

/// In the place of a column's name. No column has it: names have no spaces.
const COLUMN: &str = "text tokens";
const LABEL: &str = "cpni-guard/v1/text-token";
/// Bytes of the MAC that a token shows. Two of a billion values share one with a chance of 3 in 100.
const LEN: usize = 8;

/// The token of a value of a kind, in its normal form: letters `a` to `p`.
pub(crate) fn text_token(
    keys: &Keyring,
    tenant: &TenantId,
    kind: &str,
    value: &str,
) -> Result<String, Error> {
    let version = keys.active_of(KeyBranch::Token)?;
    let key = MacKey::new(&keys.token_key(tenant, COLUMN, version)?);
    let head = Tuple::new(LABEL).with(kind.as_bytes());
    let mac = key.mac_of([head.as_bytes(), value.as_bytes()].into_iter());
    let nibbles = mac.iter().take(LEN).flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(nibbles.map(|nibble| char::from(b'a' + nibble)).collect())
}
