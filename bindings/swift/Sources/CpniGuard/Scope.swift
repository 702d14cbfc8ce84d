// Whose data an incident touched, where data was stolen past the library or several logs are asked; and what a
// witness of the log checks.

import CpniGuardFFI
import Foundation

/// Which versions of the data root were lost together with sealed data.
public typealias LostKeys = CpniGuardFFI.LostKeys
/// Sealed records that were copied from the host's database. An object, because it names accounts.
public typealias StolenRecords = CpniGuardFFI.StolenRecords
/// A log that a scope was drawn from.
public typealias ScopeSource = CpniGuardFFI.ScopeSource
/// A place at which a log is not what was written.
public typealias AuditGap = CpniGuardFFI.AuditGap
/// What a checkpoint says.
public typealias CheckpointFacts = CpniGuardFFI.CheckpointFacts
/// Signs checkpoints of the audit log with a key that is not on this machine. Where it throws there is no checkpoint
/// (E6009), and every event is recorded all the same.
public typealias CheckpointSigner = CpniGuardFFI.CheckpointSigner
/// Settings of a store in a folder.
public typealias StoreSettings = CpniGuardFFI.StoreSettings
/// An audit log that was set aside.
public typealias SetAsideLog = CpniGuardFFI.SetAsideLog

extension Guard {
    /// As ``breachScope(officerSession:accesses:prove:)``, of accesses, of stolen data, or of both, from this guard's
    /// log and from others of the same tenant.
    ///
    /// - Parameter accesses: Nothing: only what was stolen.
    /// - Throws: ``ErrorCode/interactionNotEntitled``, ``ErrorCode/auditAnotherTenant``; the audit log (6001 to 6010).
    public func breachScope(
        officerSession: String, accesses: IncidentAccesses?, stolen: StolenRecords? = nil, others: [AuditLog] = [],
        prove: Bool
    ) throws(CpniError) -> BreachScope {
        try cpni {
            try raw.breachScopeOf(
                officerSession: officerSession, accesses: accesses, stolen: stolen, others: others, prove: prove)
        }
    }
}

extension CpniGuardFFI.BreachScope {
    /// The incident of a breach report with the customers and the classes of this scope; the rest is yours to say.
    public func incident(determined: Day) throws(CpniError) -> Incident {
        let (reached, count) = try cpni { (try exposures(), try customers()) }
        let affected = Dictionary(reached.map { ($0.class, $0.exposure) }, uniquingKeysWith: { _, later in later })
        return Incident(determined: determined, affected: affected, customers: count)
    }
}

/// Opens a checkpoint: its signature is checked. Needs no guard, no log and no secret key.
///
/// - Throws: 6103 to 6106.
public func openCheckpoint(_ note: String, verifyingKey: String) throws(CpniError) -> CheckpointFacts {
    try cpni { try CpniGuardFFI.openCheckpoint(note: note, verifyingKey: verifyingKey) }
}

/// Checks that a log only grew from one checkpoint to a later one. Needs no guard, no log and no secret key.
///
/// - Parameter path: What `AuditLog.proveGrowth` gave.
/// - Throws: ``ErrorCode/proofConsistency`` if it did not; 6103 to 6106.
public func checkGrowth(
    from earlier: String, to later: String, path: [Data], verifyingKey: String
) throws(CpniError) {
    try cpni { try CpniGuardFFI.checkGrowth(earlier: earlier, later: later, path: path, verifyingKey: verifyingKey) }
}
