package dev.cpniguard

import java.time.Instant
import java.time.LocalDate
import dev.cpniguard.ffi.ErasureReceipt as Ffi

/**
 * How far an erasure is.
 *
 * @property epoch whose secret is gone: what is sealed under it and those before opens no more.
 * @property deleteAfter the day of the values whose secret is gone ([Guard.deleteDue]); `null`: it was an account's.
 * @property at when it was begun.
 * @property event the number of the event that proves it ([AuditLog.prove]); `null`: it was broken off before. Ask again.
 * @property isDeleted whether the secret is gone, from the store's files as well. `false`: it was broken off. Ask again.
 * @property keyVersion the version of the subject branch under which older copies of the store have the secret, which ends
 *   them when it is destroyed; `null`: there never was a secret.
 * @property backupsExpire when the last backup that holds the secret is gone, as the host said.
 * @property outstanding what the host has to delete yet: then [Guard.confirmDeleted].
 * @property isComplete whether nothing is left to do, but to wait for backups.
 */
public data class ErasureReceipt(
    val epoch: UInt,
    val deleteAfter: LocalDate?,
    val at: Instant,
    val event: ULong?,
    val isDeleted: Boolean,
    val keyVersion: UInt?,
    val backupsExpire: LocalDate?,
    val outstanding: List<String>,
    val isComplete: Boolean,
) {
    internal companion object {
        fun of(ffi: Ffi) = ErasureReceipt(
            ffi.epoch, ffi.deleteAfter?.date(), instantOfMicros(ffi.atMicros.toLong()), ffi.event, ffi.isDeleted, ffi.keyVersion,
            ffi.backupsExpire?.date(), ffi.outstanding, ffi.isComplete,
        )
    }
}

/**
 * Erases an account: its secret is deleted, and no copy of what was sealed under it opens again, in any process. Recorded
 * first. Ask again where it was broken off. Needs [GuardBuilder.subjects].
 *
 * [session]: who carries it out. [case]: the customer's request. [backupsExpire]: when the last backup that holds the
 * secret is gone; `null`: not known. [columns]: the host's columns that are not under the secret, beside the indexes and
 * columns of tokens that the library knows.
 */
@JvmOverloads
public fun Guard.erase(
    account: String,
    session: String,
    case: String,
    backupsExpire: LocalDate? = null,
    columns: List<String> = emptyList(),
): ErasureReceipt = ErasureReceipt.of(calling { ffi.erase(account, session, case, backupsExpire?.ffi(), columns) })

/**
 * Deletes what was to be deleted after a day that is over ([Guard.protectUntil]), of all accounts, with the steps and the
 * record of an erasure: a receipt for each day that there was something to do for. Once a day is enough: values open no more
 * from the end of their day on, whether this ran or not. The arguments are those of [Guard.erase].
 */
@JvmOverloads
public fun Guard.deleteDue(
    session: String,
    case: String,
    backupsExpire: LocalDate? = null,
    columns: List<String> = emptyList(),
): List<ErasureReceipt> =
    calling { ffi.deleteDue(session, case, backupsExpire?.ffi(), columns) }.map(ErasureReceipt::of)

/** How far the deletion of what was to be deleted after a day is; `null`: it was not begun. */
public fun Guard.deletionOf(deleteAfter: LocalDate): ErasureReceipt? =
    calling { ffi.deletionOf(deleteAfter.ffi()) }?.let(ErasureReceipt::of)

/** The host says that it deleted what a column held of the rows of a day. Recorded first. */
public fun Guard.confirmDueDeleted(deleteAfter: LocalDate, column: String, session: String): ErasureReceipt =
    ErasureReceipt.of(calling { ffi.confirmDueDeleted(deleteAfter.ffi(), column, session) })

/** How far the erasure of an account is; `null`: it was not begun. */
public fun Guard.erasureOf(account: String): ErasureReceipt? = calling { ffi.erasureOf(account) }?.let(ErasureReceipt::of)

/** How many erasures are not complete: broken off, or waiting for the host. Reads every row. */
public fun Guard.unfinishedErasures(): ULong = calling { ffi.unfinishedErasures() }

/** The host says that it deleted what a column held of an erased account. Recorded first. */
public fun Guard.confirmDeleted(account: String, column: String, session: String): ErasureReceipt =
    ErasureReceipt.of(calling { ffi.confirmDeleted(account, column, session) })

/**
 * Lets an erased account be sealed again, under a new secret and the next epoch, which it gives back. What was erased
 * stays so. [ErrorCode.SUBJECT_OUTSTANDING] while the host has columns to delete.
 */
public fun Guard.readmit(account: String, session: String, case: String): UInt = calling { ffi.readmit(account, session, case) }
