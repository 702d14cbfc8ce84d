//! The catalogue of back-up questions (47 CFR 64.2010(e)). It is the carrier's own text, and holds no
//! customer's answer: answers go in with `Guard::import_secret`.

use cpni_guard::error::{Error, InteractionError};
use cpni_guard::interaction::{BackupQuestions, QuestionAbout};

use crate::error::{CpniError, call};
use crate::files::{Fault, whole};

/// What a back-up question is about.
#[uniffi::remote(Enum)]
pub enum QuestionAbout {
    /// The customer wrote question and answer.
    CustomersOwn,
    /// A liking: a colour, a dish, a team.
    Preference,
    /// A memory that no record holds: a nickname, a first concert.
    Memory,
    /// A word that was agreed for this purpose.
    AgreedWord,
    /// Barred: the SSN or a part of it (64.2003(m)).
    Ssn,
    /// Barred: the date of birth.
    DateOfBirth,
    /// Barred: the mother's maiden name.
    MothersMaidenName,
    /// Barred: a home address or a part of it.
    HomeAddress,
    /// Barred: anything else of the life history that others can find.
    Biography,
    /// Barred: the account number or a part, the telephone number, the bill (64.2003(a)).
    AccountInformation,
    /// Barred: a payment.
    Payment,
    /// Barred: calls made or received.
    CallDetail,
}

/// A question that may be asked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BackupQuestion {
    /// Its id.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// What it is about.
    pub about: QuestionAbout,
}

/// Reads a catalogue of questions.
///
/// # Errors
/// 5013 if one of them may not be asked, or it is no catalogue: `check_questions` says which, and where.
#[uniffi::export]
pub fn backup_questions(toml: String) -> Result<Vec<BackupQuestion>, CpniError> {
    call(|| {
        let read = BackupQuestions::from_toml("questions", &toml)?;
        let question = |question: &cpni_guard::interaction::BackupQuestion| BackupQuestion {
            id: question.id.to_string(),
            text: question.text.to_string(),
            about: question.about,
        };
        Ok(read.questions().iter().map(question).collect())
    })
}

/// Checks a catalogue of questions. Nothing: it can be used.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn check_questions(toml: String) -> Result<Vec<Fault>, CpniError> {
    call(|| {
        Ok(match BackupQuestions::from_toml("questions", &toml) {
            Ok(_) => Vec::new(),
            Err(Error::Interaction(InteractionError::Questions(fault))) => vec![(&fault).into()],
            Err(other) => vec![whole(&other)],
        })
    })
}

/// Whether a back-up question may be about this.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn may_ask_about(about: QuestionAbout) -> Result<bool, CpniError> {
    call(|| Ok(about.is_allowed()))
}
