//! Columns of tokens: what stands for what, what is refused, and how versions change.

mod vectors;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::classify::Schema;
use crate::error::{Error, KeyError, RecordError, TokenError};
use crate::keys::{KeyBranch, KeyState, KeyVersion, Keyring};
use crate::sensitive::Sensitive;
use crate::vocabulary::{DataClass, FieldName, TenantId};

const SCHEMA: &str = r#"
[fields]
name    = { class = "identity" }
ssn     = { class = "ssn" }
former  = { class = "ssn" }
mobile  = { class = "account_info", kind = "nanp" }
iccid   = { class = "device_id", kind = "iccid" }
meid    = { class = "device_id", kind = "meid" }
code    = { class = "account_info" }
pin     = { class = "auth_secret" }
calls   = { class = "call_detail" }
"#;

fn schema() -> Schema {
    Schema::from_toml(SCHEMA).unwrap()
}

/// A keyring whose branch `token` has these versions, the last one active.
fn keyring(token_versions: &[u32]) -> Arc<Keyring> {
    let root = |branch, version, state, byte| (KeyVersion { branch, version, state }, [byte; 32]);
    let mut roots = vec![
        root(KeyBranch::Data, 1, KeyState::Active, 1),
        root(KeyBranch::Audit, 1, KeyState::Active, 2),
        root(KeyBranch::Reference, 1, KeyState::Active, 3),
    ];
    for version in token_versions {
        let is_last = Some(version) == token_versions.last();
        let state = if is_last { KeyState::Active } else { KeyState::DecryptOnly };
        roots.push(root(KeyBranch::Token, *version, state, 100 + u8::try_from(*version).unwrap()));
    }
    Arc::new(Keyring::from_roots_for_testing(&roots).unwrap())
}

fn columns_of(tenant: &str, store: &Arc<MemoryColumnStore>, keys: Arc<Keyring>) -> Columns {
    Columns::new(Arc::clone(store) as _, keys, TenantId::new(tenant).unwrap())
}

fn ssn_column() -> TokenColumn {
    TokenColumn::format("ssn_token", "ssn", Alphabet::digits(), 9..=9).unwrap()
}

/// Columns of tenant `acme` with the SSN's registered.
fn columns() -> Columns {
    let columns = columns_of("acme", &Arc::default(), keyring(&[1]));
    columns.register(ssn_column(), &schema()).unwrap();
    columns
}

fn token_of(columns: &Columns, column: TokenColumn, value: &str) -> String {
    let name = column.name().clone();
    columns.register(column, &schema()).unwrap();
    columns.format_token(name.as_str(), value).unwrap().as_str().to_owned()
}

#[test]
fn every_spelling_of_a_value_has_one_token() {
    let columns = columns();
    let token = columns.format_token("ssn_token", "987-65-4321").unwrap();
    for spelling in ["987654321", "987 65 4321", "９８７６５４３２１"] {
        assert_eq!(columns.format_token("ssn_token", spelling).unwrap(), token, "{spelling}");
    }
    assert!(token.as_str().len() == 9 && token.as_str().bytes().all(|byte| byte.is_ascii_digit()));
    assert_ne!(token.as_str(), "987654321");
    assert_ne!(columns.format_token("ssn_token", "987-65-4322").unwrap(), token);
    assert_eq!(format!("{token:?}"), "FormatToken(..)");
}

#[test]
fn no_two_columns_tenants_fields_or_versions_share_their_tokens() {
    let store = Arc::default();
    let acme = columns_of("acme", &store, keyring(&[1]));
    let format = |name, field| TokenColumn::format(name, field, Alphabet::digits(), 9..=9).unwrap();
    let tokens = [
        token_of(&acme, format("a", "ssn"), "987-65-4321"),
        token_of(&acme, format("b", "ssn"), "987-65-4321"),
        token_of(&acme, format("c", "former"), "987-65-4321"),
        token_of(&columns_of("acme2", &store, keyring(&[1])), format("a", "ssn"), "987-65-4321"),
        token_of(&columns_of("acme", &Arc::default(), keyring(&[1, 2])), format("a", "ssn"), "987-65-4321"),
        // The same column of a carrier that named the field otherwise.
        token_of(&columns_of("acme", &Arc::default(), keyring(&[1])), format("a", "former"), "987-65-4321"),
    ];
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len(), "{tokens:?}");
}

