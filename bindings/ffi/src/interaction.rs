//! An interaction: evidence in, views out. Secrets and sealed bytes are lent as bytes.

use std::fmt;
use std::sync::Arc;

use cpni_guard::error::InteractionError;
use cpni_guard::interaction::{Approval, Attested, CodeTo, PhotoIdKind, Presented, Stated};
use cpni_guard::vocabulary::{
    AccountId, Action, Channel, ContactId, ContactPointId, Destination, Purpose, ScriptVersion, Timestamp,
};
use cpni_guard::{AgentSession, Contact, DeviceRequest, Evidence, NamedCall, PhotoId};

use crate::answer::Answer;
use crate::day::Day;
use crate::decision::Decisions;
use crate::error::{CpniError, call};
use crate::exclusive::Exclusive;
use crate::guard::{Guard, secret};
use crate::layout::{Batch, Request, read_list};
use crate::view::{ViewAnswer, ViewResult};

/// What the customer gives, and the library compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SecretKind {
    /// The account password.
    Password,
    /// The answer to the back-up question.
    Backup,
    /// The passcode that the customer set for port-outs.
    PortPasscode,
    /// The one-time code that went to the telephone number of record.
    CodeToNumber,
    /// The one-time code that went to the address of record.
    CodeToAddress,
}

/// The answer to a decision on an action.
#[derive(Debug, uniffi::Record)]
pub struct ActionAnswer {
    /// The decision.
    pub answer: Answer,
    /// Its explanation, at place 0.
    pub why: Arc<Decisions>,
}

/// The answer to a verification.
#[derive(Debug, uniffi::Record)]
pub struct VerifyAnswer {
    /// Whether it is compared.
    pub answer: Answer,
    /// What the customer stated is the value, or is not; nothing where it is not compared.
    pub result: Option<Presented>,
    /// The explanation, at place 0.
    pub why: Arc<Decisions>,
}

/// What an agent learns of a sending.
#[derive(Debug, uniffi::Record)]
pub struct SendAnswer {
    /// Whether anything was handed over to be sent.
    pub sent: bool,
    /// The decision on each field that was asked for.
    pub answers: Vec<Answer>,
    /// Their explanations, at the same places.
    pub why: Arc<Decisions>,
    /// The number of the audit event that records this sending, from 0.
    pub audit_index: u64,
}

/// A customer contact in progress, on one account. Threads wait for each other.
#[derive(uniffi::Object)]
pub struct Interaction(Exclusive<cpni_guard::Interaction>);

#[uniffi::export]
impl Guard {
    /// Opens an interaction: who asks (the token of the host's own sign-in), on which account, why, and
    /// from which contact; without one it is back-office work without a case.
    ///
    /// # Errors
    /// 1001 to 1003; 5001, 5002, 5020; 6001; 9301. A contact without its channel, or a channel without
    /// a contact, is none.
    pub fn open_interaction(
        &self,
        agent_session: String,
        account: String,
        purpose: Purpose,
        contact: Option<String>,
        channel: Option<Channel>,
    ) -> Result<Arc<Interaction>, CpniError> {
        call(|| {
            let contact = contact_of(contact, channel)?;
            let agent = AgentSession::new(agent_session);
            let opened = self.core()?.interaction(agent, &AccountId::new(account)?, contact, purpose)?;
            Ok(Arc::new(Interaction(Exclusive::new(opened))))
        })
    }
}

#[uniffi::export]
impl Interaction {
    /// Presents a secret that the customer gave. The caller learns match or no match, nothing else.
    ///
    /// # Errors
    /// 5003 to 5008; 6001: it then does not count; 9303, 9304.
    pub fn present(&self, kind: SecretKind, given: &[u8]) -> Result<Presented, CpniError> {
        self.with(|interaction| {
            let given = secret(given)?;
            let evidence = match kind {
                SecretKind::Password => Evidence::Password(given),
                SecretKind::Backup => Evidence::Backup(given),
                SecretKind::PortPasscode => Evidence::PortPasscode(given),
                SecretKind::CodeToNumber => Evidence::OneTimeCode(CodeTo::NumberOfRecord, given),
                SecretKind::CodeToAddress => Evidence::OneTimeCode(CodeTo::AddressOfRecord, given),
            };
            Ok(interaction.present(evidence)?)
        })
    }

    /// Presents what a system of the host's established. It matches where the contact source says the
    /// same of this contact (`attested` of its state), and does not match where it does not.
    ///
    /// # Errors
    /// As `present`.
    pub fn attest(&self, what: Attested) -> Result<Presented, CpniError> {
        self.with(|interaction| Ok(interaction.present(Evidence::Attested(what))?))
    }

    /// Notes what the customer stated and never authenticates. The value itself is not taken.
    ///
    /// # Errors
    /// As `present`.
    pub fn note_stated(&self, what: Stated) -> Result<Presented, CpniError> {
        self.with(|interaction| Ok(interaction.present(Evidence::Stated(what))?))
    }

