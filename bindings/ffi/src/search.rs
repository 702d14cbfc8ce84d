//! Which accounts somebody's statement leads to: a search that is decided and recorded, the terms that the host's
//! rows are looked up by, and the plan of how long a term is.
//!
//! Rules: what is stated is lent as bytes; accounts that were found stand behind an object; a list has a result
//! for each item.

use std::fmt;
use std::sync::Arc;

use cpni_guard::classify::{IndexPlan as CorePlan, IndexSpec, Population as CorePopulation};
use cpni_guard::vocabulary::{Channel, Purpose};
use cpni_guard::{AgentSession, IndexTerm, IndexTerms};

use crate::answer::Answer;
use crate::decision::Decisions;
use crate::error::{CpniError, call};
use crate::exclusive::Exclusive;
use crate::guard::{Guard, secret};
use crate::interaction::contact_of;
use crate::layout::{StoredRow, read_list};

/// The term of a row for the column of an index.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct RowTerm {
    /// The index.
    pub index: String,
    /// What the row stores: 6 to 9 bytes.
    pub term: Vec<u8>,
}

/// The bits say which rows are alike.
impl fmt::Debug for RowTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowTerm").field("index", &self.index).finish_non_exhaustive()
    }
}

pub(crate) fn row_terms(terms: &IndexTerms) -> Vec<RowTerm> {
    let term = |(name, term): (&cpni_guard::vocabulary::FieldName, &IndexTerm)| RowTerm {
        index: name.to_string(),
        term: term.as_bytes().to_vec(),
    };
    terms.iter().map(term).collect()
}

/// The answer to a search.
#[derive(uniffi::Record)]
pub struct SearchAnswer {
    /// The way on, where every field is allowed.
    pub search: Arc<Search>,
    /// The decision on each field of the index. All must allow it.
    pub answers: Vec<Answer>,
    /// Their explanations, at the same places.
    pub why: Arc<Decisions>,
    /// Whether the search may go on.
    pub allowed: bool,
    /// The terms to look rows up by, one for each key version that they may have. Empty where it is refused.
    pub terms: Vec<Vec<u8>>,
    /// The number of the audit event that records the decision, from 0.
    pub audit_index: u64,
}

/// Silent on the terms.
impl fmt::Debug for SearchAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchAnswer").field("answers", &self.answers).finish_non_exhaustive()
    }
}

/// A search that was decided and recorded. It is good for one `find`.
#[derive(uniffi::Object)]
pub struct Search(Exclusive<cpni_guard::Search>);

/// The accounts that a search found. An object, because it names accounts.
#[derive(uniffi::Object)]
pub struct Found {
    accounts: Vec<Vec<u8>>,
    unreadable: u64,
}

/// Whether a row's term is what the row would get now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum TermAge {
    /// It is.
    Current,
    /// It is of an earlier key version, or of another length.
    Old,
    /// It is no term.
    Failed {
        /// The stable code.
        code: u16,
    },
}

/// The terms of one row that is sealed already.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ReindexResult {
    /// What to store in place of the old ones.
    Terms {
        /// One for each index of which the row has all fields.
        terms: Vec<RowTerm>,
    },
    /// The row does not open; the others do.
    Failed {
        /// The stable code.
        code: u16,
    },
}

/// What a term says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct TermInfo {
    /// The version of the data root that it was made under.
    pub key_version: u32,
    /// How many bits it has.
    pub bits: u8,
}

/// How many rows an index is over, and how their values are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Population {
    /// Rows that have a value.
    pub rows: u64,
    /// Different values among them.
    pub distinct: u64,
    /// In how many rows the most common value is; nothing: not known.
    pub most_common: Option<u64>,
}

/// How many bits a term has, and what that comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct IndexPlan {
    /// Bits of a term.
    pub bits: u8,
    /// Rows that a search brings up on average.
    pub candidates: u64,
    /// Other values that share a term on average.
    pub sharing: u64,
}

