//! Vault tokens: what they stand for comes out as a disclosure, and as nothing else.

use std::sync::Arc;
use std::time::Duration;

use cpni_guard::error::{InteractionError, KeyError, RecordError, SealedError, TokenError};
use cpni_guard::guard::{ResealedTokens, Unneeded};
use cpni_guard::keys::KeyBranch;
use cpni_guard::vocabulary::{Channel, EventKind, Op, Outcome};
use cpni_guard::{
    Error, Evidence, Interaction, MemoryKeys, Protected, Purpose, Stores, TokenTerms, VaultToken,
};

use crate::fixture::{Carrier, NOON, PASSWORD, account, record};

const DAY: Duration = Duration::from_secs(86_400);

fn terms() -> TokenTerms {
    TokenTerms::until(NOON.plus(DAY)).for_purpose(Purpose::Support)
}

fn carrier() -> (Carrier, Protected) {
    let carrier = Carrier::new(Stores::in_memory());
    let sealed = carrier.customer(&account("A-1"));
    (carrier, sealed)
}

fn shown(call: &mut Interaction, token: &VaultToken) -> Result<String, Error> {
    let view = call.detokenise(token)?;
    let (_, field) = view.fields().next().unwrap();
    field.disclosed()?.with_text(ToOwned::to_owned)
}

fn last(carrier: &Carrier, back: u64) -> cpni_guard::audit::AuditEvent {
    let size = carrier.guard.audit().size();
    let mut entries = carrier.guard.audit().entries(size - 1 - back..size - back);
    entries.next().unwrap().unwrap().1
}

const NOT_VALID: Result<String, Error> = Err(Error::Token(TokenError::NotValid));

#[test]
fn a_token_is_made_by_the_back_end_and_opened_as_a_view() {
    let (carrier, sealed) = carrier();
    let token = carrier.guard.issue_token(&account("A-1"), &sealed, "mobile", terms()).unwrap();
    assert!(token.to_text().starts_with("cgacc1"));
    let issued = last(&carrier, 0);
    assert_eq!(issued.facts.kind, EventKind::TokenIssued);
    assert!(issued.account.is_some());

    // The partner's text comes back, typed in capitals.
    let token = VaultToken::from_text(&token.to_text().to_uppercase()).unwrap();
    let mut call = carrier.authenticated("dana", &account("A-1"));
    let view = call.detokenise(&token).unwrap();
    view.field("mobile")
        .unwrap()
        .disclosed()
        .unwrap()
        .with_text(|text| assert_eq!(text, "+1 202 555 0100"))
        .unwrap();
    let (announced, viewed) = (last(&carrier, 1), last(&carrier, 0));
    assert_eq!((announced.facts.kind, announced.facts.cause), (EventKind::TokenPresented, 0));
    assert_eq!(announced.facts.basis, issued.facts.basis);
    assert_eq!(
        (viewed.facts.kind, view.audit_index()),
        (EventKind::Viewed, carrier.guard.audit().size() - 1)
    );
    let field = &viewed.facts.fields[0];
    assert_eq!((field.field.as_str(), field.op, field.outcome), ("mobile", Op::View, Outcome::Disclose));

    // It dies with the interaction, as any view.
    call.end().unwrap();
    assert!(view.field("mobile").unwrap().disclosed().unwrap().with_text(|_| ()).is_err());
    carrier.guard.audit().verify().unwrap();
}

#[test]
fn policy_decides_and_a_refusal_uses_nothing_up() {
    let (carrier, sealed) = carrier();
    let token = carrier.guard.issue_token(&account("A-1"), &sealed, "plan", terms().single_use()).unwrap();
    let ssn = carrier.guard.issue_token(&account("A-1"), &sealed, "ssn", terms()).unwrap();
    assert!(ssn.to_text().starts_with("cgssn1"));
    let mut call = carrier.call("dana", &account("A-1"));
    // 64.2010(a): a caller who is not authenticated. The token is still good.
    for _ in 0..2 {
        let view = call.detokenise(&token).unwrap();
        assert_eq!(view.field("plan").unwrap().decision().outcome(), Outcome::Withhold);
    }
    call.present(Evidence::password(PASSWORD)).unwrap();
    assert_eq!(shown(&mut call, &token).unwrap(), "Unlimited Plus");
    assert_eq!(shown(&mut call, &token), NOT_VALID, "used up");
    // Nobody in care may see an SSN, and a token of it is no way around.
    assert_eq!(call.detokenise(&ssn).unwrap().field("ssn").unwrap().decision().outcome(), Outcome::Withhold);
}

