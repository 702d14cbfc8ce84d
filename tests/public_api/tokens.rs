//! Tokens through the public interface: what they give to a back end, and what to an agent or a thief.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cpni_guard::audit::AuditEvent;
use cpni_guard::error::{InteractionError, KeyError, SealedError, StoreError, TokenError};
use cpni_guard::guard::Unneeded;
use cpni_guard::keys::KeyBranch;
use cpni_guard::token::{ColumnStore, MemoryColumnStore, StoredColumn};
use cpni_guard::vocabulary::{EventKind, FieldName, TenantId};
use cpni_guard::{
    Alphabet, Error, FieldView, FormatToken, Guard, MemoryKeys, SealedToken, Sensitive, Stores, TokenColumn,
};
use sha2::{Digest as _, Sha256};

use crate::fixture::{Carrier, account};

fn sensitive(text: &str) -> Sensitive<String> {
    Sensitive::from(text.to_owned())
}

fn register(guard: &Guard) {
    let digits = |name, field, len| TokenColumn::format(name, field, Alphabet::digits(), len..=len).unwrap();
    for column in [
        digits("ssn_token", "ssn", 9),
        digits("mobile_token", "mobile", 10),
        TokenColumn::sealed("mobile_join", "mobile").unwrap(),
    ] {
        guard.register_column(column).unwrap();
    }
}

fn carrier() -> Carrier {
    let carrier = Carrier::new(Stores::in_memory());
    register(&carrier.guard);
    carrier
}

fn last_event(carrier: &Carrier) -> AuditEvent {
    let size = carrier.guard.audit().size();
    carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap().1
}

/// What an agent gets by a token of the account before them, and by any other.
#[test]
fn a_token_leads_to_a_value_only_as_a_view_of_the_own_account_does() {
    let carrier = carrier();
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let own = carrier.guard.tokenise("mobile_token", &sensitive("(202) 555-0100")).unwrap();
    let own_sealed = carrier.guard.seal_token("mobile_join", &sensitive("202.555.0100")).unwrap();

    // Nobody is authenticated: withheld, right token or not, and no word on whether it is.
    let mut call = carrier.call("dana", &dana);
    for token in [&own, &FormatToken::from_stored("0000000000")] {
        let view = call.view_token(&sealed, "mobile_token", token).unwrap();
        assert!(matches!(view.field("mobile").unwrap(), FieldView::Withheld(_)));
        assert_eq!(last_event(&carrier).facts.kind, EventKind::Viewed);
    }
    drop(call);

    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view_token(&sealed, "mobile_token", &own).unwrap();
    let shown = |view: &cpni_guard::View| {
        view.field("mobile").unwrap().disclosed().unwrap().with_text(str::to_owned).unwrap()
    };
    assert_eq!(shown(&view), "+1 202 555 0100");
    let event = last_event(&carrier);
    assert_eq!((event.facts.kind, event.facts.fields[0].field.as_str()), (EventKind::Viewed, "mobile"));
    let view = call.view_token(&sealed, "mobile_join", &own_sealed).unwrap();
    assert_eq!(shown(&view), "+1 202 555 0100");

    // A token that was found somewhere: of another customer, and of nobody.
    let other = carrier.guard.tokenise("mobile_token", &sensitive("202-555-0123")).unwrap();
    let other_sealed = carrier.guard.seal_token("mobile_join", &sensitive("202-555-0123")).unwrap();
    let refused = Error::from(TokenError::NotOfThisAccount);
    assert_eq!(call.view_token(&sealed, "mobile_token", &other).unwrap_err(), refused);
    let event = last_event(&carrier);
    assert_eq!((event.facts.kind, event.facts.cause), (EventKind::NotCarriedOut, refused.code().get()));
    assert_eq!(call.view_token(&sealed, "mobile_join", &other_sealed).unwrap_err(), refused);
    // The SSN's column: a care agent does not see the number, whatever the token.
    let ssn = carrier.guard.tokenise("ssn_token", &sensitive("987-65-4321")).unwrap();
    let view = call.view_token(&sealed, "ssn_token", &ssn).unwrap();
    assert!(matches!(view.field("ssn").unwrap(), FieldView::Withheld(_)));
    // A token of the other kind, and a column that nobody registered.
    let error = call.view_token(&sealed, "mobile_token", &own_sealed).unwrap_err();
    assert_eq!(error, TokenError::WrongKind.into());
    assert_eq!(call.view_token(&sealed, "nothing", &own).unwrap_err(), TokenError::UnknownColumn.into());
}

#[test]
fn a_token_opens_no_record_of_another_account() {
    let carrier = carrier();
    let (dana, other) = (account("A-1"), account("A-2"));
    let (stolen, _) = (carrier.customer(&dana), carrier.customer(&other));
    let token = carrier.guard.tokenise("mobile_token", &sensitive("202-555-0100")).unwrap();
    let mut call = carrier.authenticated("dana", &other);
    let refused = call.view_token(&stolen, "mobile_token", &token).unwrap_err();
    assert_eq!(refused, SealedError::Commitment.into());
}

