use proptest::prelude::*;

use super::super::vault_store::MemoryTokenVault;
use super::*;
use crate::keys::MemoryKeys;

const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);
const DAY: Duration = Duration::from_secs(86_400);
const SEALED: &[u8] = b"a sealed field";

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

fn field() -> FieldName {
    FieldName::new("mobile").unwrap()
}

fn terms() -> TokenTerms {
    TokenTerms::until(NOW.plus(DAY)).for_purpose(Purpose::Support)
}

fn tokens(store: &Arc<MemoryTokenVault>, keys: &Arc<Keyring>, tenant: &str) -> Tokens {
    Tokens::new(Arc::clone(store) as _, Arc::clone(keys), TenantId::new(tenant).unwrap())
}

struct Vault {
    store: Arc<MemoryTokenVault>,
    keys: Arc<Keyring>,
    tokens: Tokens,
}

impl Vault {
    fn new() -> Self {
        let (store, keys) = (Arc::default(), Arc::new(Keyring::open(&MemoryKeys::new().unwrap()).unwrap()));
        Self { tokens: tokens(&store, &keys, "t-1"), store, keys }
    }

    fn issue(&self, terms: TokenTerms) -> VaultToken {
        let token = self.tokens.draw(DataClass::AccountInfo).unwrap();
        self.put(&token, terms).unwrap();
        token
    }

    fn put(&self, token: &VaultToken, terms: TokenTerms) -> Result<(), Error> {
        let issued = Issued::new(account("A-1"), field(), token.class(), SEALED.to_vec(), terms);
        self.tokens.put(&self.tokens.reference(token), &issued, NOW)
    }

    fn find(&self, token: &VaultToken) -> Result<Option<Issued>, Error> {
        self.tokens.find(&self.tokens.reference(token), token.class())
    }

    /// What somebody does who can write the store.
    fn tamper(&self, token: &VaultToken, change: impl FnOnce(&mut StoredToken)) {
        let of = self.tokens.reference(token);
        let mut stored = self.store.get(&of).unwrap().unwrap();
        change(&mut stored);
        assert!(self.store.remove(&of).unwrap());
        self.store.put(&of, &stored, u64::MAX).unwrap();
    }
}

#[test]
fn a_token_is_good_for_what_was_said_and_nothing_else() {
    let vault = Vault::new();
    let token = vault.issue(terms().for_purpose(Purpose::Fraud).single_use());
    let issued = vault.find(&token).unwrap().unwrap();
    assert_eq!(
        (issued.field.as_str(), issued.class, &*issued.sealed),
        ("mobile", DataClass::AccountInfo, SEALED)
    );
    let good = |id: &str, purpose, at| issued.is_good(&account(id), purpose, at);
    assert!(good("A-1", Purpose::Support, NOW) && good("A-1", Purpose::Fraud, NOW));
    assert!(!good("A-2", Purpose::Support, NOW));
    assert!(!good("A-1", Purpose::Billing, NOW) && !good("A-1", Purpose::None, NOW));
    assert!(good("A-1", Purpose::Support, Timestamp::from_micros(NOW.plus(DAY).as_micros() - 1)));
    assert!(!good("A-1", Purpose::Support, NOW.plus(DAY)), "its end is not in it");
    assert_eq!(vault.tokens.take_use(&vault.tokens.reference(&token), NOW), Ok(true));
    assert_eq!(vault.tokens.take_use(&vault.tokens.reference(&token), NOW), Ok(false));
    assert!(!vault.find(&token).unwrap().unwrap().is_good(&account("A-1"), Purpose::Support, NOW));
    // One of the same bits under another class is another token.
    let other = VaultToken::new(DataClass::Ssn, *token.id());
    assert!(vault.find(&other).unwrap().is_none());
}

#[test]
fn terms_say_a_purpose_and_an_end_that_is_near() {
    let vault = Vault::new();
    let refused = |terms: TokenTerms| {
        let token = vault.tokens.draw(DataClass::Ssn).unwrap();
        vault.put(&token, terms).unwrap_err()
    };
    let max = Error::from(TokenError::Terms { max_days: 366 });
    for until in [
        NOW,
        Timestamp::default(),
        NOW.plus(MAX_TOKEN_LIFE + Duration::from_micros(1)),
        Timestamp::from_micros(u64::MAX),
    ] {
        assert_eq!(refused(TokenTerms::until(until).for_purpose(Purpose::Support)), max);
    }
    assert_eq!(refused(TokenTerms::until(NOW.plus(DAY))), max);
    assert_eq!(refused(TokenTerms::until(NOW.plus(DAY)).for_purpose(Purpose::None)), max);
    for until in [NOW.plus(Duration::from_micros(1)), NOW.plus(MAX_TOKEN_LIFE)] {
        vault.issue(TokenTerms::until(until).for_purpose(Purpose::Support));
    }
    assert_eq!(
        vault.tokens.draw(DataClass::AuthSecret),
        Err(TokenError::RefusedClass { class: DataClass::AuthSecret }.into())
    );
    assert!(Purpose::ALL.iter().all(|purpose| purpose.code() < 32));
}

