//! Vault tokens, and columns of tokens.

use std::sync::Arc;

use cpni_guard::vocabulary::{DataClass, Purpose};
use cpni_guard_ffi::{
    Alphabet, ColumnStatus, CpniError, Guard, GuardBuilder, Interaction, KeyHolder, TokenColumn, TokenForm,
    TokenKind, TokenTerms, VaultToken, sealed_token_version,
};

use crate::fixture::*;

fn terms(uses: Option<u32>) -> TokenTerms {
    TokenTerms { expires_micros: NOON + DAY, purposes: vec![Purpose::Support], uses }
}

fn issue(
    carrier: &Carrier,
    sealed: &[u8],
    field: &str,
    terms: TokenTerms,
) -> Result<Arc<VaultToken>, CpniError> {
    carrier.guard.issue_token(ACCOUNT.to_owned(), sealed, &request(&[field]), terms)
}

fn shown(call: &Interaction, token: &VaultToken) -> Result<Vec<u8>, CpniError> {
    call.detokenise(token)?.view.reveal(0)
}

#[test]
fn a_vault_token_is_issued_opened_and_revoked() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let token = issue(&carrier, &sealed, "plan", terms(None)).unwrap();
    let text = token.text().unwrap();
    assert_eq!((text.len(), &text[..6], token.data_class()), (38, "cgsvc1", Ok(DataClass::ServiceDetails)));
    let again = VaultToken::from_text(text.to_uppercase()).unwrap();
    let call = carrier.authenticated("call-1");
    assert_eq!(shown(&call, &again).unwrap(), b"Unlimited Canary");
    assert_eq!(carrier.guard.token_versions().unwrap()[0].count, 1);

    let once = issue(&carrier, &sealed, "name", terms(Some(1))).unwrap();
    assert_eq!(shown(&call, &once).unwrap(), b"Dana Q. Example");
    assert_eq!(code(call.detokenise(&once)), 3153, "used up");
    assert_eq!(carrier.guard.sweep_tokens(10), Ok(1));

    assert_eq!(carrier.guard.revoke_token(&again), Ok(true));
    assert_eq!(carrier.guard.revoke_token(&token), Ok(false));
    assert_eq!(code(call.detokenise(&token)), 3153);
    issue(&carrier, &sealed, "plan", terms(None)).unwrap();
    assert_eq!(carrier.guard.revoke_tokens_of(ACCOUNT.to_owned()), Ok(1));
}

#[test]
fn what_has_no_vault_token_is_refused() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let refused = |field, terms| code(issue(&carrier, &sealed, field, terms));
    assert_eq!(refused("call_detail", terms(None)), 3107);
    assert_eq!(refused("nothing", terms(None)), 1101);
    assert_eq!(refused("plan", terms(Some(0))), 3151, "never good is not always good");
    assert_eq!(refused("plan", TokenTerms { purposes: Vec::new(), ..terms(None) }), 3151);
    assert_eq!(refused("plan", TokenTerms { expires_micros: NOON, ..terms(None) }), 3151);
    assert_eq!(code(issue(&carrier, b"CGR", "plan", terms(None))), 3001);
    for mistyped in ["987-65-4321", "cgssn1wd5hsar9v4hzqcnew3jhxgr0vc048mlf", ""] {
        assert_eq!(code(VaultToken::from_text(mistyped.to_owned())), 3150);
    }
}

const COLUMN: &str = "ssn_token";

/// A column of tokens of each kind, of the SSN.
fn register(guard: &Guard) -> (ColumnStatus, ColumnStatus) {
    let form = TokenForm::Format {
        alphabet: Alphabet::Digits,
        shortest: 9,
        longest: 9,
        written_in: Some(Alphabet::TenLetters),
    };
    let column = |name: &str, form| TokenColumn { name: name.to_owned(), field: "ssn".to_owned(), form };
    (
        guard.register_column(column(COLUMN, form)).unwrap(),
        guard.register_column(column("ssn_join", TokenForm::Sealed)).unwrap(),
    )
}

#[test]
fn columns_of_tokens_are_made_in_lists() {
    let carrier = Carrier::new();
    let (format, join) = register(&carrier.guard);
    assert_eq!((format.version, join.previous), (1, None));
    assert_eq!(carrier.guard.token_columns().unwrap().len(), 2);

    let values = list(&[b"987-65-4321", b"987 65 4321", b"98765432A", b"1"]);
    let made = |column: &str, kind| carrier.guard.tokenise(column.to_owned(), kind, &values);
    let tokens = results(&made(COLUMN, TokenKind::Format).unwrap());
    let token = tokens[0].clone().unwrap();
    assert_eq!(tokens, [Ok(token.clone()), Ok(token.clone()), Err(3111), Err(3111)]);
    assert!(token.len() == 9 && token.bytes().all(|letter| letter.is_ascii_uppercase()));
    let joins = results(&made("ssn_join", TokenKind::Sealed).unwrap());
    assert_eq!(joins[0], joins[1]);
    assert_eq!((joins[2].clone(), sealed_token_version(joins[0].clone().unwrap())), (Err(3111), Ok(1)));
    for (column, kind) in [(COLUMN, TokenKind::Sealed), ("ssn_join", TokenKind::Format)] {
        assert_eq!(code(made(column, kind)), 3110, "the column has the other kind");
    }
    assert_eq!(code(made("no_column", TokenKind::Sealed)), 3109);
}

