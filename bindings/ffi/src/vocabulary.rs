//! The vocabulary, as the core has it. Kotlin and Swift get an enumeration of each.
//!
//! Rules: these are the core's own types, written once more so that UniFFI knows their variants: what
//! is missing here does not compile. A name that SwiftUI or Foundation has already is another one there.

use cpni_guard::interaction::{Attested, CallBack, CodeTo, PhotoIdKind, Presented, Stated};
use cpni_guard::oversight::scope::{Reach, SsnReach};
use cpni_guard::oversight::watch::Response;
use cpni_guard::policy::{Certainty, Compliance, Effect, ReadFrom};
use cpni_guard::vocabulary::{
    Action, CallDirection, Channel, ConsentScope, DataClass, EstablishedBy, EventKind, EvidenceKind, Form,
    Obligation, Op, Outcome, Purpose, Remedy, Role, Scope, WithheldBecause,
};

/// What a field holds. A field has exactly one class; a class has `Label`s, and rules may name either.
#[uniffi::remote(Enum)]
pub enum DataClass {
    /// Who the customer is: names.
    Identity,
    /// A postal address.
    Address,
    /// Life history other than the SSN and the address: date of birth, mother's maiden name.
    Biographical,
    /// A Social Security number. Not CPNI (47 U.S.C. 201(b) is the hook), but "readily available
    /// biographical information" in 47 CFR 64.2003.
    Ssn,
    /// The last four digits of an SSN: a forbidden authenticator of their own.
    SsnLast4,
    /// A driver's licence, passport or tax number.
    OtherGovernmentId,
    /// "Account information" of 47 CFR 64.2003(a): account number or any part, telephone number.
    AccountInfo,
    /// Bill amounts and lines (47 U.S.C. 222(h)(1)(B)).
    Billing,
    /// Plan, features, number of lines, usage totals: CPNI that is not call detail.
    ServiceDetails,
    /// IMEI, ICCID, IMSI, EID, MEID; CPNI by default (interpretation: "technical configuration").
    DeviceId,
    /// "Call detail information" of 47 CFR 64.2003(d).
    CallDetail,
    /// Live or historic location (47 U.S.C. 222(f)).
    Location,
    /// Means and history of payment.
    Payment,
    /// Passwords, PINs, back-up answers, codes.
    AuthSecret,
    /// "Subscriber list information" of 47 U.S.C. 222(h)(3): only what is really published.
    DirectoryListing,
    /// Anything in a line-separation request (47 U.S.C. 345).
    Survivor,
}

/// What a customer approves of, or takes back.
#[uniffi::remote(Enum)]
pub enum ConsentScope {
    /// Uses of CPNI (47 CFR 64.2007(b)). Not location.
    Cpni,
    /// Call location: "express prior authorization" (47 U.S.C. 222(f)).
    Location,
}

/// Who started a call ("outbound" and "inbound" of 47 CFR 64.2003(d)).
#[uniffi::remote(Enum)]
pub enum CallDirection {
    /// The customer called.
    Outbound,
    /// The customer was called.
    Inbound,
}

/// What is asked for.
#[uniffi::remote(Enum)]
pub enum Op {
    /// Show a value to the person who asks.
    View,
    /// Say whether what the customer stated matches, and nothing else.
    Verify,
    /// Send a value to a `Destination`, not to the person who asks.
    Send,
    /// Change something: an `Action`.
    Act,
    /// Find accounts by an identifier.
    Search,
}

/// What an `Op::Act` would change.
#[uniffi::remote(Enum)]
pub enum Action {
    /// Open an online account for an existing customer.
    CreateOnlineAccount,
    /// Establish a password.
    CreatePassword,
    /// Replace a forgotten password.
    ResetPassword,
    /// Change the electronic address of record.
    ChangeEmailOfRecord,
    /// Change the postal address of record.
    ChangeAddressOfRecord,
    /// Move the service to another SIM or eSIM profile.
    SimChange,
    /// Port the number to another carrier.
    PortOut,
    /// Release a handset from its network lock.
    UnlockHandset,
    /// Ask customers, in an outbound campaign, to approve a use of their CPNI.
    OutboundApprovalRequest,
    /// Take a payment card number.
    TakePaymentCard,
}

