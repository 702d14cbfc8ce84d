// The guard, and the parts that it is built from.

import CpniGuardFFI
import Foundation

/// Where the root keys are: for a guard, and for ``Guard/keyDesk(_:agentSession:)``. It prints nothing of itself. What
/// protects the keys is read once, when one of the two first asks.
public struct KeySource: Sendable {
    private let held: HeldKeys

    private init(_ make: @escaping @Sendable () throws -> KeyHolder) {
        held = HeldKeys(make)
    }

    func holder() throws -> KeyHolder { try held.holder() }

    /// In a file that a passphrase of at least 12 bytes protects (Argon2id, AES key wrap).
    ///
    /// - Parameter create: Makes the file where there is none. Keys that were lost are then replaced by new
    ///   ones, which do not open what the old ones sealed.
    public static func file(_ path: String, passphrase: String, create: Bool = false) -> KeySource {
        KeySource {
            let passphrase = try WipedBytes { (out) throws(CpniError) in out.text(passphrase) }
            return try passphrase.withData { try KeyHolder.passphrase(path: path, passphrase: $0, create: create) }
        }
    }

    /// Wrapped by the host's key store.
    ///
    /// - Parameter create: Makes a keyring where there is none.
    public static func provider(_ provider: any KeyProvider, create: Bool = false) -> KeySource {
        KeySource { try KeyHolder.host(provider: provider, create: create) }
    }

    /// New ones in memory, that end with the process: for tests and samples.
    public static var memory: KeySource { KeySource { try KeyHolder.memory() } }
}

/// The holder of the keys, made once; then what made it, a passphrase perhaps, is let go.
private final class HeldKeys: @unchecked Sendable {
    // INVARIANT: looked at under the lock only.
    private let lock = NSLock()
    private var make: (@Sendable () throws -> KeyHolder)?
    private var made: KeyHolder?

    init(_ make: @escaping @Sendable () throws -> KeyHolder) {
        self.make = make
    }

    func holder() throws -> KeyHolder {
        lock.lock()
        defer { lock.unlock() }
        if let made { return made }
        guard let holder = try make?() else { throw CpniError(.bindingPanic) }
        (made, make) = (holder, nil)
        return holder
    }
}

/// Where the audit log and the state of accounts are kept.
public struct GuardStore: Sendable {
    let add: @Sendable (GuardBuilder) throws -> Void

    /// In SQLite files in a folder, which is made if it is not there.
    public static func folder(_ path: String) -> GuardStore {
        GuardStore { try $0.storeFolder(folder: path) }
    }

    /// The same, with settings.
    public static func folder(_ path: String, _ settings: StoreSettings) -> GuardStore {
        GuardStore { try $0.storeFolderWith(folder: path, settings: settings) }
    }

    /// Moves the audit log of a folder, which was refused, into a folder of its own in it, unchanged: evidence. The
    /// next guard on the folder begins a new log: tell it ``GuardOptions/inPlaceOf(_:cause:decidedBy:)``.
    ///
    /// - Throws: ``ErrorCode/storeAnotherWriter`` if the log is open; the store (7001 to 7008).
    public static func setAside(_ path: String) throws(CpniError) -> SetAsideLog {
        try cpni { try setAsideAuditLog(folder: path) }
    }

    /// In memory: for tests and samples.
    public static let memory = GuardStore { try $0.memoryStore() }
}

/// Who knows the agents.
public struct AgentLookup: Sendable {
    let add: @Sendable (GuardBuilder) throws -> Void

    /// The host's directory.
    public static func directory(_ directory: any AgentDirectory) -> AgentLookup {
        AgentLookup { try $0.agents(directory: directory) }
    }

    /// A directory in memory: for tests and samples.
    public static func memory(_ directory: MemoryAgents) -> AgentLookup {
        AgentLookup { try $0.memoryAgents(directory: directory) }
    }
}

/// Who knows the contacts.
public struct ContactLookup: Sendable {
    let add: @Sendable (GuardBuilder) throws -> Void

    /// The host's telephony or CRM.
    public static func source(_ source: any ContactSource) -> ContactLookup {
        ContactLookup { try $0.contacts(contacts: source) }
    }

    /// Contacts in memory: for tests and samples.
    public static func memory(_ contacts: MemoryContacts) -> ContactLookup {
        ContactLookup { try $0.memoryContacts(contacts: contacts) }
    }
}

/// The parts of a guard that have a default. Each method adds one and gives the options back.
public struct GuardOptions: Sendable {
    private var steps: [@Sendable (GuardBuilder) throws -> Void] = []