/// What an insider or a partner tries: another customer's token, another purpose, after its end, after it
/// was revoked, one that was made up. All get the same answer, and each is recorded.
#[test]
fn a_token_that_is_not_good_here_is_refused_and_the_answer_says_no_more() {
    let (carrier, sealed) = carrier();
    let guard = &carrier.guard;
    carrier.customer(&account("A-2"));
    let issue = |terms| guard.issue_token(&account("A-1"), &sealed, "plan", terms).unwrap();
    let (good, short) = (
        issue(terms()),
        issue(TokenTerms::until(NOON.plus(Duration::from_secs(60))).for_purpose(Purpose::Support)),
    );
    let (billing, revoked) =
        (issue(TokenTerms::until(NOON.plus(DAY)).for_purpose(Purpose::Billing)), issue(terms()));
    assert_eq!((guard.revoke_token(&revoked), guard.revoke_token(&revoked)), (Ok(true), Ok(false)));
    let of_another_guard = {
        let (other, sealed) = self::carrier();
        other.guard.issue_token(&account("A-1"), &sealed, "plan", terms()).unwrap()
    };

    let mut call = carrier.authenticated("dana", &account("A-2"));
    assert_eq!(shown(&mut call, &good), NOT_VALID, "another customer's");
    let refused = last(&carrier, 0);
    assert_eq!((refused.facts.kind, refused.facts.cause), (EventKind::TokenPresented, 3153));
    call.end().unwrap();

    let mut call = carrier.authenticated("dana", &account("A-1"));
    for token in [&billing, &revoked, &of_another_guard] {
        assert_eq!(shown(&mut call, token), NOT_VALID);
    }
    assert_eq!(shown(&mut call, &short).unwrap(), "Unlimited Plus");
    carrier.advance(60);
    assert_eq!(shown(&mut call, &short), NOT_VALID, "its end");
    assert_eq!(shown(&mut call, &good).unwrap(), "Unlimited Plus");
    assert_eq!(guard.sweep_tokens(9), Ok(1));
    assert_eq!(guard.revoke_tokens_of(&account("A-1")), Ok(2));
    assert_eq!(shown(&mut call, &good), NOT_VALID);
    call.end().unwrap();
    assert_eq!(shown(&mut carrier.call("dana", &account("A-1")), &good), NOT_VALID);
    guard.audit().verify().unwrap();
}

#[test]
fn guessing_tokens_is_seen_by_the_watch() {
    let (carrier, _) = carrier();
    let mut call = carrier.authenticated("dana", &account("A-1"));
    let stranger = self::carrier();
    let other = stranger.0.guard.issue_token(&account("A-1"), &stranger.1, "plan", terms()).unwrap();
    let held = (0..500).any(|_| shown(&mut call, &other) != NOT_VALID);
    let tripped = carrier
        .guard
        .audit()
        .entries(0..u64::MAX)
        .any(|entry| entry.unwrap().1.facts.kind == EventKind::WatchTripped);
    assert!(held || tripped, "five hundred refusals of one agent passed unseen");
}

#[test]
fn what_has_no_token_and_terms_that_are_none() {
    let (carrier, sealed) = carrier();
    let issue =
        |field: &str, terms| carrier.guard.issue_token(&account("A-1"), &sealed, field, terms).unwrap_err();
    let events = carrier.guard.audit().size();
    assert_eq!(issue("call_detail", terms()), TokenError::WrongShape.into());
    assert_eq!(issue("nothing", terms()), RecordError::UnknownField { position: 0 }.into());
    assert_eq!(issue("plan", TokenTerms::until(NOON.plus(DAY))), TokenError::Terms { max_days: 366 }.into());
    let other = carrier.guard.issue_token(&account("A-2"), &sealed, "plan", terms()).unwrap_err();
    assert_eq!(other, SealedError::Commitment.into(), "another account's bytes");
    assert_eq!(carrier.guard.audit().size(), events, "nothing was made");
}