/// How much of a value is given out. Ordered: a later form gives more.
#[uniffi::remote(Enum)]
#[uniffi(name = "DisclosureForm")]
pub enum Form {
    /// Match or no match of a value that the asker supplies.
    Match,
    /// A token in place of the value.
    Token,
    /// A mask: nothing, or the part that docs/redaction.md says.
    Masked,
    /// The value.
    Full,
}

/// Which rows of a field are meant.
#[uniffi::remote(Enum)]
#[uniffi(name = "DisclosureScope")]
pub enum Scope {
    /// The whole field.
    Whole,
    /// Only the call that the customer named unaided (47 CFR 64.2010(b), last sentence).
    NamedCall,
}

/// Where the request comes in.
#[uniffi::remote(Enum)]
pub enum Channel {
    /// A call that the customer started.
    PhoneInbound,
    /// A call that the carrier placed back to the customer.
    PhoneCallback,
    /// Web, app, API or chat.
    Online,
    /// A carrier's retail location.
    Retail,
    /// Work on an account without the customer.
    BackOffice,
    /// A job over many accounts.
    Batch,
    /// The interface between carriers for number porting.
    PortInterface,
}

/// What the person or system that asks is, as the host's agent directory says.
#[uniffi::remote(Enum)]
pub enum Role {
    /// Call-centre agent.
    CareAgent,
    /// Agent at a retail location.
    RetailAgent,
    /// Agent with special training (survivors, fraud victims).
    Specialist,
    /// Agent of a vendor.
    VendorAgent,
    /// Chat bot or voice bot.
    VirtualAgent,
    /// Works on fraud cases.
    FraudAnalyst,
    /// Works on bills.
    BillingAnalyst,
    /// Works on aggregates.
    Analyst,
    /// Runs campaigns.
    Marketer,
    /// A joint-venture partner or independent contractor.
    JointVenturePartner,
    /// A location-based service.
    LocationPartner,
    /// An application that the customer uses.
    ThirdPartyApp,
    /// Emergency services.
    PublicSafety,
    /// The porting interface of another carrier.
    PortSystem,
    /// The customer.
    Customer,
    /// Nobody known yet.
    Anonymous,
}

/// Why it is asked for (47 U.S.C. 222(c)(1): a use needs a permitted purpose).
#[uniffi::remote(Enum)]
pub enum Purpose {
    /// No purpose given: nothing is permitted for it.
    None,
    /// The customer asked for help with the service.
    Support,
    /// Initiate, render, bill (222(d)(1)).
    Billing,
    /// Protect the carrier's rights or users against fraud (222(d)(2)).
    Fraud,
    /// Emergency services (222(d)(4)).
    Emergency,
    /// A credit check that the customer asked for.
    CreditCheck,
    /// A line separation (47 U.S.C. 345).
    LineSeparation,
    /// The customer's written request to disclose to a designated person (222(c)(2)).
    CustomerDirected,
    /// A service of a third party.
    ThirdPartyService,
    /// Marketing within a category already taken (47 CFR 64.2005(a)).
    MarketSameCategory,
    /// Marketing another communications-related service (64.2007(b)).
    MarketNewCategory,
    /// Marketing anything else.
    MarketUnrelatedProduct,
    /// Tracking customers who call competitors (64.2005(b)(2)).
    TrackCompetitorCalls,
    /// Aggregate customer information (222(c)(3), (h)(2)).
    Aggregate,
    /// Provide the service (222(c)(1)).
    Provide,
    /// Collect for the service (222(d)(1)).
    Collect,
    /// Publish a directory (222(e)).
    Directory,
    /// Required by law (222(c)(1)).
    Legal,
}