#[test]
fn tokens_cannot_be_tried_one_after_the_other() {
    let carrier = carrier();
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    let found = FormatToken::from_stored("1234567890");
    let mut refused = (0..20).map(|_| call.view_token(&sealed, "mobile_token", &found).unwrap_err());
    assert!(refused.any(|error| error == InteractionError::LockedOut.into()), "twenty tokens were tried");
}

#[cfg(feature = "sqlite")]
#[test]
fn a_column_is_the_same_after_a_restart() {
    let folder = std::env::temp_dir().join(format!("cpni-guard-tokens-{}", std::process::id()));
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let open = || {
        let store = cpni_guard::SqliteStore::open(&folder).unwrap();
        let carrier = Carrier::with_keys(Arc::clone(&keys), store).unwrap();
        register(&carrier.guard);
        carrier.guard.tokenise("ssn_token", &sensitive("987-65-4321")).unwrap()
    };
    let token = open();
    assert_eq!(open(), token);
    let store = cpni_guard::SqliteStore::open(&folder).unwrap();
    assert_eq!(store.columns().versions_in_use(), Ok(BTreeSet::from([1])));
    let file = std::fs::read(folder.join("columns.sqlite3")).unwrap();
    let file = [file, std::fs::read(folder.join("columns.sqlite3-wal")).unwrap_or_default()].concat();
    for absent in ["987654321", "4321", token.as_str()] {
        assert!(!file.windows(absent.len()).any(|part| part == absent.as_bytes()), "{absent}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Fails while its switch is on.
#[derive(Debug)]
struct Failing(MemoryColumnStore, Arc<AtomicBool>);

impl Failing {
    fn check(&self) -> Result<(), StoreError> {
        if self.1.load(Ordering::SeqCst) { Err(StoreError::Io) } else { Ok(()) }
    }
}

impl ColumnStore for Failing {
    fn get(&self, tenant: &TenantId, column: &FieldName) -> Result<Option<StoredColumn>, StoreError> {
        self.check().and_then(|()| self.0.get(tenant, column))
    }

    fn replace(
        &self,
        tenant: &TenantId,
        column: &FieldName,
        before: Option<&StoredColumn>,
        after: &StoredColumn,
    ) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.0.replace(tenant, column, before, after))
    }

    fn names(&self, tenant: &TenantId) -> Result<Vec<FieldName>, StoreError> {
        self.check().and_then(|()| self.0.names(tenant))
    }

    fn versions_in_use(&self) -> Result<BTreeSet<u32>, StoreError> {
        self.check().and_then(|()| self.0.versions_in_use())
    }
}

#[test]
fn without_its_entry_a_column_makes_no_token() {
    let fails = Arc::new(AtomicBool::new(false));
    let columns = Arc::new(Failing(MemoryColumnStore::new(), Arc::clone(&fails)));
    let carrier = Carrier::new(Stores { columns, ..Stores::in_memory() });
    register(&carrier.guard);
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    let value = sensitive("202-555-0100");
    let token = carrier.guard.tokenise("mobile_token", &value).unwrap();
    fails.store(true, Ordering::SeqCst);
    let io = Error::from(StoreError::Io);
    let column = TokenColumn::sealed("another", "email").unwrap();
    assert_eq!(carrier.guard.register_column(column).unwrap_err(), io);
    assert_eq!(carrier.guard.tokenise("mobile_token", &value).unwrap_err(), io);
    assert_eq!(carrier.guard.tokenise_many("mobile_token", &[value]).unwrap_err(), io);
    assert_eq!(carrier.guard.token_columns().unwrap_err(), io);
    assert_eq!(carrier.guard.rotate_column("mobile_token").unwrap_err(), io);
    assert_eq!(call.view_token(&sealed, "mobile_token", &token).unwrap_err(), io);
    fails.store(false, Ordering::SeqCst);
    assert!(call.view_token(&sealed, "mobile_token", &token).is_ok());
}

/// The SSNs of a list that leaked elsewhere; every hundredth of them is a customer's.
fn known_ssns() -> Vec<String> {
    (0..5000_u32).map(|number| format!("{:09}", 900_000_000 + number * 7919)).collect()
}

/// How many values of a stolen column a thief finds, who knows the whole program and a list that every
/// customer is on, and has for each value of it what `guess` makes.
fn found(stolen: &[(String, &String)], guess: impl Fn(&[String]) -> Vec<String>) -> usize {
    let known = known_ssns();
    let dictionary: HashMap<_, _> = guess(&known).into_iter().zip(&known).collect();
    stolen.iter().filter(|(token, ssn)| dictionary.get(token) == Some(ssn)).count()
}

fn format_tokens(guard: &Guard, ssns: &[String]) -> Vec<String> {
    let values: Vec<_> = ssns.iter().map(|ssn| sensitive(ssn)).collect();
    let tokens = guard.tokenise_many("ssn_token", &values).unwrap();
    tokens.into_iter().map(|token| token.unwrap().as_str().to_owned()).collect()
}

fn sealed_tokens(guard: &Guard, ssns: &[String]) -> Vec<String> {
    let token = |ssn: &String| guard.seal_token("ssn_join", &sensitive(ssn)).unwrap();
    ssns.iter().map(|ssn| token(ssn).to_text()).collect()
}

fn hashes(ssns: &[String]) -> Vec<String> {
    let hash = |ssn: &String| Sha256::digest(ssn).iter().map(|byte| format!("{byte:02x}")).collect();
    ssns.iter().map(hash).collect()
}

#[test]
fn a_stolen_column_without_keys_gives_up_no_ssn_and_an_unkeyed_hash_gives_up_all() {
    let known = known_ssns();
    let customers: Vec<String> = known.iter().step_by(100).cloned().collect();
    let guard = |carrier: Carrier| {
        register(&carrier.guard);
        carrier.guard.register_column(TokenColumn::sealed("ssn_join", "ssn").unwrap()).unwrap();
        carrier.guard
    };
    let victim = guard(Carrier::new(Stores::in_memory()));
    let column = |tokens: Vec<String>| tokens.into_iter().zip(&customers).collect::<Vec<_>>();
    let stolen_format = column(format_tokens(&victim, &customers));
    let stolen_sealed = column(sealed_tokens(&victim, &customers));

    // The attack works: an unkeyed hash gives up every one of them, and so does a column whose tokens
    // the thief may have made (why making them is for the back end).
    assert_eq!(found(&column(hashes(&customers)), hashes), customers.len());
    assert_eq!(found(&stolen_format, |ssns| format_tokens(&victim, ssns)), customers.len());

    // With the program, the definition of the column and keys of the thief's own: not one.
    for _ in 0..3 {
        let own = guard(Carrier::new(Stores::in_memory()));
        assert_eq!(found(&stolen_format, |ssns| format_tokens(&own, ssns)), 0);
        assert_eq!(found(&stolen_sealed, |ssns| sealed_tokens(&own, ssns)), 0);
    }
    // Nor as they stand, nor as a hash of anything.
    for guess in [|ssns: &[String]| ssns.to_vec(), hashes] {
        assert_eq!(found(&stolen_format, guess) + found(&stolen_sealed, guess), 0);
    }
    // No part shines through: a token agrees with its value in a digit as often as chance has it.
    let digits = |token: &str, ssn: &str| token.bytes().zip(ssn.bytes()).filter(|(a, b)| a == b).count();
    let all = format_tokens(&victim, &known);
    let agree: usize = all.iter().zip(&known).map(|(token, ssn)| digits(token, ssn)).sum();
    assert!((4050..4950).contains(&agree), "{agree} of 45,000 digits agree");
}

#[test]
fn tokens_show_nothing_in_debug() {
    let carrier = carrier();
    let token = carrier.guard.tokenise("ssn_token", &sensitive("987-65-4321")).unwrap();
    let sealed = carrier.guard.seal_token("mobile_join", &sensitive("202-555-0100")).unwrap();
    assert_eq!(format!("{token:?}"), "FormatToken(..)");
    assert_eq!(format!("{sealed:?}"), "SealedToken { version: 1, .. }");
    let refused = SealedToken::from_text("987-65-4321").unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("4321"));
}

