// The life of root keys, and passes that seal again what the host has stored. For the people who keep the keys, in the
// back end.

import CpniGuardFFI
import Foundation

/// What hangs under a root key.
public typealias KeyBranch = CpniGuardFFI.KeyBranch
/// What a version of a root key may do.
public typealias KeyState = CpniGuardFFI.KeyState
/// A version of a root key.
public typealias KeyVersion = CpniGuardFFI.KeyVersion
/// What in the library's own stores needs a version of a root key.
public typealias KeyNeeds = CpniGuardFFI.Needs
/// What shows that nothing needs a version of a root key, apart from what the library sees itself.
public typealias Unneeded = CpniGuardFFI.Unneeded
/// What bytes are sealed under.
public typealias SealedUnder = CpniGuardFFI.SealedUnder
/// What a whole pass found: it shows which versions nothing of the host's needs.
public typealias ResealReport = CpniGuardFFI.ResealReport
/// What a pass found and did.
public typealias ResealCounts = CpniGuardFFI.ResealCounts

extension CpniGuardFFI.KeyProvider {
    /// Looks first and stores then. Where several processes may change the keyring at once, do both in one step in a
    /// method of your own: else a key is destroyed that somebody has just sealed under.
    public func replaceDocument(before: Data, document: Data) throws -> Bool {
        guard try loadDocument() == before else { return false }
        try storeDocument(document: document)
        return true
    }
}

/// Rotates, retires and destroys root keys: from ``Guard/keyDesk(_:agentSession:)``. Each change is recorded before it
/// takes effect. It ends with the guard.
///
/// The usual way of a data key: ``rotate(_:)``; ``reload()`` in every other process; ``Guard/resealJob()`` over everything;
/// a second pass that finds nothing; ``retire(_:version:)``, and wait for what nobody thought of; ``destroy(_:version:_:)``.
public final class KeyDesk: Sendable {
    let raw: CpniGuardFFI.KeyDesk

    init(_ raw: CpniGuardFFI.KeyDesk) {
        self.raw = raw
    }

    /// Every version of every branch in use, the destroyed ones too.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``; ``ErrorCode/interactionUnknownAgent``.
    public func versions() throws(CpniError) -> [KeyVersion] {
        try cpni { try raw.versions() }
    }

    /// Makes a new version of a branch, which seals from now on in this process, and gives it back. What is stored is
    /// untouched.
    ///
    /// - Throws: ``ErrorCode/keyNotRotated``; ``ErrorCode/keyChanged``: another process changed the keyring: ``reload()``,
    ///   and ask again; ``ErrorCode/auditNotRecorded``: nothing is changed.
    public func rotate(_ branch: KeyBranch) throws(CpniError) -> UInt32 {
        try cpni { try raw.rotate(branch: branch) }
    }

    /// Has a version open nothing more, until it is reinstated or destroyed: ``ErrorCode/keyRetired`` shows what needs it.
    ///
    /// - Throws: ``ErrorCode/keyStillActive``, ``ErrorCode/keyInUse``; as ``rotate(_:)``.
    public func retire(_ branch: KeyBranch, version: UInt32) throws(CpniError) {
        try cpni { try raw.retire(branch: branch, version: version) }
    }

    /// Takes a retirement back.
    ///
    /// - Throws: ``ErrorCode/keyWrongState``; as ``rotate(_:)``.
    public func reinstate(_ branch: KeyBranch, version: UInt32) throws(CpniError) {
        try cpni { try raw.reinstate(branch: branch, version: version) }
    }

    /// Destroys the key of a version, for good, where nothing needs it.
    ///
    /// - Throws: ``ErrorCode/keyInUse``: ``needs(_:version:)`` says what needs it, or the pass found rows;
    ///   ``ErrorCode/keyNotSurveyed``: `unneeded` is not what the branch asks for, or shows less than it must.
    public func destroy(_ branch: KeyBranch, version: UInt32, _ unneeded: Unneeded) throws(CpniError) {
        try cpni { try raw.destroy(branch: branch, version: version, unneeded: unneeded) }
    }

    /// Takes over the keyring that is stored now, after another process changed it. `false`: it is the one in use.
    ///
    /// - Throws: As ``rotate(_:)``: the one in use stays.
    public func reload() throws(CpniError) -> Bool {
        try cpni { try raw.reload() }
    }

    /// Wraps the root keys by another source: nothing that is sealed is touched. Then build guards, and desks, with that.
    ///
    /// - Throws: ``ErrorCode/keyExists`` if it holds another keyring; as ``rotate(_:)``.
    public func rewrap(_ new: KeySource) throws(CpniError) {
        try cpni { try raw.rewrap(new: try new.holder()) }
    }

