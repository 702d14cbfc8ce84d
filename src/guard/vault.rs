//! Vault tokens: the back end has them made and revoked; what they stand for comes out in an
//! interaction only, decided and recorded as any view.

use crate::audit::EventFacts;
use crate::classify::FieldSpec;
use crate::disclose::{View, open_value};
use crate::envelope::{Binding, PlainContent, PlainField, SealedField, Stored, seal_record};
use crate::error::{Error, RecordError, SealedError, TokenError};
use crate::oversight::watch::What;
use crate::sensitive::Sensitive;
use crate::token::{Issued, TokenTerms, VaultRef, VaultToken};
use crate::vocabulary::{AccountId, BasisId, CivilDate, EventKind, RecordId, Scope, Shape, hex};

use super::interaction::Interaction;
use super::{Guard, Inner};

/// How far entries of older key versions were sealed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResealedTokens {
    /// Entries that are now under the active version.
    pub moved: u64,
    /// Entries that do not open, or whose key is gone. They stay as they are.
    pub failed: u64,
}

impl Guard {
    /// Makes a token for a field of an account, for a value that leaves the carrier. The value is sealed
    /// anew for the vault inside the library, and nobody sees it. For the back end; not for an agent's
    /// tool. Recorded.
    ///
    /// # Errors
    /// [`TokenError::RefusedClass`] for secrets; [`TokenError::WrongShape`] for lists of calls; [`TokenError::Terms`];
    /// [`RecordError::UnknownField`]; [`SealedError`] or [`crate::error::KeyError`] if the sealed bytes are
    /// not what they claim; [`crate::error::AuditError`], [`crate::error::StoreError`]: there is no token then.
    pub fn issue_token<'s>(
        &self,
        account: &AccountId,
        sealed: impl Into<Stored<'s>>,
        field: &str,
        terms: TokenTerms,
    ) -> Result<VaultToken, Error> {
        let schema = &self.0.schema;
        let spec = schema.field(field).ok_or(RecordError::UnknownField { position: 0 })?;
        if spec.shape() != Shape::Value {
            return Err(TokenError::WrongShape.into());
        }
        let sealed = sealed.into();
        self.issue(account, spec, terms, sealed.delete_after(), |id| {
            self.seal_for_vault(&sealed, account, spec, id)
        })
    }

    /// Makes a token for a value that stands in no sealed field: one that was found in a text.
    pub(super) fn issue_token_of(
        &self,
        account: &AccountId,
        spec: &FieldSpec,
        terms: TokenTerms,
        value: &Sensitive<String>,
    ) -> Result<VaultToken, Error> {
        self.issue(account, spec, terms, None, |id| self.seal_value_for_vault(value, account, spec, id, None))
    }

    fn issue(
        &self,
        account: &AccountId,
        spec: &FieldSpec,
        terms: TokenTerms,
        delete_after: Option<CivilDate>,
        seal: impl FnOnce(&RecordId) -> Result<Vec<u8>, Error>,
    ) -> Result<VaultToken, Error> {
        let tokens = &self.0.tokens;
        let now = self.now();
        terms.check(now, delete_after)?;
        let token = tokens.draw(spec.class())?;
        let of = tokens.reference(&token);
        let value = seal(&record_id(&of)?)?;
        self.record_token(EventKind::TokenIssued, Some(token_basis(&token, &of)?), Some(account))?;
        let issued = Issued::new(account.clone(), spec.name().clone(), spec.class(), value, terms);
        tokens.put(&of, &issued, now)?;
        Ok(token)
    }

    /// Revokes a token, for ever. `false`: it was not in the vault. Recorded.
    ///
    /// # Errors
    /// [`crate::error::AuditError`], [`crate::error::StoreError`]: it may still be good.
    pub fn revoke_token(&self, token: &VaultToken) -> Result<bool, Error> {
        let tokens = &self.0.tokens;
        let of = tokens.reference(token);
        // One that does not open is revoked all the same.
        let issued = tokens.find(&of, token.class()).ok().flatten();
        let account = issued.as_ref().map(|issued| &issued.account);
        self.record_token(EventKind::TokenRevoked, Some(token_basis(token, &of)?), account)?;
        Ok(tokens.remove(&of)?)
    }

    /// Revokes all tokens of an account. How many there were. Recorded.
    ///
    /// # Errors
    /// As [`Guard::revoke_token`].
    pub fn revoke_tokens_of(&self, account: &AccountId) -> Result<u64, Error> {
        self.record_token(EventKind::TokenRevoked, None, Some(account))?;
        Ok(self.0.tokens.remove_of(account)?)
    }

    /// Takes at most `limit` tokens out of the vault that have expired or are used up. How many.
    ///
    /// # Errors
    /// [`crate::error::StoreError`].
    pub fn sweep_tokens(&self, limit: usize) -> Result<u64, Error> {
        Ok(self.0.tokens.sweep(self.now(), limit)?)
    }

    /// Seals at most `limit` entries of the vault anew that are under older versions of the data root.
    /// Call it until it moves none. The tokens stay as they are.
    ///
    /// # Errors
    /// [`crate::error::StoreError`]: what was moved by then stays moved.
    pub fn reseal_tokens(&self, limit: usize) -> Result<ResealedTokens, Error> {
        let (moved, failed) = self.0.tokens.reseal(limit, |of, account, field, sealed| {
            let (id, sealed) = (record_id(of)?, SealedField::from_bytes(sealed)?);
            let spec = self.0.schema.field(field.as_str()).ok_or(SealedError::SchemaMismatch)?;
            self.seal_for_vault(&Stored::from((&sealed, &id)), account, spec, &id)
        })?;
        Ok(ResealedTokens { moved, failed })
    }

    /// How many entries of the vault need each version of the data root, by version.
    ///
    /// # Errors
    /// [`crate::error::StoreError`].
    pub fn token_versions(&self) -> Result<Vec<(u32, u64)>, Error> {
        Ok(self.0.tokens.versions()?)
    }

    /// Seals the value of a field anew, bound to the entry that it will stand in.
    fn seal_for_vault(
        &self,
        stored: &Stored<'_>,
        account: &AccountId,
        spec: &FieldSpec,
        id: &RecordId,
    ) -> Result<Vec<u8>, Error> {
        let value =
            self.open_with(account, stored, |opener| open_value(opener, spec.name(), spec.class()))?;
        // A token does not outlive the day of what it stands for.
        self.seal_value_for_vault(&value, account, spec, id, stored.delete_after())
    }

    fn seal_value_for_vault(
        &self,
        value: &Sensitive<String>,
        account: &AccountId,
        spec: &FieldSpec,
        id: &RecordId,
        delete_after: Option<CivilDate>,
    ) -> Result<Vec<u8>, Error> {
        let tenant = &self.0.tenant;
        let sealing = self.keys_to_seal(account, delete_after)?;
        // EXPOSE: sealed again, and wiped.
        let content = PlainContent::Value(value.expose().as_bytes());
        let binding = Binding { tenant, account, record: id };
        let field = PlainField { name: spec.name(), class: spec.class(), content };
        let record = seal_record(&sealing, binding, &mut [field])?;
        Ok(record.field(spec.name().as_str()).ok_or(SealedError::NoSuchField)?.as_bytes().to_vec())
    }

    fn record_token(
        &self,
        kind: EventKind,
        basis: Option<BasisId>,
        account: Option<&AccountId>,
    ) -> Result<(), Error> {
        let mut facts = self.event(kind, self.now());
        facts.basis = basis;
        self.0.audit.record(facts, account)?;
        Ok(())
    }
}