/// What was shown to establish who the customer is. What a kind proves, and where, is policy.
#[uniffi::remote(Enum)]
pub enum EvidenceKind {
    /// The account password, correct.
    Password,
    /// A wrong password.
    PasswordFailed,
    /// The back-up answer, correct.
    Backup,
    /// A wrong back-up answer.
    BackupFailed,
    /// A passkey assertion.
    Passkey,
    /// A factor in the carrier's app.
    AppFactor,
    /// A one-time code sent to the telephone number of record.
    OtpNumberOfRecord,
    /// A one-time code sent to the address of record.
    OtpAddressOfRecord,
    /// The carrier called the telephone number of record, says its telephony.
    CallbackNumberOfRecord,
    /// The carrier called a number that is only contact information.
    CallbackContactNumber,
    /// A valid photo ID whose name matches the account (47 CFR 64.2003(r), 64.2010(d)).
    PhotoId,
    /// A photo ID that has expired.
    PhotoIdExpired,
    /// A photo ID in another name.
    PhotoIdNameMismatch,
    /// The authentication that a business contract lays down (64.2010(g)).
    BusinessContract,
    /// A verified line-separation request (47 U.S.C. 345).
    LineSeparationVerified,
    /// The customer named a call without help (64.2010(b), last sentence).
    CallNamedUnaided,
    /// The customer named a call, but was helped.
    CallNamedWithHelp,
    /// The calling number matches.
    CallerId,
    /// The whole SSN, correct.
    SsnVerified,
    /// The last four digits of the SSN.
    SsnLast4,
    /// Date of birth.
    DateOfBirth,
    /// Mother's maiden name.
    MothersMaidenName,
    /// Home address.
    HomeAddress,
    /// Full name.
    FullName,
    /// ZIP code.
    ZipCode,
    /// Account number.
    AccountNumber,
    /// A part of the account number.
    AccountNumberLast4,
    /// The amount of a bill.
    BillAmount,
    /// A recent payment.
    RecentPayment,
    /// Questions about call detail.
    CallDetailQuiz,
    /// A partner says that the customer consented.
    PartnerAssertedConsent,
    /// The customer-set port-out passcode, correct.
    PortPasscode,
    /// A wrong port-out passcode.
    PortPasscodeFailed,
}

/// Who established a piece of evidence. What an agent says proves little.
#[uniffi::remote(Enum)]
pub enum EstablishedBy {
    /// This library compared it itself.
    Library,
    /// A system of the host's (telephony, identity provider) says so.
    HostSystem,
    /// The agent says so.
    Agent,
}

/// What was decided about a field or an action.
#[uniffi::remote(Enum)]
pub enum Outcome {
    /// The value is given out; for an action: it may proceed.
    Disclose,
    /// A part of the value, or another form of it, is given out.
    DiscloseLimited,
    /// Only match or no match is given out.
    VerifyOnly,
    /// Nothing is given out.
    Withhold,
}

/// Why something is withheld.
#[uniffi::remote(Enum)]
pub enum WithheldBecause {
    /// A rule forbids it.
    Forbidden,
    /// No grant permits it.
    NotGranted,
    /// A fact that a rule needs is unknown and took its least privileged value.
    FactsMissing,
    /// Both answers can hurt somebody: a human decides.
    Held,
}

/// A duty that comes with a decision.
#[uniffi::remote(Enum)]
pub enum Obligation {
    /// Keep an audit record.
    Audit,
    /// Tell the customer of the change (47 CFR 64.2010(f)(1)).
    NotifyChange,
    /// Tell the customer before it is done (64.2010(h)(3), 52.37(c)).
    NotifyBefore,
    /// Send no notice of the change (64.2010(f)(2)).
    SuppressChangeNotice,
    /// Record the disclosure to a third party (64.2009(c)).
    RecordDisclosure,
    /// Record the campaign (64.2009(c)).
    RecordCampaign,
    /// The approval ends with the contact (64.2008(f)).
    ExpireAtContactEnd,
    /// Leave out calls to covered hotlines (64.6408).
    OmitCoveredHotlines,
    /// Count the SIM change request (64.2010(h)(8)).
    CountSimChange,
    /// Tell the carrier's security people.
    Alert,
    /// A human decides.
    HoldForHuman,
}

/// Something that would lawfully make a refused request succeed.
#[uniffi::remote(Enum)]
pub enum Remedy {
    /// The customer gives the account password.
    ProvidePassword,
    /// The customer establishes a (new) password.
    EstablishPassword,
    /// Send it to the address of record.
    SendToAddressOfRecord,
    /// Call the customer at the telephone number of record.
    CallBackNumberOfRecord,
    /// The customer shows a valid photo ID at a retail location.
    ShowValidPhotoId,
    /// The customer removes the lock.
    CustomerRemovesLock,
    /// Obtain the customer's opt-in approval; for location, the express authorization with it.
    ObtainOptIn,
    /// A supervisor approves.
    SupervisorApproval,
    /// The agent renews the training.
    RenewTraining,
    /// Transfer to an agent in the United States.
    TransferToUsAgent,
    /// The customer presents a second factor.
    PresentSecondFactor,
    /// Send a one-time code and take it.
    SendOneTimeCode,
    /// Open the account from a live contact of one's own, or with a case.
    OpenLiveContact,
    /// The customer names the call without help.
    NameTheCall,
    /// The customer approves orally, for this contact (47 CFR 64.2008(f)).
    AskOralApproval,
}