/// A key of tokens outlives the last column that has it.
#[test]
fn a_token_key_is_destroyed_when_no_column_has_it() {
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let carrier = Carrier::with_keys(Arc::clone(&keys), Stores::in_memory()).unwrap();
    register(&carrier.guard);
    let desk = carrier.guard.keys();
    let destroy = || desk.destroy(&keys, KeyBranch::Token, 1, Unneeded::OwnStores);
    assert_eq!(destroy(), Err(KeyError::StillActive { version: 1 }.into()));
    assert_eq!(desk.rotate(&keys, KeyBranch::Token), Ok(2));
    let in_use = Err(Error::from(KeyError::InUse { version: 1, uses: 1 }));
    for column in ["ssn_token", "mobile_token", "mobile_join"] {
        carrier.guard.rotate_column(column).unwrap();
        assert_eq!(destroy(), in_use, "its previous tokens are being replaced");
        carrier.guard.confirm_column(column).unwrap();
    }
    destroy().unwrap();
    // Each step is on record, also one that was refused.
    let again = carrier.guard.rotate_column("ssn_token").unwrap_err();
    assert_eq!(again, TokenError::NothingToRotate { version: 2 }.into());
    let events = carrier.guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts);
    let told: Vec<_> = events
        .filter(|facts| facts.kind == EventKind::KeysChanged)
        .map(|facts| (facts.basis.unwrap().as_str().to_owned(), facts.cause))
        .filter(|(basis, _)| basis.ends_with(":ssn_token"))
        .collect();
    let told: Vec<_> = told.iter().map(|(basis, cause)| (basis.as_str(), *cause)).collect();
    let (rotate, confirm) = ("rotate-column:ssn_token", "confirm-column:ssn_token");
    assert_eq!(told, [(rotate, 0), (confirm, 0), (rotate, 0), (rotate, 3119)]);
    assert_eq!(carrier.guard.rotate_column("no_such"), Err(TokenError::UnknownColumn.into()));
    carrier.guard.tokenise("ssn_token", &sensitive("987-65-4321")).unwrap();
}