/// An index of the schema.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SchemaIndex {
    /// Its name.
    pub name: String,
    /// The fields whose values make up a term, in this order.
    pub fields: Vec<String>,
    /// How long a term is.
    pub plan: IndexPlan,
}

#[uniffi::export]
impl Guard {
    /// Searches for accounts by what somebody states, from the live contact or from a case. `stated`: a list
    /// (`docs/spec/binding-layout-v1.md`) of one text for each field of the index, in its order. Counted,
    /// watched, and recorded before the terms come out, also where it is refused.
    ///
    /// # Errors
    /// 3137 for an index that is not there; 5053 for values that are not those of the index; 1001 to 1003;
    /// 5001, 5002, 5006; 5020 to 5022 by the watch; 6001: nothing is searched for; 9301 to 9303.
    pub fn search(
        &self,
        agent_session: String,
        contact: Option<String>,
        channel: Option<Channel>,
        purpose: Purpose,
        index: String,
        stated: &[u8],
    ) -> Result<SearchAnswer, CpniError> {
        call(|| {
            let stated = read_list(stated)?.into_iter().map(secret).collect::<Result<Vec<_>, _>>()?;
            let contact = contact_of(contact, channel)?;
            let agent = AgentSession::new(agent_session);
            let search = self.core()?.search(agent, contact, purpose, &index, &stated)?;
            let decided = search.decisions().map(|(name, decision)| (name.to_string(), decision.clone()));
            let (answers, why) = Decisions::told(decided.collect());
            Ok(SearchAnswer {
                answers,
                why,
                allowed: search.is_allowed(),
                terms: search.terms().iter().map(|term| term.as_bytes().to_vec()).collect(),
                audit_index: search.audit_index(),
                search: Arc::new(Search(Exclusive::new(search))),
            })
        })
    }

    /// Whether each of these terms of rows is what its row would get now: a list of terms, 6 to 9 bytes each.
    ///
    /// # Errors
    /// 3137; 9301, 9302.
    pub fn needs_reindex(&self, index: String, terms: &[u8]) -> Result<Vec<TermAge>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let is_old = |term: &[u8]| -> Result<bool, CpniError> {
                Ok(guard.needs_reindex(&index, &IndexTerm::from_bytes(term)?)?)
            };
            if guard.schema().index(&index).is_none() {
                return Err(cpni_guard::error::TokenError::UnknownIndex.into());
            }
            let age = |term| match is_old(term) {
                Ok(false) => TermAge::Current,
                Ok(true) => TermAge::Old,
                Err(failed) => TermAge::Failed { code: failed.code() },
            };
            Ok(read_list(terms)?.into_iter().map(age).collect())
        })
    }

    /// New terms for rows that are sealed already, with a result for each row. For the worker that goes through
    /// the rows: nothing is disclosed, and nothing is recorded. Calling it twice is as good as once.
    ///
    /// # Errors
    /// 9301, 9302.
    pub fn reindex(&self, rows: &[u8]) -> Result<Vec<ReindexResult>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let terms = |row: Result<StoredRow, CpniError>| -> Result<_, CpniError> {
                let row = row?;
                Ok(row_terms(&guard.reindex(&row.account, row.stored())?))
            };
            let result = |row| match terms(row) {
                Ok(terms) => ReindexResult::Terms { terms },
                Err(failed) => ReindexResult::Failed { code: failed.code() },
            };
            Ok(StoredRow::read_all(rows)?.into_iter().map(result).collect())
        })
    }

    /// The indexes of the schema.
    ///
    /// # Errors
    /// 9301.
    pub fn schema_indexes(&self) -> Result<Vec<SchemaIndex>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let index = |index: &IndexSpec| SchemaIndex {
                name: index.name().to_string(),
                fields: index.fields().iter().map(ToString::to_string).collect(),
                plan: index.plan().into(),
            };
            Ok(guard.schema().indexes().iter().map(index).collect())
        })
    }
}

