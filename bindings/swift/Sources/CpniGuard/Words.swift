// The words in which a decision is told, and what an agent's machine has besides. They are generated from the
// core's own, variant for variant, and get their names here.

import CpniGuardFFI

/// What a field holds.
public typealias DataClass = CpniGuardFFI.DataClass
/// Who started a call.
public typealias CallDirection = CpniGuardFFI.CallDirection
/// How much of a value is given out.
public typealias DisclosureForm = CpniGuardFFI.DisclosureForm
/// Which rows of a field are meant.
public typealias DisclosureScope = CpniGuardFFI.DisclosureScope
/// What was decided.
public typealias Outcome = CpniGuardFFI.Outcome
/// Why something is withheld.
public typealias WithheldBecause = CpniGuardFFI.WithheldBecause
/// A duty that comes with a decision.
public typealias Obligation = CpniGuardFFI.Obligation
/// What would lawfully make a refused request succeed.
public typealias Remedy = CpniGuardFFI.Remedy
/// The decision on one field or action.
public typealias Answer = CpniGuardFFI.Answer
/// Steps that together would change the answer.
public typealias RemedyPath = CpniGuardFFI.RemedyPath
/// Something that an agent could do.
public typealias RemedyStep = CpniGuardFFI.RemedyStep
/// The clock. Without one, the operating system's.
public typealias GuardClock = CpniGuardFFI.GuardClock
/// What a host throws where it could not answer. Any other error counts the same; its text is dropped.
public typealias HostFailure = CpniGuardFFI.HostFailure
/// The code of an error, and its name.
public typealias NamedCode = CpniGuardFFI.NamedCode