/// Of eight who present a single-use token at once, one sees what it stands for.
#[test]
fn a_single_use_token_is_used_once() {
    let (carrier, sealed) = carrier();
    let token = carrier.guard.issue_token(&account("A-1"), &sealed, "plan", terms().single_use()).unwrap();
    let mut calls: Vec<_> = (0..8).map(|_| carrier.authenticated("dana", &account("A-1"))).collect();
    let seen: usize = std::thread::scope(|scope| {
        let threads: Vec<_> =
            calls.iter_mut().map(|call| scope.spawn(|| usize::from(shown(call, &token).is_ok()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(seen, 1);
}

/// Keys rotate under the vault: its entries move, the tokens stay as they are, and the old key is not
/// destroyed while an entry needs it.
#[test]
fn tokens_stay_good_while_keys_rotate() {
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let carrier = Carrier::with_keys(Arc::clone(&keys), Stores::in_memory()).unwrap();
    let sealed = carrier.guard.protect(&account("A-1"), record()).unwrap();
    let issue = || carrier.guard.issue_token(&account("A-1"), &sealed, "plan", terms()).unwrap();
    let tokens = [issue(), issue()];
    let desk = carrier.guard.keys();
    desk.rotate(&keys, KeyBranch::Data).unwrap();
    assert_eq!(desk.needs(KeyBranch::Data, 1).unwrap().tokens, 2);
    let mut job = carrier.guard.reseal_job();
    job.batch([]).unwrap();
    let report = job.finish();
    let destroy = || desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::Rows(&report));
    assert_eq!(destroy(), Err(KeyError::InUse { version: 1, uses: 2 }.into()));
    assert_eq!(carrier.guard.reseal_tokens(1).unwrap().moved, 1);
    assert_eq!(carrier.guard.token_versions(), Ok(vec![(1, 1), (2, 1)]));
    assert_eq!(carrier.guard.reseal_tokens(9), Ok(ResealedTokens { moved: 1, failed: 0 }));
    assert_eq!(carrier.guard.reseal_tokens(9), Ok(ResealedTokens { moved: 0, failed: 0 }));
    destroy().unwrap();
    carrier.guard.import_password(&account("A-1"), &PASSWORD.to_owned().into()).unwrap();
    let mut call = carrier.authenticated("dana", &account("A-1"));
    for token in &tokens {
        assert_eq!(shown(&mut call, token).unwrap(), "Unlimited Plus");
    }
}

#[test]
fn an_interaction_that_has_ended_shows_no_token() {
    let (carrier, sealed) = carrier();
    let token = carrier.guard.issue_token(&account("A-1"), &sealed, "plan", terms()).unwrap();
    let contact = carrier.contact("call-9", Channel::PhoneInbound, "dana");
    let mut call = carrier.interaction("dana", &account("A-1"), contact).unwrap();
    carrier.advance(365 * 86_400);
    assert_eq!(shown(&mut call, &token), Err(InteractionError::Expired.into()));
}

/// The file is shared by processes and outlives them.
#[cfg(feature = "sqlite")]
#[test]
fn tokens_outlive_the_process() {
    use cpni_guard::SqliteStore;

    let keys = Arc::new(MemoryKeys::new().unwrap());
    let folder = std::env::temp_dir().join(format!("cpni-guard-tokens-{}", std::process::id()));
    let open = || Carrier::with_keys(Arc::clone(&keys), SqliteStore::open(&folder).unwrap()).unwrap();
    let first = open();
    let sealed = first.customer(&account("A-1"));
    let token = first.guard.issue_token(&account("A-1"), &sealed, "plan", terms()).unwrap();
    assert_eq!(first.guard.token_versions(), Ok(vec![(1, 1)]));
    assert_eq!(first.guard.reseal_tokens(9).unwrap().moved, 0, "it is under the active version");
    drop(first);
    let second = open();
    let mut call = second.authenticated("dana", &account("A-1"));
    assert_eq!(shown(&mut call, &token).unwrap(), "Unlimited Plus");
    drop((call, second));
    std::fs::remove_dir_all(folder).unwrap();
}