/// What an audit event tells of.
#[uniffi::remote(Enum)]
pub enum EventKind {
    /// The log begins. Always and only its first event.
    Genesis,
    /// An agent opened an account.
    InteractionOpened,
    /// Something was shown to establish who the customer is.
    EvidencePresented,
    /// A view was decided and, where allowed, is disclosed next.
    Viewed,
    /// What the event before decided could not be carried out: nothing was given out. The cause says why.
    NotCarriedOut,
    /// The interaction ended.
    InteractionEnded,
    /// The host set a secret of an account: password, back-up answer, port-out passcode.
    SecretImported,
    /// A verification was decided and, where allowed, is compared next.
    Verified,
    /// A sending to the customer was decided and, where allowed, goes out next.
    Sent,
    /// An action was decided. Carrying it out is the host's.
    Decided,
    /// A one-time code was made for the customer.
    CodeSent,
    /// The customer is called back at the telephone number of record.
    CalledBack,
    /// The host told facts about an account.
    FactsChanged,
    /// A notice, an approval or an objection of the customer was added to the history.
    ConsentRecorded,
    /// A second person approved, or may not; the actor is that person.
    Approved,
    /// The guard was built with a rule switched off; the basis names the rule.
    RuleOverridden,
    /// A notice to the customer was queued: it was durable before this event (64.2010(f)(1)).
    NoticeQueued,
    /// The host's worker says that a notice was handed over. It leaves the queue next.
    NoticeHandedOver,
    /// A notice could not be handed over, or does not open. It stays in the queue.
    NoticeNotHandedOver,
    /// The host gave a notice up. It leaves the queue next.
    NoticeDiscarded,
    /// This log begins in the place of an earlier one that was refused and set aside.
    Reanchored,
    /// A rule of the watch tripped; the basis names it, the actor is whose doing it was.
    WatchTripped,
    /// Refused by the watch before it was decided. The cause says why.
    WatchRefused,
    /// A second person lifted what the watch holds against an agent; the actor is that person, the
    /// basis the agent's id.
    WatchLifted,
    /// Somebody asked which accounts an incident touched, by name; the basis is the digest of what was
    /// selected. The cause says if it was refused.
    ScopeAsked,
    /// Somebody asked for the name of the account of one event; the basis is its number. The cause
    /// says if it was refused.
    AccountNamed,
    /// The view in the next event is sealed for a device session, whose public key the basis is. With
    /// a cause: refused, and no view follows.
    DeviceAsked,
    /// The root keys change next, or which of them a column of tokens has; the basis says how. With a cause:
    /// they did not, or it is not known.
    KeysChanged,
    /// Sealed bytes were sealed again under the active key and are given back next: a batch; the basis
    /// says how many.
    Resealed,
    /// A search was decided; where it was allowed, the host gets its terms next. The basis is the index.
    Searched,
    /// An account is erased: nothing of it that is sealed under its secret opens again.
    AccountErased,
    /// A step of an erasure after its beginning; the basis says which.
    ErasureContinued,
    /// An erased account may have a secret again, a new one. What was erased stays so.
    AccountReadmitted,
    /// A search found this account, whose id comes out next. With a cause: none, too many, or a
    /// candidate that does not open.
    AccountFound,
    /// The back end had a vault token made for a field of the account; the basis is the token's reference.
    TokenIssued,
    /// The view in the next event is of what a vault token stands for; the basis is its reference. With
    /// a cause: it is not valid here, and no view follows.
    TokenPresented,
    /// The back end revoked a vault token, the basis, or without one all of the account's.
    TokenRevoked,
    /// The back end had plain columns compared with the sealed ones beside them; the basis says how many
    /// were the same.
    ColumnsCompared,
}

/// What a rule does where it applies.
#[uniffi::remote(Enum)]
pub enum Effect {
    /// Closes. Overrides every permit.
    Forbid,
    /// Caps the form in which a value is given out.
    Limit,
    /// Adds duties to what is given out.
    Oblige,
    /// Opens, unless something forbids.
    Permit,
}