#[test]
fn what_has_no_tokens_is_refused_with_the_reason() {
    let refused = |column: Result<TokenColumn, Error>| {
        column.and_then(|column| columns().register(column, &schema())).unwrap_err()
    };
    let format = |field, alphabet, lengths| TokenColumn::format("new", field, alphabet, lengths);
    let small = |radix, len| Error::from(TokenError::SmallDomain { radix, len });
    // A PIN of four digits is refused for both reasons, one of six and a sealed one for its class.
    assert_eq!(refused(format("pin", Alphabet::digits(), 4..=4)), small(10, 4));
    let class = |class| Error::from(TokenError::RefusedClass { class });
    assert_eq!(refused(format("pin", Alphabet::digits(), 6..=6)), class(DataClass::AuthSecret));
    assert_eq!(refused(TokenColumn::sealed("new", "pin")), class(DataClass::AuthSecret));
    assert_eq!(refused(TokenColumn::sealed("new", "ssn_last4")), class(DataClass::SsnLast4));
    assert_eq!(refused(format("ssn_last4", Alphabet::digits(), 4..=9)), small(10, 4));
    assert_eq!(refused(format("ssn_last4", Alphabet::digits(), 9..=9)), class(DataClass::SsnLast4));
    // One million values are enough, one character less is not.
    assert!(columns().register(format("code", Alphabet::digits(), 6..=9).unwrap(), &schema()).is_ok());
    assert_eq!(refused(format("code", Alphabet::digits(), 5..=9)), small(10, 5));
    assert_eq!(refused(format("code", Alphabet::letters(), 4..=4)), small(26, 4));
    assert!(format("code", Alphabet::letters(), 5..=5).is_ok());
    assert_eq!(refused(format("code", Alphabet::digits(), 0..=9)), small(10, 0));
    let lengths = Error::from(TokenError::Lengths { max: MAX_FORMAT_LEN });
    assert_eq!(refused(format("code", Alphabet::digits(), 9..=MAX_FORMAT_LEN + 1)), lengths);
    #[expect(clippy::reversed_empty_ranges, reason = "it is what is refused")]
    let empty = 9..=8;
    assert_eq!(refused(format("code", Alphabet::digits(), empty)), lengths);
    assert_eq!(refused(TokenColumn::sealed("new", "calls")), TokenError::WrongShape.into());
    assert_eq!(
        refused(TokenColumn::sealed("new", "nobody")),
        RecordError::UnknownField { position: 0 }.into()
    );
    assert!(matches!(refused(TokenColumn::sealed("New", "name")), Error::Id(_)));
    let written = ssn_column().written_in(Alphabet::letters());
    assert_eq!(refused(written), TokenError::AlphabetsDiffer { values: 10, tokens: 26 }.into());
    let written = TokenColumn::sealed("new", "name").unwrap().written_in(Alphabet::digits());
    assert_eq!(refused(written), TokenError::WrongKind.into());
}

