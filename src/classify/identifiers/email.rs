//! E-mail addresses: `local@domain`, in lower case.
//!
//! Source: RFC 5321 sections 4.1.2 and 4.5.3.1, without quoted local parts, address literals and
//! internationalised addresses, and with at least two labels in the domain. The standard lets a
//! mail server tell `Dana@` from `dana@`; those in use do not, so one customer is one address.

use super::spelling::{Take, gather, trim};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// Longest address, local part and label, in bytes.
const MAX_LEN: usize = 254;
const MAX_LOCAL_LEN: usize = 64;
const MAX_LABEL_LEN: usize = 63;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let (text, before) = trim(text);
    let kept = gather(text, MAX_LEN, |character| match character {
        '\u{21}'..='\u{7E}' => Take::Keep(character.to_ascii_lowercase()),
        _ => Take::Refuse,
    });
    let kept = kept.map_err(|fault| fault.moved(before))?;
    // EXPOSE: only whether it is empty is read.
    if kept.expose().is_empty() { Err(IdentifierFault::Length { len: 0 }) } else { Ok(kept) }
}

pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    let (local, domain) = normalised.split_once('@').ok_or(IdentifierFault::Structure)?;
    let local_fits = local.len() <= MAX_LOCAL_LEN && local.split('.').all(is_atom);
    let domain_fits = domain.contains('.') && domain.split('.').all(is_label);
    if local_fits && domain_fits { Ok(IdentifierSort::Email) } else { Err(IdentifierFault::Structure) }
}

/// `atext` of RFC 5322 section 3.2.3, one or more.
fn is_atom(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    !part.is_empty() && part.bytes().all(allowed)
}

/// A label of a host name: letters, digits and hyphens, no hyphen at an end (RFC 1123 section 2.1).
fn is_label(label: &str) -> bool {
    let hyphen_at_end = label.starts_with('-') || label.ends_with('-');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_LABEL_LEN).contains(&label.len()) && !hyphen_at_end && label.bytes().all(allowed)
}