    /// What in the library's own stores needs a version. Reads them all: for the audit branch, every event.
    ///
    /// - Throws: The store (7001 to 7008); ``ErrorCode/keyNotSurveyed`` where nobody can say.
    public func needs(_ branch: KeyBranch, version: UInt32) throws(CpniError) -> KeyNeeds {
        try cpni { try raw.needs(branch: branch, version: version) }
    }

    /// Takes away the passwords, back-up answers and passcodes that are still under a version of the data root, so that it
    /// can be destroyed: those customers set new ones. How many.
    ///
    /// - Throws: ``ErrorCode/keyStillActive``; ``ErrorCode/auditNotRecorded``; the store: some may be taken away.
    public func forgetSecrets(version: UInt32) throws(CpniError) -> UInt64 {
        try cpni { try raw.forgetSecrets(version: version) }
    }

    /// Wraps the secrets of accounts under the active version of the subject branch. May be broken off. How many.
    ///
    /// - Throws: ``ErrorCode/subjectNoStore``; as ``forgetSecrets(version:)``.
    public func rewrapSubjects() throws(CpniError) -> UInt64 {
        try cpni { try raw.rewrapSubjects() }
    }
}

/// What became of one row of a pass.
public enum Reseal: Sendable {
    /// It was sealed again: store this in its place.
    case done(Stored, from: SealedUnder, to: SealedUnder)
    /// It is sealed under the active key.
    case alreadyCurrent
}

/// A pass over what the host has stored: from ``Guard/resealJob()``. One that was broken off is begun again: what is
/// current costs a look. Threads wait for each other.
public final class ResealJob: Sendable {
    let raw: CpniGuardFFI.ResealJob

    init(_ raw: CpniGuardFFI.ResealJob) {
        self.raw = raw
    }

    /// Seals again what is not sealed under the active key, 10,000 rows at most: a result for each, in their order.
    ///
    /// - Throws: ``ErrorCode/auditNotRecorded``: nothing is given back, nothing is counted, hand the batch in again;
    ///   ``ErrorCode/bindingUsedUp`` once it was finished.
    public func batch(_ rows: [Row]) throws(CpniError) -> [Result<Reseal, CpniError>] {
        let bytes = try WipedBytes.list(rows, Row.write)
        let done = try cpni { try bytes.withData { try raw.batch(rows: $0) } }
        return zip(rows, done).map { row, result in
            switch result {
            case .done(let sealed, let from, let to):
                .success(.done(Stored(sealed: sealed, id: row.stored.id, isColumn: row.stored.isColumn), from: from, to: to))
            case .alreadyCurrent: .success(.alreadyCurrent)
            case .failed(let code): .failure(.Failed(code: code))
            }
        }
    }

    /// Counts rows that hang under a version by their terms: after ``Guard/reindex(_:)`` none is old.
    ///
    /// - Throws: ``ErrorCode/bindingUsedUp``.
    public func found(_ terms: [IndexTerm]) throws(CpniError) {
        let terms = try WipedBytes.list(terms, IndexTerm.write)
        try cpni { try terms.withData { try raw.foundTerms(terms: $0) } }
    }

    /// Counts something that could not be read: the pass then shows for no version that it is not needed.
    ///
    /// - Throws: ``ErrorCode/bindingUsedUp``.
    public func foundUnreadable() throws(CpniError) {
        try cpni { try raw.foundUnreadable() }
    }

    /// What was found and done so far.
    ///
    /// - Throws: ``ErrorCode/bindingUsedUp``.
    public func progress() throws(CpniError) -> ResealCounts {
        try cpni { try raw.progress() }
    }

    /// The host says that this pass saw everything that it has stored under these keys and means to open again.
    ///
    /// - Throws: ``ErrorCode/bindingUsedUp`` the second time.
    public func finish() throws(CpniError) -> ResealReport {
        try cpni { try raw.finish() }
    }
}

extension Guard {
    /// The desk at which root keys are changed.
    ///
    /// - Parameters:
    ///   - keys: What the guard was built with.
    ///   - agentSession: Whom events name.
    /// - Throws: What the key source says (2001 to 2015).
    public func keyDesk(_ keys: KeySource, agentSession: String? = nil) throws(CpniError) -> KeyDesk {
        KeyDesk(try cpni { try raw.keyDesk(keys: try keys.holder(), agentSession: agentSession) })
    }

    /// Begins a pass over what the host has stored.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func resealJob() throws(CpniError) -> ResealJob {
        ResealJob(try cpni { try raw.resealJob() })
    }
}
