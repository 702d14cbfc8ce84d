// The words of the interface. They are generated from the core's own, variant for variant, and get
// their names here, so that `import CpniGuard` is all that anybody needs.

import CpniGuardFFI

// MARK: What a field is, who asks, and what may be done with it

/// What a customer approves of, or takes back.
public typealias ConsentScope = CpniGuardFFI.ConsentScope
/// What is asked for.
public typealias Op = CpniGuardFFI.Op
/// What would be changed.
public typealias Action = CpniGuardFFI.Action
/// Where a request comes in.
public typealias Channel = CpniGuardFFI.Channel
/// What the person or system that asks is.
public typealias Role = CpniGuardFFI.Role
/// Why something is asked for.
public typealias Purpose = CpniGuardFFI.Purpose
/// What was shown to establish who the customer is.
public typealias EvidenceKind = CpniGuardFFI.EvidenceKind
/// Who established a piece of evidence.
public typealias EstablishedBy = CpniGuardFFI.EstablishedBy

// MARK: Evidence

/// What a system of the host's established about the customer.
public typealias Attested = CpniGuardFFI.Attested
/// Which number the carrier called.
public typealias CallBack = CpniGuardFFI.CallBack
/// Where a one-time code goes.
public typealias CodeTo = CpniGuardFFI.CodeTo
/// Which photo ID it is.
public typealias PhotoIdKind = CpniGuardFFI.PhotoIdKind
/// What a caller learns of evidence: this, and nothing else.
public typealias Presented = CpniGuardFFI.Presented
/// What customers offer, and what authenticates nobody.
public typealias Stated = CpniGuardFFI.Stated
/// A day of the calendar.
public typealias Day = CpniGuardFFI.Day

// MARK: Decisions

/// A decision with its rules, facts and remedies.
public typealias Explanation = CpniGuardFFI.Explanation
/// A rule that decided.
public typealias RuleReason = CpniGuardFFI.RuleReason
/// A fact that a rule used.
public typealias PolicyFact = CpniGuardFFI.PolicyFact
/// What a rule does where it applies.
public typealias Effect = CpniGuardFFI.Effect
/// How sure the reading of a rule is.
public typealias Certainty = CpniGuardFFI.Certainty
/// How the text behind a rule was read.
public typealias ReadFrom = CpniGuardFFI.ReadFrom

// MARK: Sealed bytes

/// A sealed record, and what was noticed while sealing it.
public typealias ProtectedRecord = CpniGuardFFI.ProtectedRecord
/// A value that is not what its field says, and was sealed all the same.
public typealias FieldConcern = CpniGuardFFI.FieldConcern
/// What sealed bytes say of themselves. Nobody vouches for it before they are opened.
public typealias SealedInfo = CpniGuardFFI.SealedInfo
/// A field of a sealed record.
public typealias SealedFieldInfo = CpniGuardFFI.SealedFieldInfo

// MARK: Policy files

/// What is wrong with a file, and where.
public typealias Fault = CpniGuardFFI.Fault
/// A policy pack, and whether it decides.
public typealias PolicyPack = CpniGuardFFI.PolicyPack
/// Whether a pack must be followed.
public typealias Compliance = CpniGuardFFI.Compliance
/// A field of the schema.
public typealias SchemaField = CpniGuardFFI.SchemaField

// MARK: What a host implements, and what it answers with

