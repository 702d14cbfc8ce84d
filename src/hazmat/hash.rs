//! SHA-256 (FIPS 180-4), and the two Merkle tree hashes of RFC 6962 §2.1.
//!
//! Never for an SSN, a phone number or another small space: an unkeyed hash of nine digits falls
//! to one core in minutes.

use sha2::{Digest, Sha256};

pub(crate) type Hash = [u8; 32];

pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// RFC 6962 §2.1: `SHA-256(0x00 || leaf)`.
pub(crate) fn merkle_leaf(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// RFC 6962 §2.1: `SHA-256(0x01 || left || right)`.
pub(crate) fn merkle_node(left: &Hash, right: &Hash) -> Hash {
    // In one piece: the first block is hashed where it stands.
    let mut node = [1; 65];
    let (_, hashes) = node.split_at_mut(1);
    let (first, second) = hashes.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    sha256(&node)
}