#[test]
fn a_token_of_another_account_opens_nothing() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let plan =
        TokenColumn { name: "plan_join".to_owned(), field: "plan".to_owned(), form: TokenForm::Sealed };
    carrier.guard.register_column(plan).unwrap();
    let of = |value: &[u8]| {
        let tokens = carrier.guard.tokens_of("plan_join".to_owned(), TokenKind::Sealed, value).unwrap();
        results(&tokens)[0].clone().unwrap()
    };
    let call = carrier.authenticated("call-1");
    let view = |token: &str| {
        let column = "plan_join".to_owned();
        call.view_token(&sealed, &request(&[]), column, TokenKind::Sealed, token.as_bytes())
    };
    let seen = view(&of(b"Unlimited Canary")).unwrap();
    assert_eq!(seen.view.reveal(0).unwrap(), b"Unlimited Canary");
    assert_eq!(code(view(&of(b"Another plan"))), 3121);
    assert_eq!(code(view("987-65-4321")), 3114);
    let named = call.view_token(
        &sealed,
        &request(&["plan"]),
        "plan_join".to_owned(),
        TokenKind::Sealed,
        of(b"x").as_bytes(),
    );
    assert_eq!(code(named), 9302, "the column says which field");
}

#[test]
fn what_has_no_tokens_is_refused_with_its_reason() {
    let carrier = Carrier::new();
    let refused = |field: &str, alphabet, shortest, longest, written_in| {
        let form = TokenForm::Format { alphabet, shortest, longest, written_in };
        code(carrier.guard.register_column(TokenColumn {
            name: "c".to_owned(),
            field: field.to_owned(),
            form,
        }))
    };
    assert_eq!(refused("mobile", Alphabet::Digits, 5, 5, None), 3104);
    assert_eq!(refused("mobile", Alphabet::Digits, 10, u32::MAX, None), 3105);
    assert_eq!(refused("ssn_last4", Alphabet::DigitsAndLetters, 4, 4, None), 3106);
    assert_eq!(refused("call_detail", Alphabet::Letters, 9, 9, None), 3107);
    assert_eq!(refused("mobile", Alphabet::Digits, 10, 10, Some(Alphabet::Letters)), 3103);
    assert_eq!(refused("mobile", Alphabet::Of { characters: "0120".to_owned() }, 10, 10, None), 3102);
    assert_eq!(refused("nothing", Alphabet::Digits, 9, 9, None), 1101);
    let unknown = carrier.guard.tokenise("c".to_owned(), TokenKind::Format, &list(&[b"1"]));
    assert_eq!(code(unknown), 3109);
}

#[test]
fn the_tokens_of_a_column_are_replaced_in_two_steps() {
    let keys = KeyHolder::memory().unwrap();
    let carrier = Carrier::built(|builder: &GuardBuilder| builder.keys(&keys));
    register(&carrier.guard);
    let guard = &carrier.guard;
    let old =
        results(&guard.tokenise(COLUMN.to_owned(), TokenKind::Format, &list(&[b"987-65-4321"])).unwrap());
    let join = guard.tokenise("ssn_join".to_owned(), TokenKind::Sealed, &list(&[b"987-65-4321"]));
    let join = results(&join.unwrap())[0].clone().unwrap();
    assert_eq!(code(guard.rotate_column(COLUMN.to_owned())), 3119);
    assert_eq!(code(guard.confirm_column(COLUMN.to_owned())), 3118);
    let desk = guard.clone().key_desk(keys, None).unwrap();
    assert_eq!(desk.rotate(cpni_guard::keys::KeyBranch::Token), Ok(2));
    for column in [COLUMN, "ssn_join"] {
        let status = guard.rotate_column(column.to_owned()).unwrap();
        assert_eq!((status.version, status.previous), (2, Some(1)));
    }
    let both = guard.tokens_of(COLUMN.to_owned(), TokenKind::Format, b"987-65-4321").unwrap();
    let both = results(&both);
    assert_eq!((both.len(), both[1].clone()), (2, old[0].clone()));
    let tokens = list(&[old[0].as_ref().unwrap().as_bytes(), b"too long a token"]);
    let new = results(&guard.replace_tokens(COLUMN.to_owned(), TokenKind::Format, &tokens).unwrap());
    assert_eq!(new, [both[0].clone(), Err(3112)]);
    let tokens = list(&[join.as_bytes(), b"987-65-4321"]);
    let again = results(&guard.replace_tokens("ssn_join".to_owned(), TokenKind::Sealed, &tokens).unwrap());
    assert_eq!((sealed_token_version(again[0].clone().unwrap()), again[1].clone()), (Ok(2), Err(3114)));
    assert_eq!(guard.confirm_column(COLUMN.to_owned()).unwrap().previous, None);
}
