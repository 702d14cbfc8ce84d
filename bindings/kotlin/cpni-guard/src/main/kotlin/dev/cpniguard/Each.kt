package dev.cpniguard

import java.nio.ByteBuffer

/** What became of one of several. */
public sealed class Each<out T> {
    /** It was done. @property value what came of it. */
    public class Done<out T> internal constructor(public val value: T) : Each<T>()

    /** This one failed, the others did not. @property error why. */
    public class Failed<out T> internal constructor(public val error: CpniException) : Each<T>()

    /** What came of it, or the exception. */
    public fun get(): T = when (this) {
        is Done -> value
        is Failed -> throw error
    }
}

/** A list of the layout: a count, and what [item] writes of each. */
internal inline fun <T, R> Collection<T>.lendEach(item: T.(Wire) -> Unit, use: (ByteBuffer) -> R): R = Wire().use { wire ->
    wire.u32(size)
    for (each in this) each.item(wire)
    use(wire.lent())
}

/** A list of results of the layout. */
internal inline fun <T> ByteArray.asResults(of: (String) -> T): List<Each<T>> {
    val reader = WireReader(this)
    val results = List(reader.count(LEAST_RESULT)) {
        when (reader.u8()) {
            0 -> Each.Failed(CpniException.of(reader.u16()))
            1 -> Each.Done(of(reader.string32()))
            else -> throw CpniException(ErrorCode.BINDING_LAYOUT)
        }
    }
    if (reader.at != size) throw CpniException(ErrorCode.BINDING_LAYOUT)
    return results
}

/** Which result, and a code. */
internal const val LEAST_RESULT = 3