    /// Nothing but the defaults.
    public init() {}

    /// The carrier or brand whose keys these are; `default` where it is not said.
    public func tenant(_ id: String) -> GuardOptions {
        adding { try $0.tenant(id: id) }
    }

    /// A pack of the host's own, of `forbid`, `limit` and `oblige` rules.
    public func pack(_ name: String, _ toml: String) -> GuardOptions {
        adding { try $0.pack(name: name, toml: toml) }
    }

    /// Follows a pack that is adopted or proposed, and not yet required.
    public func switchOn(_ pack: String) -> GuardOptions {
        adding { try $0.switchOn(pack: pack) }
    }

    /// Switches a rule off until a day. Recorded, and in every attestation.
    public func override(_ rule: String, reason: String, approver: String, until: Day) -> GuardOptions {
        adding { try $0.overrideRule(rule: rule, reason: reason, approver: approver, until: until) }
    }

    /// Where the secrets of accounts are, so that accounts can be erased: what is sealed from then on takes the account's
    /// secret in. What was sealed before opens as before, until ``Guard/resealJob()`` has sealed it again.
    public func subjects(_ store: SubjectStore) -> GuardOptions {
        adding { try store.add($0) }
    }

    /// Who knows facts about accounts. Without it they are what ``Guard/setFacts(_:of:)`` said.
    public func accountFacts(_ source: any AccountFactSource) -> GuardOptions {
        adding { try $0.accountFacts(source: source) }
    }

    /// The list of covered hotlines. Without it, customers' call logs are withheld.
    public func hotlines(_ source: any HotlineSource) -> GuardOptions {
        adding { try $0.hotlines(source: source) }
    }

    /// Who sends to customers. Without it nothing is sent and no code goes out.
    public func delivery(_ delivery: any Delivery) -> GuardOptions {
        adding { try $0.delivery(delivery: delivery) }
    }

    /// Who queues notices. Without it they wait in the library's own queue.
    public func notifier(_ notifier: any Notifier) -> GuardOptions {
        adding { try $0.notifier(notifier: notifier) }
    }

    /// The host's fraud systems. Without them every device is new, every account young, and no handset is unlocked.
    public func risks(_ source: any RiskSource) -> GuardOptions {
        adding { try $0.risks(source: source) }
    }

    /// The carrier's rules of risk for transactions, in place of the library's own.
    public func transactionRules(_ rules: TransactionRules) -> GuardOptions {
        adding { try $0.transactionRules(rules: rules.raw) }
    }

    /// Watch rules in place of the built-in ones.
    public func watch(_ name: String, _ toml: String) -> GuardOptions {
        adding { try $0.watch(name: name, toml: toml) }
    }

    /// Who is told when a rule of the watch trips.
    public func alarms(_ sink: any AlarmSink) -> GuardOptions {
        adding { try $0.alarms(sink: sink) }
    }

    /// The clock of the host. Asked several times in each call.
    public func clock(_ clock: any GuardClock) -> GuardOptions {
        adding { try $0.clock(clock: clock) }
    }

    /// A clock that stands still: for tests and samples.
    public func clock(_ clock: ManualClock) -> GuardOptions {
        adding { try $0.manualClock(clock: clock) }
    }

    /// After how many seconds interactions end by themselves: without a call to them, and in any case.
    public func timeLimits(idleSecs: UInt64, absoluteSecs: UInt64) -> GuardOptions {
        adding { try $0.timeLimits(idleSecs: idleSecs, absoluteSecs: absoluteSecs) }
    }

    /// Who signs checkpoints of the audit log. Without it, a key of the audit root's does. The key is asked for
    /// once, and where the signer cannot say it no guard is built (``ErrorCode/auditNotSigned``).
    public func checkpointSigner(_ signer: any CheckpointSigner) -> GuardOptions {
        adding { try $0.checkpointSigner(signer: signer) }
    }

    /// If a new audit log begins, it says that it does in the place of this one, which was refused and set aside.
    ///
    /// - Parameters:
    ///   - cause: The code by which it was refused; nothing: not known.
    ///   - decidedBy: Who decided to begin another one.
    public func inPlaceOf(
        _ aside: SetAsideLog, cause: ErrorCode? = nil, decidedBy: AgentProfile? = nil
    ) -> GuardOptions {
        adding { try $0.inPlaceOf(log: aside.log, cause: cause?.rawValue ?? 0, decidedBy: decidedBy) }
    }

