package dev.cpniguard

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import java.time.LocalDate

/**
 * The same calls for coroutines, on a dispatcher of the host's: they block a thread of it (an audit record is durable
 * before a value is opened), so take `Dispatchers.IO` or one of your own.
 *
 * A call that has begun is finished, also where its coroutine was cancelled: what was recorded as given out is
 * handed over, and so can be closed. Needs `kotlinx-coroutines-core`, which this package does not bring.
 */
public fun Guard.suspending(dispatcher: CoroutineDispatcher): SuspendingGuard = SuspendingGuard(this, dispatcher)

/** A [Guard] for coroutines. The guard stays its owner's to close. */
public class SuspendingGuard internal constructor(
    private val guard: Guard,
    private val dispatcher: CoroutineDispatcher,
) {
    /** [Guard.protect]. */
    public suspend fun protect(account: String, record: Record): Protected =
        finished { guard.protect(account, record) }

    /** [Guard.protectAll]. */
    public suspend fun protectAll(items: List<Pair<String, Record>>): List<Each<Protected>> =
        finished { guard.protectAll(items) }

    /** [Guard.importSecret]. */
    public suspend fun importSecret(kind: ImportedSecret, account: String, value: CharArray): Unit =
        finished { guard.importSecret(kind, account, value) }

    /** [Guard.interaction], for the length of [block]; it has ended when this returns, also by cancellation. */
    public suspend fun <R> interaction(
        session: String,
        account: String,
        purpose: Purpose,
        contact: Contact? = null,
        block: suspend (SuspendingInteraction) -> R,
    ): R {
        val call = finished { guard.interaction(session, account, purpose, contact) }
        var failure: Throwable? = null
        try {
            return block(SuspendingInteraction(call, dispatcher))
        } catch (failed: Throwable) {
            failure = failed
            throw failed
        } finally {
            try {
                finished { call.close() }
            } catch (unrecorded: CpniException) {
                failure?.addSuppressed(unrecorded) ?: throw unrecorded
            }
        }
    }

    /** [AuditLog.verify]. */
    public suspend fun verifyAudit(outside: String? = null): AuditCheck =
        finished { guard.audit().use { it.verify(outside) } }

    /** [Guard.breachScope]: it reads the log, and where it proves, every event of it. */
    public suspend fun breachScope(
        officerSession: String,
        accesses: IncidentAccesses?,
        stolen: StolenRecords? = null,
        others: List<AuditLog> = emptyList(),
        prove: Boolean = true,
    ): BreachScope = finished { guard.breachScope(officerSession, accesses, stolen, others, prove) }

    /** [Guard.nameAccount]. */
    public suspend fun nameAccount(officerSession: String, event: ULong): String? =
        finished { guard.nameAccount(officerSession, event) }

    /** [Guard.search]. */
    public suspend fun search(session: String, contact: Contact?, purpose: Purpose, index: String, vararg stated: CharArray): Search =
        finished { guard.search(session, contact, purpose, index, *stated) }

    /** [Search.Allowed.find]. */
    public suspend fun find(search: Search.Allowed, rows: List<Row>): FoundAccounts = finished { search.find(rows) }

    /** [Guard.issueToken]. */
    public suspend fun issueToken(account: String, stored: Stored, field: String, terms: TokenTerms): VaultToken =
        finished { guard.issueToken(account, stored, field, terms) }

    /** [Guard.revokeToken]. */
    public suspend fun revokeToken(token: VaultToken): Boolean = finished { guard.revokeToken(token) }

    /** [TokenColumn.tokenise]. */
    public suspend fun <T : Token> tokenise(column: TokenColumn<T>, values: List<CharArray>): List<Each<T>> =
        finished { column.tokenise(values) }

    /** [ResealJob.batch]. */
    public suspend fun reseal(job: ResealJob, rows: List<Row>): List<Each<Reseal>> = finished { job.batch(rows) }

    /** [Guard.migrate]. */
    public suspend fun migrate(values: List<ColumnValue>): MigrationBatch = finished { guard.migrate(values) }

    /** [Guard.protectUntil]. */
    public suspend fun protectUntil(account: String, record: Record, deleteAfter: LocalDate): Protected =
        finished { guard.protectUntil(account, record, deleteAfter) }

    /** [Guard.deleteDue]. */
    public suspend fun deleteDue(
        session: String,
        case: String,
        backupsExpire: LocalDate? = null,
        columns: List<String> = emptyList(),
    ): List<ErasureReceipt> = finished { guard.deleteDue(session, case, backupsExpire, columns) }

    /** [Guard.erase]. */
    public suspend fun erase(
        account: String,
        session: String,
        case: String,
        backupsExpire: LocalDate? = null,
        columns: List<String> = emptyList(),
    ): ErasureReceipt = finished { guard.erase(account, session, case, backupsExpire, columns) }

    /** [Guard.confirmDeleted]. */
    public suspend fun confirmDeleted(account: String, column: String, session: String): ErasureReceipt =
        finished { guard.confirmDeleted(account, column, session) }

    /** [Transactions.approve]. */
    public suspend fun approve(account: String, id: String, shown: ChangeRequest, approverSession: String): Unit =
        finished { guard.transactions().use { it.approve(account, id, shown, approverSession) } }

    /** [Transactions.permit] and [Transactions.execute] at once, as the host's worker does it. */
    public suspend fun execute(account: String, id: String, change: ChangeRequest): Execution = finished {
        guard.transactions().use { all -> all.permit(account, id, change).use { all.execute(it, change) } }
    }

    /** [Transactions.confirm]. */
    public suspend fun confirm(execution: Execution): Unit = finished { guard.transactions().use { it.confirm(execution) } }

    private suspend fun <R> finished(work: () -> R): R = finished(dispatcher, work)
}

