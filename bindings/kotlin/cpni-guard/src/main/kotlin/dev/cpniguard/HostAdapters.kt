package dev.cpniguard

import dev.cpniguard.ffi.CodeTo
import dev.cpniguard.ffi.AccountFactSource as FfiAccountFactSource
import dev.cpniguard.ffi.AgentDirectory as FfiAgentDirectory
import dev.cpniguard.ffi.AlarmSink as FfiAlarmSink
import dev.cpniguard.ffi.CheckpointSink as FfiCheckpointSink
import dev.cpniguard.ffi.ContactSource as FfiContactSource
import dev.cpniguard.ffi.Delivery as FfiDelivery
import dev.cpniguard.ffi.HotlineSource as FfiHotlineSource
import dev.cpniguard.ffi.KeyProvider as FfiKeyProvider
import dev.cpniguard.ffi.Notifier as FfiNotifier

internal fun AgentDirectory.ffi() = object : FfiAgentDirectory {
    override fun agent(session: String) = answer { this@ffi.agent(session)?.ffi }
}

internal fun ContactSource.ffi() = object : FfiContactSource {
    override fun contact(id: String) = answer { this@ffi.contact(id)?.ffi }
}

internal fun AccountFactSource.ffi() = object : FfiAccountFactSource {
    override fun accountFacts(account: String) = answer { this@ffi.accountFacts(account).ffi }
}

internal fun HotlineSource.ffi() = object : FfiHotlineSource {
    override fun released() = answer { this@ffi.released().micros() }

    override fun numbers() = answer { this@ffi.numbers() }
}

internal fun Delivery.ffi() = object : FfiDelivery {
    override fun send(account: String, to: String, values: ByteArray) = answer {
        values.asValues { this@ffi.send(account, to, it) }
    }

    override fun sendCode(account: String, to: CodeTo, address: String?, code: ByteArray) = answer {
        try {
            val chars = decode(code, 0, code.size)
            try {
                this@ffi.sendCode(account, to, address, chars)
            } finally {
                chars.fill('\u0000')
            }
        } finally {
            code.fill(0)
        }
    }

    override fun callBack(account: String) = answer { this@ffi.callBack(account) }
}

internal fun Notifier.ffi() = object : FfiNotifier {
    override fun queue(account: String, notice: NoticeFacts) = answer { this@ffi.queue(account, notice) }
}

internal fun AlarmSink.ffi() = object : FfiAlarmSink {
    override fun alarm(alarm: AlarmFacts) = answer { this@ffi.alarm(alarm) }
}

internal fun CheckpointSink.ffi() = object : FfiCheckpointSink {
    override fun publish(note: String) = answer { this@ffi.publish(note) }
}

internal fun KeyProvider.ffi() = object : FfiKeyProvider {
    override fun wrapKey(key: ByteArray) = answer {
        try {
            this@ffi.wrap(key)
        } finally {
            key.fill(0)
        }
    }

    // The array is lowered after this returns: it cannot be overwritten here.
    override fun unwrapKey(wrapped: ByteArray) = answer { this@ffi.unwrap(wrapped) }

    override fun loadDocument() = answer { this@ffi.load() }

    override fun storeDocument(document: ByteArray) = answer { this@ffi.store(document) }

    override fun replaceDocument(before: ByteArray, document: ByteArray) = answer { this@ffi.replace(before, document) }
}