/// The host's directory of agents. Synchronous; what it throws becomes E5001, and nothing opens.
public typealias AgentDirectory = CpniGuardFFI.AgentDirectory
/// Who asks, as the host's directory says.
public typealias AgentProfile = CpniGuardFFI.AgentProfile
/// The host's telephony or CRM.
public typealias ContactSource = CpniGuardFFI.ContactSource
/// A call, chat, visit or case, as the host says.
public typealias ContactState = CpniGuardFFI.ContactState
/// What the host knows of accounts.
public typealias AccountFactSource = CpniGuardFFI.AccountFactSource
/// Facts about an account. What is not given takes its least privileged value.
public typealias AccountFacts = CpniGuardFFI.AccountFacts
/// When the SIM last changed.
public typealias SimChange = CpniGuardFFI.SimChange
/// The list of covered hotlines (47 CFR 64.6408).
public typealias HotlineSource = CpniGuardFFI.HotlineSource
/// Keeps the key that wraps the root keys: a KMS, an HSM, a key store.
public typealias KeyProvider = CpniGuardFFI.KeyProvider
/// Where values, codes and calls to customers go.
public typealias Delivery = CpniGuardFFI.Delivery
/// Takes notices of account changes.
public typealias Notifier = CpniGuardFFI.Notifier
/// What a notice says: the kind of the change, never its value.
public typealias NoticeFacts = CpniGuardFFI.NoticeFacts
/// Takes checkpoints of the audit log outside the machine.
public typealias CheckpointSink = CpniGuardFFI.CheckpointSink
/// Takes alarms.
public typealias AlarmSink = CpniGuardFFI.AlarmSink
/// What the watch tells the host.
public typealias AlarmFacts = CpniGuardFFI.AlarmFacts

// MARK: Stand-ins for a host, for tests and samples

/// A directory of agents in memory.
public typealias MemoryAgents = CpniGuardFFI.MemoryAgents
/// Contacts in memory.
public typealias MemoryContacts = CpniGuardFFI.MemoryContacts
/// A clock that stands still until it is moved.
public typealias ManualClock = CpniGuardFFI.ManualClock

// MARK: What a back end keeps about accounts

/// A secret that a customer established elsewhere.
public typealias ImportedSecret = CpniGuardFFI.ImportedSecret
/// An event of the history of a customer's approvals.
public typealias ConsentChange = CpniGuardFFI.ConsentChange
/// An entry of the queue of notices that this worker leased.
public typealias LeasedNotice = CpniGuardFFI.LeasedNotice
/// A notice to hand over. An object, because it names an account.
public typealias ReadyNotice = CpniGuardFFI.ReadyNotice

// MARK: The audit log

/// The audit log of a guard.
public typealias AuditLog = CpniGuardFFI.AuditLog
/// What a verification of the whole log found.
public typealias AuditCheck = CpniGuardFFI.AuditCheck
/// What does not fit in a changed log.
public typealias AuditBreakKind = CpniGuardFFI.AuditBreakKind
/// Some of the events that answer a question.
public typealias AuditPage = CpniGuardFFI.AuditPage
/// An event of the log. It holds no value.
public typealias AuditedEvent = CpniGuardFFI.AuditedEvent
/// What was decided about one field.
public typealias AuditedField = CpniGuardFFI.AuditedField
/// Evidence, and who established it.
public typealias AuditedEvidence = CpniGuardFFI.AuditedEvidence
/// What an event tells of.
public typealias EventKind = CpniGuardFFI.EventKind
/// How publishing checkpoints goes.
public typealias CheckpointProgress = CpniGuardFFI.CheckpointProgress
/// How an event is written for a SIEM.
public typealias ExportFormat = CpniGuardFFI.ExportFormat
/// Where an export begins.
public typealias ExportFrom = CpniGuardFFI.ExportFrom
/// Up to where a log was exported.
public typealias ExportMark = CpniGuardFFI.ExportMark
/// An event that was exported as it is.
public typealias ExportedEvent = CpniGuardFFI.ExportedEvent
/// A part of the log, as lines.
public typealias ExportPart = CpniGuardFFI.ExportPart

// MARK: The officers' questions

/// Numbers of a period that the carrier's own records hold.
public typealias CarrierNumbers = CpniGuardFFI.CarrierNumbers
/// An evidence report, as data and as a page.
public typealias EvidencePages = CpniGuardFFI.EvidencePages
/// Which accesses belong to an incident.
public typealias IncidentAccesses = CpniGuardFFI.IncidentAccesses
/// Whose data an incident touched. An object, because it names accounts.
public typealias BreachScope = CpniGuardFFI.BreachScope
/// How much of an account an incident touched.
public typealias AffectedAccount = CpniGuardFFI.AffectedAccount
/// How far an account's data got out.
public typealias Reach = CpniGuardFFI.Reach
/// How much of an SSN got out.
public typealias SsnReach = CpniGuardFFI.SsnReach
/// What follows when a rule of the watch trips.
public typealias WatchResponse = CpniGuardFFI.WatchResponse
