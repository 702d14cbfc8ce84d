//! The catalogue of back-up questions, and what may not stand in it (47 CFR 64.2010(e): a back-up
//! method may not prompt for biographical or account information).
//!
//! Each question says what it is about. A question without a label is refused, one about a barred
//! matter is refused, and so is one whose words give away that its label is wrong.

use crate::error::{Error, FileCause, FileFault, InteractionError};
use crate::toml_reader::{Source, Table};
use crate::vocabulary::{RuleId, codes};

codes! {
    /// What a back-up question is about.
    QuestionAbout {
        /// The customer wrote question and answer.
        CustomersOwn = 1, "customers_own";
        /// A liking: a colour, a dish, a team.
        Preference = 2, "preference";
        /// A memory that no record holds: a nickname, a first concert.
        Memory = 3, "memory";
        /// A word that was agreed for this purpose.
        AgreedWord = 4, "agreed_word";
        /// Barred: the SSN or a part of it (64.2003(m)).
        Ssn = 5, "ssn";
        /// Barred: the date of birth.
        DateOfBirth = 6, "date_of_birth";
        /// Barred: the mother's maiden name.
        MothersMaidenName = 7, "mothers_maiden_name";
        /// Barred: a home address or a part of it.
        HomeAddress = 8, "home_address";
        /// Barred: anything else of the life history that others can find.
        Biography = 9, "biography";
        /// Barred: the account number or a part, the telephone number, the bill (64.2003(a)).
        AccountInformation = 10, "account_information";
        /// Barred: a payment.
        Payment = 11, "payment";
        /// Barred: calls made or received.
        CallDetail = 12, "call_detail";
    }
}

impl QuestionAbout {
    /// Whether a back-up question may be about this.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        match self {
            Self::CustomersOwn | Self::Preference | Self::Memory | Self::AgreedWord => true,
            Self::Ssn
            | Self::DateOfBirth
            | Self::MothersMaidenName
            | Self::HomeAddress
            | Self::Biography
            | Self::AccountInformation
            | Self::Payment
            | Self::CallDetail => false,
        }
    }
}

/// Words that give a barred question away, whatever its label. Lower case, at word boundaries.
const BARRED_WORDS: &[&str] = &[
    "social",
    "ssn",
    "maiden",
    "birth",
    "birthday",
    "born",
    "birthplace",
    "address",
    "street",
    "zip",
    "postcode",
    "account",
    "bill",
    "billing",
    "payment",
    "paid",
    "card",
    "phone",
    "telephone",
    "mobile",
    "called",
    "licence",
    "license",
    "passport",
    "school",
    "married",
    "wedding",
];

/// Longest question, in bytes.
const MAX_LEN: usize = 200;

/// Back-up questions that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupQuestions(Vec<BackupQuestion>);

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupQuestion {
    /// Its id.
    pub id: RuleId,
    /// What is asked.
    pub text: Box<str>,
    /// What it is about.
    pub about: QuestionAbout,
}

impl BackupQuestions {
    /// Reads a catalogue: `[[question]]` with `id`, `text` and `about`. `name` is what faults call
    /// the file.
    ///
    /// # Errors
    /// [`InteractionError::Questions`] with line and column of the first question that may not be asked.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, Error> {
        Ok(read(Source::new(Some(name), text)).map_err(InteractionError::Questions)?)
    }

    /// The questions.
    #[must_use]
    pub fn questions(&self) -> &[BackupQuestion] {
        &self.0
    }
}

fn read(source: Source<'_>) -> Result<BackupQuestions, FileFault> {
    let document = source.parse()?;
    let root = document.root();
    let mut questions: Vec<BackupQuestion> = Vec::new();
    for value in root.need("question")?.list()? {
        let table = value.table()?;
        let question = question(&table)?;
        if questions.iter().any(|other| other.id == question.id) {
            return Err(table.fault(FileCause::Duplicate { what: "question" }));
        }
        table.finish()?;
        questions.push(question);
    }
    root.finish()?;
    Ok(BackupQuestions(questions))
}

fn question(table: &Table<'_, '_>) -> Result<BackupQuestion, FileFault> {
    let id = table.need("id")?;
    let id = RuleId::new(id.text()?)
        .map_err(|_| id.fault(FileCause::Invalid { why: "an id has 1 to 64 of a-z, 0-9, `-` and `.`" }))?;
    let about = table.need("about")?;
    let subject = about.word("subject", QuestionAbout::ALL, QuestionAbout::name)?;
    if !subject.is_allowed() {
        let why =
            "a back-up question may not prompt for biographical or account information (47 CFR 64.2010(e))";
        return Err(about.fault(FileCause::Invalid { why }));
    }
    let text = table.need("text")?;
    let asked = text.text()?;
    if asked.trim().is_empty() || asked.len() > MAX_LEN {
        return Err(text.fault(FileCause::Invalid { why: "a question has 1 to 200 bytes" }));
    }
    let mut words = asked.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    if words.any(|word| BARRED_WORDS.contains(&word.as_str())) {
        let why = "these words prompt for biographical or account information, whatever the label says";
        return Err(text.fault(FileCause::Invalid { why }));
    }
    Ok(BackupQuestion { id, text: asked.into(), about: subject })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(lines: &str) -> Result<BackupQuestions, String> {
        let text = format!("[[question]]\nid = \"q-1\"\n{lines}\n");
        BackupQuestions::from_toml("questions.toml", &text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_nobody_else_knows_may_be_asked() {
        let read = catalogue("text = \"Which dish do you never finish?\"\nabout = \"preference\"").unwrap();
        assert_eq!(read.questions()[0].about, QuestionAbout::Preference);
    }

    #[test]
    fn barred_unlabelled_and_mislabelled_questions_are_refused() {
        let barred =
            catalogue("text = \"Your mother's maiden name?\"\nabout = \"mothers_maiden_name\"").unwrap_err();
        assert!(
            barred.starts_with("back-up questions: questions.toml:4:9: a back-up question may not prompt"),
            "{barred}"
        );
        let unlabelled = catalogue("text = \"Your favourite colour?\"").unwrap_err();
        assert!(unlabelled.ends_with("the key `about` is missing"), "{unlabelled}");
        let mislabelled = catalogue("text = \"Your Mother's MAIDEN name?\"\nabout = \"memory\"").unwrap_err();
        assert!(
            mislabelled.starts_with("back-up questions: questions.toml:3:8: these words"),
            "{mislabelled}"
        );
        let unknown = catalogue("text = \"x\"\nabout = \"preferance\"").unwrap_err();
        assert!(unknown.ends_with("did you mean `preference`?"), "{unknown}");
        for about in QuestionAbout::ALL.iter().filter(|about| !about.is_allowed()) {
            assert!(catalogue(&format!("text = \"x\"\nabout = \"{about}\"")).is_err());
        }
    }
}