/// How sure the reading of a rule is.
#[uniffi::remote(Enum)]
pub enum Certainty {
    /// It follows from the words of the rule.
    Clear,
    /// The rule is silent or ambiguous; this is a default that a carrier may change.
    Interpretation,
    /// The text is adopted; nobody has to follow it yet.
    Pending,
    /// Only proposed.
    Proposed,
    /// What a consent decree ordered.
    Decree,
}

/// How the text behind a rule was read. A rule from memory is enforced and never quoted.
#[uniffi::remote(Enum)]
pub enum ReadFrom {
    /// The statute, regulation or order itself.
    Primary,
    /// Somebody's description of it.
    Secondary,
    /// Memory.
    Memory,
}

/// Whether a pack must be followed.
#[uniffi::remote(Enum)]
pub enum Compliance {
    /// In force. On between its dates, and not to be switched off.
    Required,
    /// Adopted, compliance not yet required. Off until the host switches it on.
    Adopted,
    /// Proposed. Off until the host switches it on.
    Proposed,
    /// This library's default where the law leaves the choice. On.
    LibraryDefault,
    /// A carrier's own grants. On.
    Grants,
}

/// What follows when a rule of the watch trips.
#[uniffi::remote(Enum)]
#[uniffi(name = "WatchResponse")]
pub enum Response {
    /// It is recorded, and told to the host.
    Alert,
    /// And nothing is read, verified, sent or changed before a second person approves.
    SecondPerson,
    /// And nothing at all, until the rule is no longer in force.
    Block,
}

/// Where a one-time code goes.
#[uniffi::remote(Enum)]
pub enum CodeTo {
    /// The telephone number of record.
    NumberOfRecord,
    /// The address of record.
    AddressOfRecord,
}

/// Which number the carrier called, as its telephony recorded it.
#[uniffi::remote(Enum)]
pub enum CallBack {
    /// The telephone number of record: the number of the service itself.
    NumberOfRecord,
    /// A number that was only left as contact information.
    ContactNumber,
}

/// What a system of the host's established about the customer.
#[uniffi::remote(Enum)]
pub enum Attested {
    /// The identity provider verified a passkey assertion.
    Passkey,
    /// The carrier's app confirmed on the customer's device.
    AppFactor,
    /// The authentication that a business customer's contract lays down was carried out.
    BusinessContract,
    /// A line-separation request was verified, by a process of two people.
    LineSeparationVerified,
}

/// Biographical and account information that customers offer. It authenticates nobody.
#[uniffi::remote(Enum)]
pub enum Stated {
    /// The whole SSN.
    SsnVerified,
    /// The last four digits of the SSN.
    SsnLast4,
    /// Date of birth.
    DateOfBirth,
    /// Mother's maiden name.
    MothersMaidenName,
    /// Home address.
    HomeAddress,
    /// Full name.
    FullName,
    /// ZIP code.
    ZipCode,
    /// Account number.
    AccountNumber,
    /// A part of the account number.
    AccountNumberLast4,
    /// The amount of a bill.
    BillAmount,
    /// A recent payment.
    RecentPayment,
    /// Answers about call detail.
    CallDetailQuiz,
    /// A partner's word that the customer consented.
    PartnerAssertedConsent,
}

/// What the caller learns of presented evidence: this, and nothing else.
#[uniffi::remote(Enum)]
pub enum Presented {
    /// It matches.
    Match,
    /// It does not match, or there is nothing to match it with.
    NoMatch,
    /// It was noted and proves nothing.
    Noted,
}

/// The government-issued photo IDs of 47 CFR 64.2003(r).
#[uniffi::remote(Enum)]
pub enum PhotoIdKind {
    /// A driver's licence.
    DriversLicence,
    /// A passport.
    Passport,
    /// Another ID card that a government issued, with a photograph.
    OtherGovernmentIssued,
}

/// How far an account's data got out.
#[uniffi::remote(Enum)]
pub enum Reach {
    /// Somebody tried; all was withheld.
    Attempted,
    /// Sealed data was stolen, and its keys are safe.
    Encrypted,
    /// Something was given out in some form, or stolen together with its keys.
    Disclosed,
}

/// How much of an SSN got out.
#[uniffi::remote(Enum)]
pub enum SsnReach {
    /// The last four digits.
    LastFour,
    /// What was stated was compared with the number.
    Compared,
    /// The number.
    Full,
}
