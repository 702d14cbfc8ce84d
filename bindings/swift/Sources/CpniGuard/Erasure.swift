// Erasure of accounts.

import CpniGuardFFI
import Foundation

/// How far an erasure is: what is gone, the event that proves it, and what the host has to delete yet.
public typealias ErasureReceipt = CpniGuardFFI.ErasureReceipt

/// Where the secrets of accounts are, under which an account can be erased.
public struct SubjectStore: Sendable {
    let add: @Sendable (GuardBuilder) throws -> Void

    /// In an SQLite file in this folder. Its loss is the loss of everything sealed under it; its backups are what an
    /// erasure waits for.
    public static func folder(_ path: String) -> SubjectStore {
        SubjectStore { try $0.subjectFolder(folder: path) }
    }

    /// In memory: for tests and samples.
    public static let memory = SubjectStore { try $0.memorySubjects() }
}

extension Guard {
    /// Erases an account: its secret is deleted, and no copy of what was sealed under it opens again, in any process.
    /// Recorded first. Ask again where it was broken off.
    ///
    /// - Parameters:
    ///   - agentSession: Who carries it out.
    ///   - caseId: The customer's request, in the host's system.
    ///   - backupsExpire: When the last backup that holds the secret is gone; nothing: not known.
    ///   - columns: The host's columns that are not under the secret, beside the indexes and columns of tokens that the
    ///     library knows.
    /// - Throws: ``ErrorCode/subjectNoStore`` without ``GuardOptions/subjects(_:)``; ``ErrorCode/subjectTooManyColumns``;
    ///   ``ErrorCode/interactionUnknownAgent``; ``ErrorCode/auditNotRecorded``, the store (7001 to 7008): it may be begun,
    ///   and is continued by asking again.
    public func erase(
        account: String, agentSession: String, caseId: String, backupsExpire: Day? = nil, columns: [String] = []
    ) throws(CpniError) -> ErasureReceipt {
        try cpni {
            try raw.erase(
                account: account, agentSession: agentSession, caseId: caseId, backupsExpire: backupsExpire, columns: columns)
        }
    }

    /// Deletes what was to be deleted after a day that is over (``protect(_:account:until:)``), of all accounts, with the
    /// steps and the record of an erasure. Once a day is enough: values open no more from the end of their day on,
    /// whether this ran or not. The parameters are those of
    /// ``erase(account:agentSession:caseId:backupsExpire:columns:)``.
    ///
    /// - Returns: A receipt for each day that there was something to do for.
    /// - Throws: As ``erase(account:agentSession:caseId:backupsExpire:columns:)``; days that come later are then not
    ///   looked at: ask again.
    public func deleteDue(
        agentSession: String, caseId: String, backupsExpire: Day? = nil, columns: [String] = []
    ) throws(CpniError) -> [ErasureReceipt] {
        try cpni {
            try raw.deleteDue(agentSession: agentSession, caseId: caseId, backupsExpire: backupsExpire, columns: columns)
        }
    }

    /// How far the deletion of what was to be deleted after a day is; nothing: it was not begun.
    ///
    /// - Throws: As ``erasure(of:)``.
    public func deletion(after day: Day) throws(CpniError) -> ErasureReceipt? {
        try cpni { try raw.deletionOf(deleteAfter: day) }
    }

    /// The host says that it deleted what a column held of the rows of a day. Recorded first.
    ///
    /// - Throws: As ``confirmDeleted(account:column:agentSession:)``.
    public func confirmDeleted(
        after day: Day, column: String, agentSession: String
    ) throws(CpniError) -> ErasureReceipt {
        try cpni { try raw.confirmDueDeleted(deleteAfter: day, column: column, agentSession: agentSession) }
    }

    /// How far the erasure of an account is; nothing: it was not begun.
    ///
    /// - Throws: ``ErrorCode/subjectNoStore``, ``ErrorCode/subjectDamaged``; the store (7001 to 7008).
    public func erasure(of account: String) throws(CpniError) -> ErasureReceipt? {
        try cpni { try raw.erasureOf(account: account) }
    }

    /// How many erasures are not complete: broken off, or waiting for the host. Reads every row.
    ///
    /// - Throws: As ``erasure(of:)``.
    public func unfinishedErasures() throws(CpniError) -> UInt64 {
        try cpni { try raw.unfinishedErasures() }
    }

    /// The host says that it deleted what a column held of an erased account. Recorded first.
    ///
    /// - Throws: ``ErrorCode/subjectNotErased``, ``ErrorCode/subjectNoSuchColumn``; as ``erase(account:agentSession:caseId:backupsExpire:columns:)``.
    public func confirmDeleted(
        account: String, column: String, agentSession: String
    ) throws(CpniError) -> ErasureReceipt {
        try cpni { try raw.confirmDeleted(account: account, column: column, agentSession: agentSession) }
    }

    /// Lets an erased account be sealed again, under a new secret and the next epoch, which it gives back. What was erased
    /// stays so.
    ///
    /// - Throws: ``ErrorCode/subjectOutstanding`` while the host has columns to delete; ``ErrorCode/subjectNotErased``.
    public func readmit(account: String, agentSession: String, caseId: String) throws(CpniError) -> UInt32 {
        try cpni { try raw.readmit(account: account, agentSession: agentSession, caseId: caseId) }
    }
}
