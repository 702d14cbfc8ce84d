//! Terms of records that are sealed already: which are old, and new ones for them.

use crate::disclose;
use crate::envelope::Stored;
use crate::error::{Error, SealedError, TokenError};
use crate::sensitive::Sensitive;
use crate::token::{IndexTerm, IndexTerms};
use crate::vocabulary::AccountId;

use super::{Guard, Inner};

impl Guard {
    /// Whether a row's term is of an earlier key version or another length than new ones have. A search finds
    /// such a row as long as the version's key is there: [`Guard::reindex`] it before that is destroyed.
    ///
    /// # Errors
    /// [`TokenError::UnknownIndex`].
    pub fn needs_reindex(&self, index: &str, term: &IndexTerm) -> Result<bool, Error> {
        let Inner { schema, indexes, .. } = &*self.0;
        let index = schema.index(index).ok_or(TokenError::UnknownIndex)?;
        Ok(indexes.is_old(index, term))
    }

    /// The terms of a record that is sealed already, as [`Guard::protect`] would give them now. Its values are
    /// opened here and come out only as terms: nothing is disclosed, and nothing is recorded.
    ///
    /// For the worker that goes through the rows. Calling it twice is as good as once.
    ///
    /// # Errors
    /// [`SealedError`] or [`crate::error::KeyError`] if the sealed bytes are not what they claim.
    pub fn reindex<'s>(
        &self,
        account: &AccountId,
        sealed: impl Into<Stored<'s>>,
    ) -> Result<IndexTerms, Error> {
        let Inner { schema, indexes, .. } = &*self.0;
        let stored = sealed.into();
        let mut values: Vec<Option<Sensitive<String>>> = schema.fields().iter().map(|_| None).collect();
        self.open_with(account, &stored, |opener| {
            for name in schema.indexes().iter().flat_map(|index| index.fields()) {
                let spec = schema.field(name.as_str()).ok_or(SealedError::SchemaMismatch)?;
                if let Some(place @ None) = values.get_mut(spec.index())
                    && stored.class_of(name.as_str()).is_some()
                {
                    *place = Some(disclose::open_value(opener, name, spec.class())?);
                }
            }
            Ok(())
        })?;
        indexes.of_record(schema, |spec| {
            // EXPOSE: brought to its normal form and hashed under a key.
            values.get(spec.index())?.as_ref().map(|value| value.expose().as_str())
        })
    }
}