#[test]
fn what_is_no_value_of_a_column_is_refused() {
    let columns = columns();
    columns
        .register(TokenColumn::format("code", "code", Alphabet::letters(), 5..=8).unwrap(), &schema())
        .unwrap();
    columns.register(TokenColumn::sealed("sealed", "name").unwrap(), &schema()).unwrap();
    let refused = |column: &str, value: &str| columns.format_token(column, value).unwrap_err();
    assert_eq!(refused("ssn_token", "987-65-432"), TokenError::NotOfItsKind.into());
    assert_eq!(refused("ssn_token", "987-65-432X"), TokenError::NotOfItsKind.into());
    assert_eq!(refused("ssn_token", ""), TokenError::NotOfItsKind.into());
    for (value, len) in [("ABCD", 4), ("ABCDEFGHI", 9), ("", 0)] {
        assert_eq!(refused("code", value), TokenError::Length { len, min: 5, max: 8 }.into());
    }
    assert_eq!(refused("code", "ABcDE"), TokenError::Character { position: 2 }.into());
    assert_eq!(refused("code", "ABÉD"), TokenError::Character { position: 2 }.into());
    assert_eq!(refused("sealed", "Dana"), TokenError::WrongKind.into());
    assert_eq!(refused("nothing", "Dana"), TokenError::UnknownColumn.into());
    assert_eq!(columns.sealed_token("ssn_token", "987654321").unwrap_err(), TokenError::WrongKind.into());
    assert_eq!(columns.field("nothing").unwrap_err(), TokenError::UnknownColumn.into());
    let long = "x".repeat(MAX_VALUE_LEN + 1);
    let length = TokenError::Length { len: 1024, min: 0, max: MAX_VALUE_LEN };
    assert_eq!(columns.sealed_token("sealed", &long).unwrap_err(), length.into());
    assert!(columns.sealed_token("sealed", &"x".repeat(MAX_VALUE_LEN)).is_ok());
    assert!(columns.sealed_token("sealed", "").is_ok());
}

#[test]
fn tokens_can_be_written_so_that_nobody_takes_them_for_numbers() {
    let columns = columns_of("acme", &Arc::default(), keyring(&[1]));
    let digits = TokenColumn::format("a", "ssn", Alphabet::digits(), 9..=9).unwrap();
    let letters = digits.clone().written_in(Alphabet::ten_letters()).unwrap();
    let in_digits = token_of(&columns, digits, "987654321");
    let other = columns_of("acme", &Arc::default(), keyring(&[1]));
    let in_letters = token_of(&other, letters, "987654321");
    assert!(!in_letters.bytes().any(|byte| byte.is_ascii_digit()), "{in_letters}");
    // The same token, letter for digit.
    let letter = |digit: char| {
        let place = usize::try_from(digit.to_digit(10).unwrap()).unwrap();
        Alphabet::ten_letters().as_str().chars().nth(place).unwrap()
    };
    assert_eq!(in_digits.chars().map(letter).collect::<String>(), in_letters);
}

#[test]
fn a_batch_has_a_result_for_each_value() {
    let columns = columns();
    columns
        .register(TokenColumn::format("code", "code", Alphabet::digits(), 6..=9).unwrap(), &schema())
        .unwrap();
    let sensitive =
        |values: &[&str]| values.iter().map(|v| Sensitive::from((*v).to_owned())).collect::<Vec<_>>();
    let values = ["123456", "12345", "12345678", "654321", "12345a", "87654321", "１２３４５６", "999999999"];
    let many = columns.format_many("code", &sensitive(&values)).unwrap();
    let single: Vec<_> = values.iter().map(|value| columns.format_token("code", value)).collect();
    assert_eq!(many.into_iter().map(|one| one.map_err(Error::from)).collect::<Vec<_>>(), single);
    assert_eq!(single.iter().filter(|one| one.is_err()).count(), 3);
    let values = ["987-65-4321", "987654321", "987"];
    let many = columns.format_many("ssn_token", &sensitive(&values)).unwrap();
    assert_eq!((&many[0], &many[2]), (&many[1], &Err(TokenError::NotOfItsKind)));
    assert!(many[0].is_ok());
    assert_eq!(columns.format_many("code", &[]).unwrap(), []);
    assert_eq!(columns.format_many("nothing", &[]).unwrap_err(), TokenError::UnknownColumn.into());
}