impl Interaction {
    /// Asks to see what a vault token stands for: a view of one field, decided, watched and recorded as
    /// any. A use of the token is taken before the record, and durably, where policy allows the view; a
    /// failure after that leaves it taken.
    ///
    /// # Errors
    /// [`TokenError::NotValid`]: the token is unknown, expired, used up, revoked, of another account or
    /// for another purpose; recorded, and it counts as a refusal. [`TokenError::Unreadable`]; else as
    /// [`Interaction::view`].
    pub fn detokenise(&mut self, token: &VaultToken) -> Result<View, Error> {
        let now = self.session.refresh()?;
        let guard = self.guard.clone();
        let Inner { tokens, schema, .. } = &*guard.0;
        let of = tokens.reference(token);
        let mut announced = self.event(EventKind::TokenPresented, now);
        announced.basis = Some(token_basis(token, &of)?);

        let (account, purpose) = (self.session.account(), self.session.purpose());
        let issued = match tokens.find(&of, token.class()) {
            Ok(issued) => issued.filter(|issued| issued.is_good(account, purpose, now)),
            Err(failed) => return self.refuse_token(announced, failed),
        };
        let Some(issued) = issued else { return self.refuse_token(announced, TokenError::NotValid.into()) };
        // A schema that changed meanwhile must not make another class of it.
        if schema.field(issued.field.as_str()).is_none_or(|spec| spec.class() != issued.class) {
            return self.refuse_token(announced, SealedError::SchemaMismatch.into());
        }
        let is_allowed = self.session.decision(issued.class, Scope::Whole).is_allowed();
        if is_allowed && !tokens.take_use(&of, now)? {
            return self.refuse_token(announced, TokenError::NotValid.into());
        }
        let (id, sealed) = (record_id(&of)?, SealedField::from_bytes(issued.sealed)?);
        self.look(&Stored::from((&sealed, &id)), [issued.field.as_str()], now, Some(announced))
    }

    fn refuse_token(&self, mut announced: EventFacts, refused: Error) -> Result<View, Error> {
        self.watch(What::Read { refused: true }, announced.time)?;
        announced.cause = refused.code().get();
        self.record(announced)?;
        Err(refused)
    }
}

/// The record id under which a value is sealed for the vault: so it opens in its own entry only.
fn record_id(of: &VaultRef) -> Result<RecordId, Error> {
    Ok(RecordId::new(hex(of.as_bytes()))?)
}

/// What events call a token: its prefix, and its reference.
fn token_basis(token: &VaultToken, of: &VaultRef) -> Result<BasisId, Error> {
    Ok(BasisId::new(format!("{}-{}", token.prefix(), hex(of.as_bytes())))?)
}