    /// Takes checkpoints of the audit log outside the machine.
    public func checkpoints(to sink: any CheckpointSink) -> GuardOptions {
        adding { try $0.checkpointSink(sink: sink) }
    }

    /// Publishes checkpoints into a folder, which should be a mount from another machine.
    public func checkpoints(toFolder folder: String) -> GuardOptions {
        adding { try $0.checkpointFolder(folder: folder) }
    }

    /// Makes a checkpoint after so many events, or after so many seconds if there are new ones.
    public func checkpointEvery(events: UInt64, secs: UInt64) -> GuardOptions {
        adding { try $0.checkpointEvery(events: events, secs: secs) }
    }

    /// An agent who may ask which accounts an incident touched, by name.
    public func breachOfficer(_ agent: String) -> GuardOptions {
        adding { try $0.breachOfficer(agent: agent) }
    }

    func apply(to builder: GuardBuilder) throws {
        for step in steps { try step(builder) }
    }

    private func adding(_ step: @escaping @Sendable (GuardBuilder) throws -> Void) -> GuardOptions {
        var added = self
        added.steps.append(step)
        return added
    }
}

/// Seals customers' records and opens interactions on them. One a process; threads share it.
///
/// It holds the root keys, so it belongs into a back end. An agent's machine has none.
///
/// ```swift
/// let cpni = try Guard(
///     schema: schema, keys: .file("keys.cpni", passphrase: passphrase), store: .folder("guard-data"),
///     grants: [grants], agents: .directory(directory), contacts: .source(telephony))
/// ```
public final class Guard: Sendable {
    let raw: CpniGuardFFI.Guard

    /// Builds a guard: loads the keys, compiles the policy, opens the audit log.
    ///
    /// - Parameters:
    ///   - schema: What the fields of a record are: the text of a schema file (``checkSchema(_:)``).
    ///   - keys: Where the root keys are.
    ///   - store: Where the audit log and the state of accounts are kept.
    ///   - grants: The texts of grants files: what the host's roles may do (``checkGrants(_:)``).
    ///   - agents: Who knows the agents.
    ///   - contacts: Who knows the contacts.
    ///   - options: The rest.
    /// - Throws: What the part that is at fault says: 1201 and 4001 to 4013 for files, 2001 to 2015 for
    ///   keys, 7001 to 7008 for the store.
    public init(
        schema: String, keys: KeySource, store: GuardStore, grants: [String], agents: AgentLookup, contacts: ContactLookup,
        options: GuardOptions = GuardOptions()
    ) throws(CpniError) {
        raw = try cpni {
            let builder = try GuardBuilder()
            try builder.schema(toml: schema)
            try builder.keys(keys: try keys.holder())
            try store.add(builder)
            for grant in grants { try builder.grants(toml: grant) }
            try agents.add(builder)
            try contacts.add(builder)
            try options.apply(to: builder)
            return try builder.build()
        }
    }

    /// Shuts the guard down. Every later call to it fails; its files are closed when its last interaction has
    /// ended. Freeing it does the same.
    public func close() {
        // It only fails where the library panicked, and then nothing opens either.
        try? raw.shutDown()
    }

    // MARK: Records

    /// Seals a record of an account.
    ///
    /// - Returns: The bytes for the host's own database, and which values are not what their field says.
    /// - Throws: An id that is not allowed (1001 to 1003); a field that the schema does not know, or does
    ///   not take so (1101 to 1108); ``ErrorCode/bindingClosed``.
    public func protect(_ record: Record, account: String) throws(CpniError) -> ProtectedRecord {
        let item = try WipedBytes { (out) throws(CpniError) in try record.write(account: account, to: &out) }
        return try cpni { try item.withData { try raw.protect(item: $0) } }
    }

    /// Seals a record that is to be deleted after a UTC day: from its end on it opens for nobody, and
    /// ``deleteDue(agentSession:caseId:backupsExpire:columns:)`` deletes what it was sealed under. Fields that are taken
    /// out of it have the same day.
    ///
    /// - Throws: As ``protect(_:account:)``; ``ErrorCode/subjectNoStore`` without ``GuardOptions/subjects(_:)``;
    ///   ``ErrorCode/subjectDeleteAfter`` for a day that is over, or past 2149-06-06.
    public func protect(_ record: Record, account: String, until day: Day) throws(CpniError) -> ProtectedRecord {
        let item = try WipedBytes { (out) throws(CpniError) in try record.write(account: account, to: &out) }
        return try cpni { try item.withData { try raw.protectUntil(item: $0, deleteAfter: day) } }
    }