#[test]
fn a_column_changes_its_version_in_two_steps() {
    let store: Arc<MemoryColumnStore> = Arc::default();
    let in_use = || store.versions_in_use().unwrap().into_iter().collect::<Vec<_>>();
    // Two processes; the second one has loaded the new version of the branch.
    let [one, two] = [&[1][..], &[1, 2]].map(|versions| columns_of("acme", &store, keyring(versions)));
    let sealed = || TokenColumn::sealed("join", "ssn").unwrap();
    for columns in [&one, &two] {
        for column in [ssn_column(), sealed()] {
            let status = columns.register(column, &schema()).unwrap();
            assert_eq!((status.version, status.previous), (1, None));
        }
    }
    let old = one.format_token("ssn_token", "987654321").unwrap();
    let old_sealed = one.sealed_token("join", "987654321").unwrap();
    assert_eq!(two.format_token("ssn_token", "987654321").unwrap(), old);
    assert_eq!(one.rotate("ssn_token").unwrap_err(), TokenError::NothingToRotate { version: 1 }.into());
    assert_eq!(one.confirm("ssn_token").unwrap_err(), TokenError::NotRotating.into());
    assert_eq!(two.replace_format("ssn_token", &[]).unwrap_err(), TokenError::NotRotating.into());

    let status = two.rotate("ssn_token").unwrap();
    assert_eq!((status.version, status.previous), (2, Some(1)));
    assert_eq!(two.rotate("ssn_token").unwrap_err(), TokenError::Rotating.into());
    assert_eq!(in_use(), [1, 2], "the other column keeps version 1 as well");
    let new = two.format_token("ssn_token", "987654321").unwrap();
    assert_ne!(new, old);
    assert_eq!(two.format_tokens("ssn_token", "987654321").unwrap(), [new.clone(), old.clone()]);
    // A process without the new key makes no old tokens: it says what it lacks.
    let lacks = Error::from(KeyError::UnknownVersion { version: 2 });
    assert_eq!(one.format_token("ssn_token", "987654321").unwrap_err(), lacks);
    let wrong = FormatToken::from_stored("12345678");
    let length = TokenError::Length { len: 8, min: 9, max: 9 };
    let replaced = two.replace_format("ssn_token", &[old.clone(), wrong]).unwrap();
    assert_eq!(replaced, [Ok(new.clone()), Err(length)]);
    for token in [&old, &new] {
        assert!(two.is_format_of("ssn_token", token, "987-65-4321").unwrap());
        assert!(!two.is_format_of("ssn_token", token, "987-65-4322").unwrap());
    }

    two.rotate("join").unwrap();
    let new_sealed = two.replace_sealed("join", &old_sealed).unwrap();
    assert_eq!((old_sealed.key_version(), new_sealed.key_version()), (1, 2));
    assert_eq!(new_sealed, two.sealed_token("join", "987654321").unwrap());
    assert_eq!(two.replace_sealed("join", &new_sealed).unwrap(), new_sealed, "it may be repeated");
    assert_eq!(two.sealed_tokens("join", "987654321").unwrap(), [new_sealed.clone(), old_sealed.clone()]);
    assert_eq!(in_use(), [1, 2]);

    for column in ["ssn_token", "join"] {
        assert_eq!(two.confirm(column).unwrap().previous, None);
    }
    assert_eq!(in_use(), [2]);
    assert_eq!(two.format_tokens("ssn_token", "987654321").unwrap(), [new]);
    assert!(!two.is_format_of("ssn_token", &old, "987-65-4321").unwrap());
    let version = Error::from(TokenError::Version { version: 1 });
    assert_eq!(two.replace_sealed("join", &old_sealed).unwrap_err(), version);
    let all: Vec<_> = two.all().unwrap().into_iter().map(|s| (s.name.to_string(), s.version)).collect();
    assert_eq!(all, [("join".to_owned(), 2), ("ssn_token".to_owned(), 2)]);
}