/// Who can write the store: rows exchanged, uses and ends put up, the account changed, bytes changed.
#[test]
fn a_row_that_was_changed_gives_nothing() {
    let vault = Vault::new();
    let unreadable = Some(Error::from(TokenError::Unreadable));
    let other = vault.issue(terms());
    let other = vault.store.get(&vault.tokens.reference(&other)).unwrap().unwrap();
    type Change<'c> = (&'c str, &'c dyn Fn(&mut StoredToken));
    let changes: [Change<'_>; 9] = [
        ("uses without end", &|stored| stored.uses_left = None),
        ("more uses", &|stored| stored.uses_left = Some(3)),
        ("a later end", &|stored| stored.expires = NOW.plus(2 * DAY)),
        ("another account", &|stored| stored.account = VaultRef::from_pseudonym([7; 32])),
        ("another version", &|stored| stored.key_version = 2),
        ("another token's entry", &|stored| stored.entry.clone_from(&other.entry)),
        ("a format", &|stored| stored.entry[0] = 2),
        ("cut", &|stored| stored.entry.truncate(40)),
        ("empty", &|stored| stored.entry.clear()),
    ];
    for (what, change) in changes {
        let token = vault.issue(terms().uses(NonZeroU32::new(2).unwrap()));
        assert!(vault.find(&token).unwrap().is_some());
        vault.tamper(&token, change);
        assert_eq!(vault.find(&token).err(), unreadable, "{what}");
    }
    let token = vault.issue(terms());
    let entry = vault.store.get(&vault.tokens.reference(&token)).unwrap().unwrap().entry;
    for at in 0..entry.len() * 8 {
        vault.tamper(&token, |stored| stored.entry[at / 8] ^= 1 << (at % 8));
        assert!(vault.find(&token).is_err(), "bit {at}");
        vault.tamper(&token, |stored| stored.entry.clone_from(&entry));
    }
    assert!(vault.find(&token).unwrap().is_some());
}

/// A stolen vault: without the root keys it names no token, no account and no value, and another
/// tenant's keys open nothing of it.
#[test]
fn a_stolen_vault_says_nothing() {
    let vault = Vault::new();
    let (first, second) = (vault.issue(terms()), vault.issue(terms()));
    let rows =
        [&first, &second].map(|token| vault.store.get(&vault.tokens.reference(token)).unwrap().unwrap());
    assert_eq!(rows[0].account, rows[1].account, "which tokens are of one account shows");
    assert_ne!(rows[0].entry, rows[1].entry);
    for (row, token) in rows.iter().zip([&first, &second]) {
        let mut bytes = row.entry.clone();
        bytes.extend(row.account.as_bytes());
        bytes.extend(vault.tokens.reference(token).as_bytes());
        for secret in [&b"A-1"[..], b"mobile", SEALED, token.id()] {
            assert!(!bytes.windows(secret.len()).any(|at| at == secret));
        }
        let theirs = tokens(&vault.store, &vault.keys, "t-2");
        assert!(theirs.find(&theirs.reference(token), token.class()).unwrap().is_none());
    }
}

#[test]
fn the_length_of_an_entry_does_not_tell_the_account_ids() {
    let len =
        |id: &str| encode(&Issued::new(account(id), field(), DataClass::Ssn, SEALED.to_vec(), terms())).len();
    assert_eq!(len("1"), len(&"1".repeat(128)));
}

proptest! {
    #[test]
    fn what_is_decoded_is_what_was_encoded(
        id in "[!-~]{1,128}",
        name in "[a-z][a-z0-9_]{0,63}",
        (purposes, uses, micros) in any::<(u32, u32, u64)>(),
        class in prop::sample::select(DataClass::ALL),
        sealed in prop::collection::vec(any::<u8>(), 0..700),
    ) {
        let terms = TokenTerms { expires: Timestamp::from_micros(micros), purposes, uses: NonZeroU32::new(uses) };
        let name = FieldName::new(name).unwrap();
        let plain = encode(&Issued::new(account(&id), name.clone(), class, sealed.clone(), terms));
        let back = decode(&plain).unwrap();
        prop_assert_eq!((back.account, back.field, back.class), (account(&id), name, class));
        prop_assert_eq!((back.terms, back.sealed), (terms, sealed));
        for cut in 0..plain.len() {
            prop_assert!(decode(&plain[..cut]).is_none());
        }
    }
}