/** An [Interaction] for coroutines. */
public class SuspendingInteraction internal constructor(
    private val call: Interaction,
    private val dispatcher: CoroutineDispatcher,
) {
    /** [Interaction.present]. */
    public suspend fun present(evidence: Evidence): Presented = finished { call.present(evidence) }

    /** [Interaction.view], for the length of [block]. Reading a value is short and does not wait. */
    public suspend fun <R> view(stored: Stored, vararg fields: String, block: suspend (View) -> R): R {
        val view = finished { call.view(stored, *fields) }
        try {
            return block(view)
        } finally {
            view.close()
        }
    }

    /** [Interaction.detokenise], for the length of [block]. */
    public suspend fun <R> detokenise(token: VaultToken, block: suspend (View) -> R): R {
        val view = finished { call.detokenise(token) }
        try {
            return block(view)
        } finally {
            view.close()
        }
    }

    /** [Interaction.verify]. */
    public suspend fun verify(stored: Stored, field: String, given: CharArray): Verification =
        finished { call.verify(stored, field, given) }

    /** [Interaction.decide]. */
    public suspend fun decide(action: Action): ActionDecision = finished { call.decide(action) }

    /** [Interaction.request]. */
    public suspend fun request(change: ChangeRequest): Requested = finished { call.request(change) }

    /** [Interaction.permit] and [Interaction.execute] at once. */
    public suspend fun execute(id: String, change: ChangeRequest): Execution =
        finished { call.permit(id, change).use { call.execute(it, change) } }

    /** [Interaction.sendToAddressOfRecord]. */
    public suspend fun sendToAddressOfRecord(stored: Stored, vararg fields: String): Receipt =
        finished { call.sendToAddressOfRecord(stored, *fields) }

    /** [Interaction.sendOneTimeCode]. */
    public suspend fun sendOneTimeCode(to: CodeTo): Unit = finished { call.sendOneTimeCode(to) }

    private suspend fun <R> finished(work: () -> R): R = finished(dispatcher, work)
}

/** Two steps: leaving a dispatcher drops the result where the coroutine outside was cancelled; leaving the job does not. */
private suspend fun <R> finished(dispatcher: CoroutineDispatcher, work: () -> R): R =
    withContext(NonCancellable) { withContext(dispatcher) { work() } }
