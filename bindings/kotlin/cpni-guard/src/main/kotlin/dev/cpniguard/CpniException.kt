package dev.cpniguard

import dev.cpniguard.ffi.InternalException
import dev.cpniguard.ffi.CpniException as Failure

/**
 * Why a call failed: a stable code and its name, and nothing else. No text of a customer's, no cause with a
 * text of its own: it may go into a log as it is.
 *
 * @property code the number, as in [ErrorCode].
 * @property name the name of the number: `interaction_locked_out`.
 */
public class CpniException internal constructor(
    public val code: Int,
    public val name: String,
) : RuntimeException() {
    internal constructor(code: ErrorCode) : this(code.number, code.name.lowercase())

    /** The code; `null`: it is newer than this package. */
    public val known: ErrorCode? get() = ErrorCode.of(code)

    /** The number and its name: `E5003 interaction_ended`. */
    override val message: String get() = "E%04d %s".format(code, name)

    internal companion object {
        fun of(code: Int): CpniException = CpniException(code, ErrorCode.of(code)?.name?.lowercase() ?: "unknown")
    }
}

/** Does the work of one call, and makes what it fails with one exception without a text. */
internal inline fun <R> calling(work: () -> R): R = try {
    work()
} catch (failed: Failure.Failed) {
    throw CpniException.of(failed.code.toInt())
} catch (_: InternalException) {
    throw CpniException(ErrorCode.BINDING_PANIC)
} catch (_: IllegalStateException) { // what the generated code says of an object that was freed
    throw CpniException(ErrorCode.BINDING_CLOSED)
}

/** As [calling]; [closed] where the object was freed already. */
internal inline fun <R> unlessClosed(closed: R, work: () -> R): R = try {
    calling(work)
} catch (failed: CpniException) {
    if (failed.known != ErrorCode.BINDING_CLOSED) throw failed
    closed
}