#[test]
fn a_process_sees_what_another_one_changed() {
    let store: Arc<MemoryColumnStore> = Arc::default();
    let [one, two] = [(); 2].map(|()| columns_of("acme", &store, keyring(&[1, 2])));
    columns_of("acme", &store, keyring(&[1])).register(ssn_column(), &schema()).unwrap();
    for columns in [&one, &two] {
        columns.register(ssn_column(), &schema()).unwrap();
    }
    let old = one.format_token("ssn_token", "987654321").unwrap();
    two.rotate("ssn_token").unwrap();
    two.confirm("ssn_token").unwrap();
    assert_ne!(one.format_token("ssn_token", "987654321").unwrap(), old, "a stale version was used");
    assert_eq!(one.rotate("ssn_token").unwrap_err(), TokenError::NothingToRotate { version: 2 }.into());
}

#[test]
fn a_changed_entry_or_another_definition_is_refused() {
    let store: Arc<MemoryColumnStore> = Arc::default();
    let columns = columns_of("acme", &store, keyring(&[1, 2]));
    columns.register(ssn_column(), &schema()).unwrap();
    let differs = Error::from(TokenError::ColumnDiffers);
    let others = [
        TokenColumn::format("ssn_token", "former", Alphabet::digits(), 9..=9).unwrap(),
        TokenColumn::format("ssn_token", "ssn", Alphabet::digits(), 9..=10).unwrap(),
        TokenColumn::format("ssn_token", "ssn", Alphabet::digits(), 8..=9).unwrap(),
        TokenColumn::format("ssn_token", "ssn", Alphabet::letters(), 9..=9).unwrap(),
        ssn_column().written_in(Alphabet::ten_letters()).unwrap(),
        TokenColumn::sealed("ssn_token", "ssn").unwrap(),
    ];
    for other in others {
        assert_eq!(columns.register(other, &schema()).unwrap_err(), differs);
    }
    // A field whose class or kind was changed has other tokens.
    let code = || TokenColumn::format("code", "code", Alphabet::digits(), 10..=10).unwrap();
    columns.register(code(), &schema()).unwrap();
    for (from, to) in
        [("account_info\" }", "billing\" }"), ("account_info\" }", "account_info\", kind = \"nanp\" }")]
    {
        let changed = Schema::from_toml(&SCHEMA.replace(from, to)).unwrap();
        assert_eq!(columns.register(code(), &changed).unwrap_err(), differs, "{to}");
    }
    // Somebody with a hand in the store points the column at another version.
    let (tenant, name) = (TenantId::new("acme").unwrap(), FieldName::new("ssn_token").unwrap());
    let entry = store.get(&tenant, &name).unwrap().unwrap();
    for changed in [StoredColumn { version: 1, ..entry }, StoredColumn { previous: Some(1), ..entry }] {
        assert!(store.replace(&tenant, &name, Some(&entry), &changed).unwrap());
        assert_eq!(columns.format_token("ssn_token", "987654321").unwrap_err(), differs);
        assert_eq!(columns.register(ssn_column(), &schema()).unwrap_err(), differs);
        assert_eq!(columns.confirm("ssn_token").unwrap_err(), differs);
        assert!(store.replace(&tenant, &name, Some(&changed), &entry).unwrap());
    }
    assert!(columns.format_token("ssn_token", "987654321").is_ok());
    // The entry of another tenant or column in its place.
    let other = columns_of("acme2", &store, keyring(&[1, 2]));
    other.register(ssn_column(), &schema()).unwrap();
    let theirs = store.get(&TenantId::new("acme2").unwrap(), &name).unwrap().unwrap();
    assert!(store.replace(&tenant, &name, Some(&entry), &theirs).unwrap());
    assert_eq!(columns.format_token("ssn_token", "987654321").unwrap_err(), differs);
}

#[test]
fn a_keyring_without_the_branch_makes_no_column() {
    let columns = columns_of("acme", &Arc::default(), keyring(&[]));
    assert_eq!(columns.register(ssn_column(), &schema()).unwrap_err(), KeyError::NoBranch.into());
}

