package dev.cpniguard

import java.nio.ByteBuffer
import java.time.LocalDate
import dev.cpniguard.ffi.LostKeys as FfiLostKeys
import dev.cpniguard.ffi.StolenRecords as FfiStolen

public typealias AuditGap = dev.cpniguard.ffi.AuditGap
public typealias ScopeSource = dev.cpniguard.ffi.ScopeSource

/** Which versions of the data root were lost together with sealed data. */
public sealed class LostKeys {
    /** It is not known: every one counts as lost. */
    public object NotKnown : LostKeys() {
        override fun toString(): String = "NotKnown"
    }

    /** These, and no other. */
    public data class Versions(val versions: Set<UInt>) : LostKeys()

    /** None: it is established that the keys are safe. */
    public object None : LostKeys() {
        override fun toString(): String = "None"
    }

    internal fun ffi(): FfiLostKeys = when (this) {
        is NotKnown -> FfiLostKeys.NotKnown
        is Versions -> FfiLostKeys.Versions(versions.toList())
        is None -> FfiLostKeys.NoneLost
    }
}

/**
 * Sealed records that were copied from the host's database. Which data keys were lost with them decides whether they
 * count as opened. It names accounts, so it prints nothing.
 */
public class StolenRecords @JvmOverloads constructor(lost: LostKeys = LostKeys.NotKnown) : AutoCloseable {
    internal val ffi = calling { FfiStolen(lost.ffi()) }

    /** A sealed record of this account. What it holds, its bytes say in the open; nothing is opened. */
    public fun add(account: String, record: SealedRecord): Unit =
        calling { record.bytes.lend { bytes: ByteBuffer -> ffi.add(account, bytes) } }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "StolenRecords(..)"
}

/** The incident of a breach report with the customers and the classes of this scope; the rest is yours to say. */
public fun BreachScope.incident(determined: LocalDate): Incident =
    Incident(determined, affected = exposures(), customers = customers())
