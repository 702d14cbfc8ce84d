package dev.cpniguard

import com.sun.jna.Native
import dev.cpniguard.ffi.ForeignBytes
import dev.cpniguard.ffi.InternalException
import dev.cpniguard.ffi.RustBuffer
import dev.cpniguard.ffi.UniffiLib
import dev.cpniguard.ffi.UniffiRustCallStatus
import java.nio.ByteBuffer
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import dev.cpniguard.ffi.CpniException as Failure

/**
 * What a call to the library needs, used again. The generated code makes a structure for the status of every call and
 * for every run of bytes that it lends, which costs several times the crossing: the calls that sealing and showing a
 * record are made of go through here, all others through the generated code.
 *
 * Rules: a door is one call's at a time, also where the host's callback calls in turn; what an answer's bytes were in
 * is given back, and so wiped, before anybody sees the copy.
 */
internal class Door private constructor() {
    // JNA neither writes nor reads them around a call: the memory itself is looked at.
    private val status = UniffiRustCallStatus().apply { setAutoSynch(false) }
    private val code = status.pointer
    private val loans = List(2) { ForeignBytes.ByValue().apply { setAutoSynch(false) } }
    private val memory = loans.map { it.pointer }
    private val lent = arrayOfNulls<ByteBuffer>(loans.size)

    /** Does one call, and throws what the generated code would. */
    inline fun <R> checked(work: (UniffiRustCallStatus) -> R): R {
        val result = work(status)
        if (code.getByte(0) != OK) throw failure()
        return result
    }

    /** Lends bytes from their first, whatever their position: pass a slice. One place for each argument. */
    fun lend(place: Int, bytes: ByteBuffer): ForeignBytes.ByValue {
        val len = bytes.remaining()
        lent[place] = bytes // so that they stay where they are until the call is over
        memory[place].setInt(0, len)
        memory[place].setPointer(Native.POINTER_SIZE.toLong(), if (len == 0) null else Native.getDirectBufferPointer(bytes))
        return loans[place]
    }

    /** What the generated code would read an answer from. */
    inline fun answer(work: (UniffiRustCallStatus) -> RustBuffer.ByValue): ByteArray = copied(checked(work), 0)

    /** An answer that is bytes: UniFFI writes their length, of four bytes, before them. */
    inline fun bytes(work: (UniffiRustCallStatus) -> RustBuffer.ByValue): ByteArray = copied(checked(work), 4)

    fun copied(buffer: RustBuffer.ByValue, from: Int): ByteArray {
        buffer.setAutoSynch(false)
        try {
            val bytes = ByteArray(Math.toIntExact(buffer.len) - from)
            buffer.data?.read(from.toLong(), bytes, 0, bytes.size)
            return bytes
        } finally {
            checked { UniffiLib.ffi_cpni_guard_ffi_rustbuffer_free(buffer, it) }
        }
    }

    private fun failure(): Exception {
        status.read()
        val failed = status.isError()
        val error = status.error_buf
        code.setByte(0, OK)
        if (failed) return Failure.lift(error)
        RustBuffer.free(error)
        return InternalException("")
    }

    internal companion object {
        private const val OK: Byte = 0
        private val free = ArrayBlockingQueue<Door>(32)

        inline fun <R> use(work: (Door) -> R): R {
            val door = free.poll() ?: Door()
            try {
                return work(door)
            } finally {
                door.lent.fill(null)
                // Not a door that something else than the library failed in.
                if (door.code.getByte(0) == OK) free.offer(door)
            }
        }
    }
}

/** Which of the library's objects a number stands for. */
internal enum class Kind {
    GUARD {
        override fun copy(handle: Long, status: UniffiRustCallStatus) =
            UniffiLib.uniffi_cpni_guard_ffi_fn_clone_guard(handle, status)

        override fun free(handle: Long, status: UniffiRustCallStatus) =
            UniffiLib.uniffi_cpni_guard_ffi_fn_free_guard(handle, status)
    },
    INTERACTION {
        override fun copy(handle: Long, status: UniffiRustCallStatus) =
            UniffiLib.uniffi_cpni_guard_ffi_fn_clone_interaction(handle, status)

        override fun free(handle: Long, status: UniffiRustCallStatus) =
            UniffiLib.uniffi_cpni_guard_ffi_fn_free_interaction(handle, status)
    },
    VIEW {
        override fun copy(handle: Long, status: UniffiRustCallStatus) =
            UniffiLib.uniffi_cpni_guard_ffi_fn_clone_disclosedview(handle, status)

        override fun free(handle: Long, status: UniffiRustCallStatus) =
            UniffiLib.uniffi_cpni_guard_ffi_fn_free_disclosedview(handle, status)
    }, ;

    abstract fun copy(handle: Long, status: UniffiRustCallStatus): Long

    abstract fun free(handle: Long, status: UniffiRustCallStatus)
}

/** An object of the library. It is freed by [close], or when the garbage collector finds that nobody has it. */
internal class Handle(private val handle: Long, private val kind: Kind) : AutoCloseable {
    private val cleanable = UniffiLib.CLEANER.register(this, Free(handle, kind))
    private val closed = AtomicBoolean(false)

    /** One for the owner, and one for each thread that is about to call. */
    private val users = AtomicInteger(1)

    /** Does calls with it; each takes a number of its own from [number]. */
    inline fun <R> call(work: Door.(number: Long) -> R): R = Door.use { door -> door.work(number(door)) }

    /** A number that one call takes. It keeps the object, whoever closes this meanwhile. */
    fun number(door: Door): Long {
        if (users.getAndUpdate { if (it == 0) 0 else it + 1 } == 0) throw CpniException(ErrorCode.BINDING_CLOSED)
        try {
            return door.checked { kind.copy(handle, it) }
        } finally {
            leave()
        }
    }

    override fun close() {
        if (closed.compareAndSet(false, true)) leave()
    }

    private fun leave() {
        if (users.decrementAndGet() == 0) cleanable.clean()
    }

    /** Holds no reference to the handle: the garbage collector would never find it. */
    private class Free(private val handle: Long, private val kind: Kind) : Runnable {
        override fun run() = Door.use { door -> door.checked { kind.free(handle, it) } }
    }
}