    /// Presents a photo ID at a retail location: what it is, its last valid day, the name on it. The
    /// library compares the name with the sealed one in the one field of the request.
    ///
    /// # Errors
    /// As `view`; 5005; 9307.
    pub fn show_photo_id(
        &self,
        kind: PhotoIdKind,
        expires: Day,
        name: &[u8],
        sealed: &[u8],
        request: &[u8],
    ) -> Result<Presented, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            let sealed = request.sealed(sealed)?;
            let id = PhotoId { kind, expires: expires.date()?, name: secret(name)? };
            Ok(interaction.show_photo_id(&id, sealed.stored(), request.one_field()?)?)
        })
    }

    /// Presents a call that the customer names without help: the other party's number, when it started
    /// in microseconds since 1970, how many seconds it lasted if stated. It is looked for in the one
    /// field of the request.
    ///
    /// # Errors
    /// As `view`; 5006.
    pub fn name_call(
        &self,
        number: &[u8],
        started_micros: u64,
        duration_secs: Option<u32>,
        sealed: &[u8],
        request: &[u8],
    ) -> Result<Presented, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            let sealed = request.sealed(sealed)?;
            let started = Timestamp::from_micros(started_micros);
            let named = NamedCall { number: secret(number)?, started, duration_secs };
            Ok(interaction.name_call(named, sealed.stored(), request.one_field()?)?)
        })
    }

    /// Asks to see fields of sealed bytes. The record of it is durable before any value is opened.
    /// `request`: which bytes these are and which fields, in the layout of
    /// `docs/spec/binding-layout-v1.md`.
    ///
    /// # Errors
    /// 1101 to 1106; 3001 to 3007; 5003, 5004, 5020 to 5022; 6001; 9302, 9304. Nothing is disclosed then.
    pub fn view(&self, sealed: &[u8], request: &[u8]) -> Result<ViewAnswer, CpniError> {
        self.with(|interaction| view(interaction, sealed, &Request::read(request)?))
    }

    /// Asks the same of several sealed records of this account, with a result for each. Each is decided,
    /// counted and recorded by itself. `sealed`: a batch of views in the same layout.
    ///
    /// # Errors
    /// 9302, 9304; 5003 if the interaction had ended. Nothing is disclosed then.
    pub fn view_many(&self, sealed: &[u8], request: &[u8]) -> Result<Vec<ViewResult>, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            let viewed = |sealed: &[u8]| match view(interaction, sealed, &request) {
                Ok(answer) => ViewResult::Viewed { answer },
                Err(refused) => ViewResult::Failed { code: refused.code() },
            };
            Ok(read_list(sealed)?.into_iter().map(viewed).collect())
        })
    }

    /// Asks the same of several sealed records of this account, and gives every answer with its values in
    /// one run of bytes: `sealed` and what comes out are a batch of views in the layout of
    /// `docs/spec/binding-layout-v1.md`. Each is decided, counted and recorded by itself, and one that
    /// fails does not stop the others. `why`, which must be new, then explains the decisions.
    ///
    /// The values are the caller's from here on: the end of the interaction does not reach them.
    ///
    /// # Errors
    /// 9302, 9304, 9308; 5003 if the interaction had ended. Nothing is disclosed then.
    pub fn view_batch(
        &self,
        sealed: &[u8],
        request: &[u8],
        why: Arc<Decisions>,
    ) -> Result<Vec<u8>, CpniError> {
        self.with(|interaction| {
            why.must_be_empty()?;
            let request = Request::read(request)?;
            let mut batch = Batch::new(request.names());
            for sealed in read_list(sealed)? {
                batch.add(|| {
                    let sealed = request.sealed(sealed)?;
                    Ok(interaction.view(sealed.stored(), request.fields())?)
                });
            }
            let (answer, decisions) = batch.finish()?;
            why.put(decisions)?;
            Ok(answer)
        })
    }

    /// As `view`, sealed for the device session that made `device_request`: the reply for the agent's
    /// machine, which no other session opens. The first request binds the interaction to its session.
    ///
    /// # Errors
    /// As `view`; 5040 for the request of another session, which is recorded; 8501, 8503, 8511. The reply
    /// does not leave then.
    pub fn view_for_device(
        &self,
        sealed: &[u8],
        request: &[u8],
        device_request: &[u8],
    ) -> Result<Vec<u8>, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            let device = DeviceRequest::from_bytes(device_request)?;
            let sealed = request.sealed(sealed)?;
            let reply = interaction.view_for_device(sealed.stored(), request.fields(), &device)?;
            Ok(reply.as_bytes().to_vec())
        })
    }

    /// Says whether what the customer stated is the stored value of the one field of the request.
    ///
    /// # Errors
    /// As `view`; 5006.
    pub fn verify(&self, sealed: &[u8], request: &[u8], stated: &[u8]) -> Result<VerifyAnswer, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            let sealed = request.sealed(sealed)?;
            let field = request.one_field()?;
            let verified = interaction.verify(sealed.stored(), field, &secret(stated)?)?;
            Ok(VerifyAnswer {
                answer: Answer::new(field, &verified.decision),
                result: verified.result,
                why: Decisions::of(vec![(field.to_owned(), verified.decision)]),
            })
        })
    }

    /// Sends fields to the customer's address of record. The agent sees a receipt, not the values.
    ///
    /// # Errors
    /// As `view`; 5010.
    pub fn send_to_address_of_record(&self, sealed: &[u8], request: &[u8]) -> Result<SendAnswer, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            let sealed = request.sealed(sealed)?;
            let fields = request.whole_fields()?;
            let receipt = interaction.send(sealed.stored(), fields, Destination::AddressOfRecord)?;
            let decided = receipt.decisions().map(|(name, decision)| (name.to_owned(), decision.clone()));
            let (answers, why) = Decisions::told(decided.collect());
            let (sent, audit_index) = (receipt.is_sent(), receipt.audit_index());
            Ok(SendAnswer { sent, answers, why, audit_index })
        })
    }

    /// Makes a one-time code and has the host send it.
    ///
    /// # Errors
    /// 5009, 5010; as `present`.
    pub fn send_one_time_code(&self, to: CodeTo) -> Result<(), CpniError> {
        self.with(|interaction| Ok(interaction.send_one_time_code(to)?))
    }

    /// Has the host's dialler call the customer at the telephone number of record.
    ///
    /// # Errors
    /// 5010; as `present`.
    pub fn call_back(&self) -> Result<(), CpniError> {
        self.with(|interaction| Ok(interaction.call_back()?))
    }

    /// Keeps the customer's oral approval of a use of CPNI for this contact. `recording`: the host's
    /// pointer to the proof; `script`: the version of the notice that was read out.
    ///
    /// # Errors
    /// 1001 to 1003; 5017; as `present`.
    pub fn record_oral_approval(&self, recording: String, script: String) -> Result<(), CpniError> {
        self.with(|interaction| {
            let (recording, script) = (ContactPointId::new(recording)?, ScriptVersion::new(script)?);
            Ok(interaction.record_oral_approval(recording, script)?)
        })
    }

    /// Has a second person approve, signed in with a session of their own: an action, for one decision
    /// that allows it, or, without one, what is disclosed in this interaction.
    ///
    /// # Errors
    /// 5015: recorded, and nothing is approved; as `view`.
    pub fn approve(&self, approver_session: String, action: Option<Action>) -> Result<(), CpniError> {
        self.with(|interaction| {
            let approval = action.map_or(Approval::Disclosure, Approval::Action);
            Ok(interaction.approve(&AgentSession::new(approver_session), approval)?)
        })
    }

    /// Decides an action without carrying it out. Where a notice is due, it is queued before the
    /// decision is given: call this before the change is made.
    ///
    /// # Errors
    /// 5011: do not make the change; as `view`.
    pub fn decide(&self, action: Action) -> Result<ActionAnswer, CpniError> {
        self.with(|interaction| {
            let decision = interaction.decide(action)?;
            let answer = Answer::new("", &decision);
            Ok(ActionAnswer { answer, why: Decisions::of(vec![(String::new(), decision)]) })
        })
    }

    /// Ends the interaction: everything that it disclosed is wiped, and nothing more is readable. The
    /// second time nothing happens.
    ///
    /// # Errors
    /// 6001 if the end could not be recorded: it has ended all the same; 9304.
    pub fn end(&self) -> Result<(), CpniError> {
        call(|| match self.0.take()? {
            Some(interaction) => Ok(interaction.end()?),
            None => Ok(()),
        })
    }
}

impl Interaction {
    pub(crate) fn with<R>(
        &self,
        work: impl FnOnce(&mut cpni_guard::Interaction) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        let ended = cpni_guard::Error::from(InteractionError::Ended).into();
        call(|| self.0.with(ended, work))
    }
}

/// Silent.
impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interaction(..)")
    }
}

/// A contact without its channel, or a channel without its contact, is none.
pub(crate) fn contact_of(id: Option<String>, channel: Option<Channel>) -> Result<Contact, CpniError> {
    Ok(match (id, channel) {
        (Some(id), Some(channel)) => Contact::of(ContactId::new(id)?, channel),
        (Some(_) | None, _) => Contact::None,
    })
}

fn view(
    interaction: &mut cpni_guard::Interaction,
    sealed: &[u8],
    request: &Request<'_>,
) -> Result<ViewAnswer, CpniError> {
    let sealed = request.sealed(sealed)?;
    ViewAnswer::new(interaction.view(sealed.stored(), request.fields())?)
}