    /// Seals many records, with a result for each.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``. Nothing is sealed then.
    public func protect(
        _ records: [(account: String, record: Record)]
    ) throws(CpniError) -> [Result<ProtectedRecord, CpniError>] {
        let items = try WipedBytes { (out) throws(CpniError) in
            try out.count(records.count, UInt32.self)
            for (account, record) in records { try record.write(account: account, to: &out) }
        }
        return try cpni { try items.withData { try raw.protectBatch(items: $0) } }.map { result in
            switch result {
            case .sealed(let record): .success(record)
            case .failed(let code): .failure(.Failed(code: code))
            }
        }
    }

    // MARK: Interactions

    /// Opens an interaction.
    ///
    /// - Parameters:
    ///   - agentSession: The token of the host's own sign-in; the directory says whose it is.
    ///   - account: The host's id of the account.
    ///   - purpose: Why.
    ///   - contact: The contact and the channel that it is on. Without one it is back-office work without
    ///     a case.
    /// - Throws: ``ErrorCode/interactionUnknownAgent``, ``ErrorCode/interactionDirectoryUnavailable``,
    ///   ``ErrorCode/auditNotRecorded``, ``ErrorCode/bindingClosed``.
    public func interaction(
        agentSession: String, account: String, purpose: Purpose, contact: (id: String, channel: Channel)? = nil
    ) throws(CpniError) -> Interaction {
        Interaction(
            try cpni {
                try raw.openInteraction(
                    agentSession: agentSession, account: account, purpose: purpose,
                    contact: contact?.id, channel: contact?.channel)
            })
    }

    // MARK: Accounts

    /// Takes over a secret that the customer established elsewhere. Recorded.
    ///
    /// - Throws: ``ErrorCode/interactionPasswordLength``; ``ErrorCode/auditNotRecorded``: it is then not
    ///   taken over.
    public func importSecret(_ kind: ImportedSecret, of account: String, _ value: String) throws(CpniError) {
        let value = try WipedBytes { (out) throws(CpniError) in out.text(value) }
        try cpni { try value.withData { try raw.importSecret(kind: kind, account: account, value: $0) } }
    }

    /// Keeps facts about an account, for a host without an ``AccountFactSource``. Recorded.
    ///
    /// - Throws: ``ErrorCode/auditNotRecorded``: they are then not kept.
    public func setFacts(_ facts: AccountFacts, of account: String) throws(CpniError) {
        try cpni { try raw.setAccountFacts(account: account, facts: facts) }
    }

    /// Adds to the history of a customer's approvals. Recorded.
    ///
    /// - Throws: ``ErrorCode/interactionInTheFuture``, ``ErrorCode/interactionConsentHistoryFull``,
    ///   ``ErrorCode/auditNotRecorded``: it is then not added.
    public func recordConsent(_ change: ConsentChange, of account: String, atMicros: UInt64) throws(CpniError) {
        try cpni { try raw.recordConsent(account: account, atMicros: atMicros, change: change) }
    }

    /// Makes accounts decoys: whoever opens or reads one is told of at once.
    ///
    /// - Throws: An id that is not allowed; the store (7001 to 7008): none of them is one then.
    public func addDecoys(_ accounts: [String]) throws(CpniError) {
        try cpni { try raw.addDecoys(accounts: accounts) }
    }

    /// Makes decoys ordinary accounts.
    ///
    /// - Throws: As ``addDecoys(_:)``.
    public func removeDecoys(_ accounts: [String]) throws(CpniError) {
        try cpni { try raw.removeDecoys(accounts: accounts) }
    }

    /// Lifts what the watch holds against an agent. The approver is another person, signed in.
    ///
    /// - Throws: ``ErrorCode/interactionMayNotApprove``: recorded, and nothing is lifted.
    public func liftWatch(agent: String, approverSession: String) throws(CpniError) {
        try cpni { try raw.liftWatch(agent: agent, approverSession: approverSession) }
    }

    // MARK: Notices to customers

    /// Claims at most so many notices of the queue for ten minutes, those that wait longest first.
    ///
    /// - Throws: ``ErrorCode/auditNotRecorded``; the store (7001 to 7008).
    public func leaseNotices(limit: UInt32) throws(CpniError) -> [LeasedNotice] {
        try cpni { try raw.leaseNotices(limit: limit) }
    }

