//! HPKE (RFC 9180), base mode, one message an encapsulation: DHKEM(X25519, HKDF-SHA-256),
//! HKDF-SHA-256, AES-256-GCM, in place.
//!
//! Base mode says to whom, never from whom: whoever knows the public key can seal to it. A shared
//! secret of zeros, which a public key of low order gives, is refused (RFC 9180 §7.1.4).

use core::convert::Infallible;

use aes_gcm::aead::inout::InOutBuf;
use hpke::aead::{AeadTag, AesGcm256};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::rng::{self, NoRandom};

type Kem = X25519HkdfSha256;

pub(crate) const PUBLIC_LEN: usize = 32;
/// Length of the encapsulated key that goes with a message.
pub(crate) const ENC_LEN: usize = 32;
pub(crate) const TAG_LEN: usize = 16;

/// Sealed for another key, under another `info`, or changed; or a key of low order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotForThisKey;

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSealed {
    Random,
    /// The public key has a low order.
    PublicKey,
}

/// A secret key with its public key; wiped on drop.
pub(crate) struct SecretKey {
    // Boxed, as the context below: a move would leave copies behind.
    secret: Box<<Kem as hpke::Kem>::PrivateKey>,
    public: [u8; PUBLIC_LEN],
}

impl SecretKey {
    pub(crate) fn make() -> Result<Self, NoRandom> {
        let seed = Zeroizing::new(rng::make_array::<32>()?);
        Ok(Self::derive(&seed))
    }

    /// RFC 9180 §7.1.3: `DeriveKeyPair`.
    pub(crate) fn derive(seed: &[u8; 32]) -> Self {
        let (secret, public) = Kem::derive_keypair(seed);
        Self { secret: Box::new(secret), public: public.to_bytes().into() }
    }

    pub(crate) const fn public(&self) -> &[u8; PUBLIC_LEN] {
        &self.public
    }

    /// Decrypts `buffer` in place, with empty associated data. On failure it holds no plaintext.
    pub(crate) fn open(
        &self,
        enc: &[u8; ENC_LEN],
        info: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), NotForThisKey> {
        let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(enc).map_err(|_| NotForThisKey)?;
        let tag = AeadTag::<AesGcm256>::from_bytes(tag).map_err(|_| NotForThisKey)?;
        hpke::setup_receiver::<AesGcm256, HkdfSha256, Kem>(&OpModeR::Base, &self.secret, &enc, info)
            .and_then(|mut context| context.open_inout_detached(InOutBuf::from(buffer), &[], &tag))
            .map_err(|_| NotForThisKey)
    }
}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Seals one message to a public key; used up by it.
pub(crate) struct Sender {
    context: Box<hpke::aead::AeadCtxS<AesGcm256, HkdfSha256, Kem>>,
    enc: [u8; ENC_LEN],
}

impl Sender {
    /// Draws an ephemeral key and derives the message key.
    pub(crate) fn make(public: &[u8; PUBLIC_LEN], info: &[u8]) -> Result<Self, NotSealed> {
        let seed = rng::make_array().map_err(|_| NotSealed::Random)?;
        Self::with_seed(public, info, Zeroizing::new(seed))
    }

    fn with_seed(
        public: &[u8; PUBLIC_LEN],
        info: &[u8],
        seed: Zeroizing<[u8; 32]>,
    ) -> Result<Self, NotSealed> {
        let public = <Kem as hpke::Kem>::PublicKey::from_bytes(public).map_err(|_| NotSealed::PublicKey)?;
        let mut drawn = Drawn { seed, calls: 0, is_whole: true };
        let sender = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, Kem>(
            &OpModeS::Base,
            &public,
            info,
            &mut drawn,
        );
        if !drawn.is_whole || drawn.calls != 1 {
            return Err(NotSealed::Random);
        }
        let (enc, context) = sender.map_err(|_| NotSealed::PublicKey)?;
        Ok(Self { context: Box::new(context), enc: enc.to_bytes().into() })
    }

    #[cfg(test)]
    pub(crate) fn with_seed_for_testing(
        public: &[u8; PUBLIC_LEN],
        info: &[u8],
        seed: [u8; 32],
    ) -> Result<Self, NotSealed> {
        Self::with_seed(public, info, Zeroizing::new(seed))
    }

    /// The encapsulated key, which goes with the message.
    pub(crate) const fn enc(&self) -> &[u8; ENC_LEN] {
        &self.enc
    }

    /// Encrypts `buffer` in place, with empty associated data, and gives back the tag. `None`: longer
    /// than the mode's limit of 2^36 - 32 bytes.
    pub(crate) fn seal(mut self, buffer: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        let tag = self.context.seal_inout_detached(InOutBuf::from(buffer), &[]).ok()?;
        Some(tag.to_bytes().into())
    }
}

impl core::fmt::Debug for Sender {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sender(..)")
    }
}

/// Randomness that was drawn before: where the system has none, that is an error, and `hpke`'s own
/// generator panics. It serves one draw of 32 bytes; what is asked otherwise spoils it.
struct Drawn {
    seed: Zeroizing<[u8; 32]>,
    calls: u32,
    is_whole: bool,
}

impl Drawn {
    fn spoil(&mut self) {
        self.is_whole = false;
    }
}

impl rand_core::TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.spoil();
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.spoil();
        Ok(0)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.calls = self.calls.saturating_add(1);
        match <&mut [u8; 32]>::try_from(out) {
            Ok(out) if self.calls == 1 => *out = *self.seed,
            Ok(_) | Err(_) => self.spoil(),
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Drawn {}