#[uniffi::export]
impl Search {
    /// Compares the candidates, all of them, and gives out the accounts that match, each recorded before it
    /// comes out. `rows`: what the host found by the terms. A row that does not open as a record of its account is
    /// passed over and counted.
    ///
    /// # Errors
    /// 8003 where the search was refused; 5050, 5051 for too many candidates or accounts, recorded; 5003, 5004 if
    /// the contact is gone; 6001. No account comes out then. 9302: the rows cannot be told apart, and the search
    /// may go on; 9308 the second time.
    pub fn find(&self, rows: &[u8]) -> Result<Arc<Found>, CpniError> {
        call(|| {
            let rows = StoredRow::read_all(rows)?;
            let total = rows.len();
            let rows: Vec<_> = rows.into_iter().flatten().collect();
            let not_sealed = total.saturating_sub(rows.len());
            let search = self.0.take()?.ok_or(CpniError::USED_UP)?;
            let found = search.find(rows.iter().map(|row| (&row.account, row.stored())))?;
            let unreadable = found.unreadable().saturating_add(not_sealed);
            Ok(Arc::new(Found {
                // EXPOSE: what the search found, decided and recorded account by account.
                accounts: found.accounts().iter().map(|id| id.expose().as_bytes().to_vec()).collect(),
                unreadable: u64::try_from(unreadable).unwrap_or(u64::MAX),
            }))
        })
    }
}

#[uniffi::export]
impl Found {
    /// The ids of the accounts, as UTF-8, in the order of the candidates.
    ///
    /// # Errors
    /// Never.
    pub fn accounts(&self) -> Result<Vec<Vec<u8>>, CpniError> {
        call(|| Ok(self.accounts.clone()))
    }

    /// How many candidates did not open as records of their account.
    ///
    /// # Errors
    /// Never.
    pub fn unreadable(&self) -> Result<u64, CpniError> {
        call(|| Ok(self.unreadable))
    }
}

/// The longest term for a population that points at nobody. An estimate: measure with your data.
///
/// # Errors
/// 3130 to 3135: why there is none.
#[uniffi::export]
pub fn propose_index_plan(population: Population) -> Result<IndexPlan, CpniError> {
    call(|| Ok(CorePlan::propose(population.core())?.into()))
}

/// A plan of so many bits.
///
/// # Errors
/// As `propose_index_plan`.
#[uniffi::export]
pub fn check_index_plan(bits: u8, population: Population) -> Result<IndexPlan, CpniError> {
    call(|| Ok(CorePlan::check(bits, population.core())?.into()))
}

/// What a term says of itself.
///
/// # Errors
/// 3136 if it is none.
#[uniffi::export]
pub fn index_term_info(term: &[u8]) -> Result<TermInfo, CpniError> {
    call(|| {
        let term = IndexTerm::from_bytes(term)?;
        Ok(TermInfo { key_version: term.key_version(), bits: term.bits() })
    })
}

/// A term as base64url text.
///
/// # Errors
/// 3136.
#[uniffi::export]
pub fn index_term_to_text(term: &[u8]) -> Result<String, CpniError> {
    call(|| Ok(IndexTerm::from_bytes(term)?.to_text()))
}

/// A term from its text.
///
/// # Errors
/// 3136.
#[uniffi::export]
pub fn index_term_from_text(text: String) -> Result<Vec<u8>, CpniError> {
    call(|| Ok(IndexTerm::from_text(&text)?.as_bytes().to_vec()))
}

impl Population {
    fn core(self) -> CorePopulation {
        let population = CorePopulation::new(self.rows, self.distinct);
        match self.most_common {
            Some(rows) => population.most_common(rows),
            None => population,
        }
    }
}

impl From<CorePlan> for IndexPlan {
    fn from(plan: CorePlan) -> Self {
        Self { bits: plan.bits(), candidates: plan.candidates(), sharing: plan.sharing() }
    }
}

/// Silent.
impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Search(..)")
    }
}

/// Silent.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Found(..)")
    }
}