    /// A notice was handed over: recorded, then taken out of the queue. `false`: it was gone already.
    ///
    /// - Throws: ``ErrorCode/interactionNoticeUnreadable``: it is still in the queue; as ``leaseNotices(limit:)``.
    public func noticeDone(id: Data) throws(CpniError) -> Bool {
        try cpni { try raw.noticeDone(id: id) }
    }

    /// A notice could not be handed over: it waits, longer each time. `false`: it is another worker's now.
    ///
    /// - Throws: As ``leaseNotices(limit:)``.
    public func noticeFailed(_ notice: ReadyNotice) throws(CpniError) -> Bool {
        try cpni { try raw.noticeFailed(notice: notice) }
    }

    /// Gives a notice up: recorded, then taken out of the queue.
    ///
    /// - Throws: As ``leaseNotices(limit:)``: it is still in the queue.
    public func noticeDiscard(id: Data) throws(CpniError) -> Bool {
        try cpni { try raw.noticeDiscard(id: id) }
    }

    /// How many notices there are.
    ///
    /// - Throws: The store (7001 to 7008).
    public func noticeCount() throws(CpniError) -> UInt64 {
        try cpni { try raw.noticeCount() }
    }

    // MARK: What it enforces, and what its log holds

    /// The audit log. Its calls fail once the guard was closed.
    public var audit: AuditLog {
        get throws(CpniError) { try cpni { try raw.audit() } }
    }

    /// What this guard enforces now, as JSON. It never says that a carrier meets its duties.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func attestationJson() throws(CpniError) -> String {
        try cpni { try raw.attestationJson() }
    }

    /// The same as a page of text.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func attestationText() throws(CpniError) -> String {
        try cpni { try raw.attestationText() }
    }

    /// The policy packs, and which of them decide now.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func policyStatus() throws(CpniError) -> [PolicyPack] {
        try cpni { try raw.policyStatus() }
    }

    /// The fields of the schema.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func schemaFields() throws(CpniError) -> [SchemaField] {
        try cpni { try raw.schemaFields() }
    }

    /// What the log of a period holds, as JSON and as one page. It names agents.
    ///
    /// - Parameter checkpoint: The note of a checkpoint that was kept outside.
    /// - Throws: ``ErrorCode/bindingClosed``; 6102 to 6106 for the note.
    public func evidenceReport(
        micros: Range<UInt64>, carrier: CarrierNumbers? = nil, checkpoint: String? = nil
    ) throws(CpniError) -> EvidencePages {
        try cpni {
            try raw.evidenceReport(
                fromMicros: micros.lowerBound, untilMicros: micros.upperBound, carrier: carrier,
                checkpoint: checkpoint)
        }
    }

    /// Whose data an incident touched, by name. That it was asked is recorded first.
    ///
    /// - Parameter prove: Every event is read and hashed; else the index is believed.
    /// - Throws: ``ErrorCode/interactionNotEntitled``; the audit log (6001 to 6010).
    public func breachScope(
        officerSession: String, accesses: IncidentAccesses, prove: Bool
    ) throws(CpniError) -> BreachScope {
        try cpni { try raw.breachScope(officerSession: officerSession, accesses: accesses, prove: prove) }
    }

    /// The account of one event of the log, as UTF-8; nothing where it is about none. That it was asked is
    /// recorded first.
    ///
    /// - Throws: ``ErrorCode/interactionNotEntitled``; the audit log (6001 to 6010).
    public func nameAccount(officerSession: String, event: UInt64) throws(CpniError) -> Data? {
        try cpni { try raw.nameAccount(officerSession: officerSession, event: event) }
    }
}

/// What is wrong with the text of a schema file; nothing: it can be used.
public func checkSchema(_ toml: String) throws(CpniError) -> [Fault] {
    try cpni { try CpniGuardFFI.checkSchema(toml: toml) }
}

/// What is wrong with the text of a grants file, beside the built-in packs; nothing: it can be used.
public func checkGrants(_ toml: String) throws(CpniError) -> [Fault] {
    try cpni { try CpniGuardFFI.checkGrants(toml: toml) }
}

/// What is wrong with the text of a file of watch rules; nothing: it can be used.
public func checkWatch(_ toml: String) throws(CpniError) -> [Fault] {
    try cpni { try CpniGuardFFI.checkWatch(toml: toml) }
}

/// Checks the proof of an event. Needs no guard, no log and no secret key.
///
/// - Throws: 6101 to 6106.
public func checkEventProof(_ proof: String, verifyingKey: String) throws(CpniError) -> AuditedEvent {
    try cpni { try CpniGuardFFI.checkEventProof(proof: proof, verifyingKey: verifyingKey) }
}