#[test]
fn sealed_tokens_are_equal_for_equal_values_and_do_not_move() {
    let columns = columns();
    for (name, field) in [("a", "mobile"), ("b", "mobile"), ("c", "name")] {
        columns.register(TokenColumn::sealed(name, field).unwrap(), &schema()).unwrap();
    }
    let token = columns.sealed_token("a", "+1 202 555 0100").unwrap();
    assert_eq!(columns.sealed_token("a", "(202) 555-0100").unwrap(), token);
    assert_ne!(columns.sealed_token("a", "202-555-0101").unwrap(), token);
    assert_ne!(columns.sealed_token("b", "2025550100").unwrap(), token);
    assert_eq!(SealedToken::from_text(&token.to_text()).unwrap(), token);
    assert_eq!(format!("{token:?}"), "SealedToken { version: 1, .. }");
    assert!(token.to_text().starts_with("Q0dUA"));
    assert!(columns.is_sealed_of("a", &token, "2025550100").unwrap());
    assert!(!columns.is_sealed_of("a", &token, "2025550101").unwrap());
    // In another column, or of another tenant, it does not open.
    let authentication = Error::from(TokenError::Authentication);
    assert_eq!(columns.replace_sealed("b", &token).unwrap_err(), authentication);
    let other = columns_of("acme2", &Arc::default(), keyring(&[1]));
    other.register(TokenColumn::sealed("a", "mobile").unwrap(), &schema()).unwrap();
    assert_eq!(other.replace_sealed("a", &token).unwrap_err(), authentication);
    // Lengths are seen in steps of 16 only.
    let len = |value: &str| columns.sealed_token("c", value).unwrap().as_bytes().len();
    assert_eq!((len(""), len(&"x".repeat(15)), len(&"x".repeat(16))), (40, 40, 56));
}

#[test]
fn a_damaged_sealed_token_is_refused_without_a_panic() {
    let columns = columns();
    columns.register(TokenColumn::sealed("a", "name").unwrap(), &schema()).unwrap();
    let token = columns.sealed_token("a", "Dana Example").unwrap();
    let bytes = token.as_bytes();
    assert!(columns.replace_sealed("a", &token).is_ok());
    for end in 0..bytes.len() {
        assert!(SealedToken::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    assert!(SealedToken::from_bytes(&[bytes, &[0]].concat()).is_err());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let read = SealedToken::from_bytes(&changed).map_err(Error::from);
        read.and_then(|token| columns.replace_sealed("a", &token)).unwrap_err();
    }
}

proptest! {
    #[test]
    fn any_value_of_the_alphabet_has_a_token_of_its_own(value in "[A-Z]{5,60}", other in "[A-Z]{5,60}") {
        let old = columns_of("acme", &Arc::default(), keyring(&[1]));
        let column = || TokenColumn::format("code", "code", Alphabet::letters(), 5..=60).unwrap();
        old.register(column(), &schema()).unwrap();
        let token = old.format_token("code", &value).unwrap();
        prop_assert_eq!(token.as_str().len(), value.len());
        prop_assert!(token.as_str().bytes().all(|byte| byte.is_ascii_uppercase()));
        prop_assert_eq!(old.format_token("code", &other).unwrap() == token, other == value);
    }

    #[test]
    fn any_text_is_sealed_and_comes_back(value in "\\PC{0,200}") {
        let columns = columns();
        columns.register(TokenColumn::sealed("a", "name").unwrap(), &schema()).unwrap();
        prop_assume!(value.len() <= MAX_VALUE_LEN);
        let token = columns.sealed_token("a", &value).unwrap();
        prop_assert!(columns.is_sealed_of("a", &token, &value).unwrap());
        prop_assert_eq!(columns.replace_sealed("a", &token).unwrap(), token);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(token) = SealedToken::from_bytes(&bytes) {
            prop_assert_eq!(token.as_bytes(), &bytes[..]);
        }
    }
}
