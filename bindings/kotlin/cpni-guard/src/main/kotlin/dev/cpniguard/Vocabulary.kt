package dev.cpniguard

// The words of the library, as the generated code has them: one import for who uses this package.

public typealias Action = dev.cpniguard.ffi.Action
public typealias Attested = dev.cpniguard.ffi.Attested
public typealias CallBack = dev.cpniguard.ffi.CallBack
public typealias Certainty = dev.cpniguard.ffi.Certainty
public typealias Channel = dev.cpniguard.ffi.Channel
public typealias CodeTo = dev.cpniguard.ffi.CodeTo
public typealias Compliance = dev.cpniguard.ffi.Compliance
public typealias ConsentScope = dev.cpniguard.ffi.ConsentScope
public typealias EventKind = dev.cpniguard.ffi.EventKind
public typealias EvidenceKind = dev.cpniguard.ffi.EvidenceKind
public typealias PhotoIdKind = dev.cpniguard.ffi.PhotoIdKind
public typealias Presented = dev.cpniguard.ffi.Presented
public typealias Purpose = dev.cpniguard.ffi.Purpose
public typealias Reach = dev.cpniguard.ffi.Reach
public typealias Role = dev.cpniguard.ffi.Role
public typealias SsnReach = dev.cpniguard.ffi.SsnReach
public typealias Stated = dev.cpniguard.ffi.Stated
public typealias WatchResponse = dev.cpniguard.ffi.WatchResponse

/** A decision with its rules, citations, facts and remedies. */
public typealias Explanation = dev.cpniguard.ffi.Explanation
public typealias RuleReason = dev.cpniguard.ffi.RuleReason
public typealias PolicyFact = dev.cpniguard.ffi.PolicyFact
public typealias FieldConcern = dev.cpniguard.ffi.FieldConcern
public typealias SealedInfo = dev.cpniguard.ffi.SealedInfo
public typealias SealedFieldInfo = dev.cpniguard.ffi.SealedFieldInfo
public typealias SchemaField = dev.cpniguard.ffi.SchemaField
public typealias PolicyPack = dev.cpniguard.ffi.PolicyPack
public typealias Fault = dev.cpniguard.ffi.Fault
public typealias ImportedSecret = dev.cpniguard.ffi.ImportedSecret
public typealias AuditBreakKind = dev.cpniguard.ffi.AuditBreakKind
public typealias AuditPage = dev.cpniguard.ffi.AuditPage
public typealias AuditedEvent = dev.cpniguard.ffi.AuditedEvent
public typealias CheckpointProgress = dev.cpniguard.ffi.CheckpointProgress
public typealias NoticeFacts = dev.cpniguard.ffi.NoticeFacts
public typealias AlarmFacts = dev.cpniguard.ffi.AlarmFacts
public typealias CarrierNumbers = dev.cpniguard.ffi.CarrierNumbers
public typealias EvidencePages = dev.cpniguard.ffi.EvidencePages
public typealias IncidentAccesses = dev.cpniguard.ffi.IncidentAccesses
public typealias AffectedAccount = dev.cpniguard.ffi.AffectedAccount
