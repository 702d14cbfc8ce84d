package dev.cpniguard

import dev.cpniguard.ffi.KeyHolder
import java.time.Duration
import java.time.Instant
import java.time.LocalDate
import dev.cpniguard.ffi.GuardBuilder as Ffi

public typealias SetAsideLog = dev.cpniguard.ffi.SetAsideLog
public typealias StoreSettings = dev.cpniguard.ffi.StoreSettings

/**
 * Where the root keys come from: for [Guard.build], and for [Guard.keyDesk]. What protects them is read once, when one of
 * the two first asks, and forgotten by [close]; a guard that was built goes on.
 */
public class Keys private constructor(make: () -> KeyHolder) : AutoCloseable {
    private val made = lazy { calling(make) }
    internal val holder: KeyHolder by made

    override fun close() {
        if (made.isInitialized()) holder.close()
    }

    override fun toString(): String = "Keys(..)"

    public companion object {
        /**
         * In a file that a passphrase protects. [create]: makes the file where there is none; keys that were lost are
         * then replaced by new ones, which do not open what the old ones sealed. The passphrase stays yours to
         * overwrite, after the guard is built.
         */
        @JvmStatic
        @JvmOverloads
        public fun passphrase(path: String, passphrase: CharArray, create: Boolean = false): Keys =
            Keys { passphrase.lend { KeyHolder.passphrase(path, it, create) } }

        /** Wrapped by the host's key store. [create]: makes a keyring where there is none. */
        @JvmStatic
        @JvmOverloads
        public fun host(provider: KeyProvider, create: Boolean = false): Keys =
            Keys { KeyHolder.host(provider.ffi(), create) }

        /** Keys that end with the process: for tests and samples. */
        @JvmStatic
        public fun memory(): Keys = Keys { KeyHolder.memory() }
    }
}

/** Where the secrets of accounts are, under which an account can be erased ([Guard.erase]). */
public class Subjects private constructor(internal val into: (Ffi) -> Unit) {
    public companion object {
        /**
         * In an SQLite file in this folder. Its loss is the loss of everything sealed under it; its backups are what an
         * erasure waits for.
         */
        @JvmStatic
        public fun folder(path: String): Subjects = Subjects { it.subjectFolder(path) }

        /** In memory: for tests and samples. */
        @JvmStatic
        public fun memory(): Subjects = Subjects { it.memorySubjects() }
    }
}

/** Where the audit log and what is kept about accounts are. */
public class Store private constructor(internal val into: (Ffi) -> Unit) {
    public companion object {
        /** In SQLite files in this folder, which is made if it is not there. */
        @JvmStatic
        public fun folder(path: String): Store = Store { it.storeFolder(path) }

        /** The same, with settings. */
        @JvmStatic
        public fun folder(path: String, settings: StoreSettings): Store = Store { it.storeFolderWith(path, settings) }

        /**
         * Moves the audit log of a folder, which was refused, into a folder of its own in it, unchanged: evidence. The
         * next guard on the folder begins a new log: tell its builder [GuardBuilder.inPlaceOf].
         */
        @JvmStatic
        public fun setAside(path: String): SetAsideLog = calling { dev.cpniguard.ffi.setAsideAuditLog(path) }

        /** In memory: for tests and samples. */
        @JvmStatic
        public fun memory(): Store = Store { it.memoryStore() }
    }
}

/** The parts of a guard. Needed: schema, keys, a store, grants, agents and contacts. Used inside [Guard.build]. */
public class GuardBuilder internal constructor(private val ffi: Ffi) {
    /** The carrier or brand whose keys these are; `default` where it is not said. */
    public fun tenant(id: String): Unit = calling { ffi.tenant(id) }

    /** What the fields of a record are: the text of a schema file. What is wrong with one, [checkSchema] says. */
    public fun schema(toml: String): Unit = calling { ffi.schema(toml) }

    /** Where the root keys come from. */
    public fun keys(keys: Keys): Unit = calling { ffi.keys(keys.holder) }

    /** Where the audit log and what is kept about accounts are. */
    public fun store(store: Store): Unit = calling { store.into(ffi) }

    /**
     * Where the secrets of accounts are, so that accounts can be erased: what is sealed from then on takes the account's
     * secret in. What was sealed before opens as before, until [Guard.resealJob] has sealed it again.
     */
    public fun subjects(subjects: Subjects): Unit = calling { subjects.into(ffi) }

    /** The text of a grants file: what the host's roles may do. There may be several. [checkGrants] checks one. */
    public fun grants(toml: String): Unit = calling { ffi.grants(toml) }

    /** The text of a pack of the host's own, of `forbid`, `limit` and `oblige` rules. */
    public fun pack(name: String, toml: String): Unit = calling { ffi.pack(name, toml) }

    /** Follows a pack that is adopted or proposed, and not yet required. */
    public fun switchOn(pack: String): Unit = calling { ffi.switchOn(pack) }

    /** Switches a rule off until a day, even one whose reading is clear. Recorded, and in every attestation. */
    public fun overrideRule(rule: String, reason: String, approver: String, until: LocalDate): Unit = calling {
        ffi.overrideRule(rule, reason, approver, until.ffi())
    }

    /** Who knows the agents. */
    public fun agents(directory: AgentDirectory): Unit = calling {
        if (directory is MemoryAgents) ffi.memoryAgents(directory.ffi) else ffi.agents(directory.ffi())
    }

    /** Who knows the contacts. */
    public fun contacts(source: ContactSource): Unit = calling {
        if (source is MemoryContacts) ffi.memoryContacts(source.ffi) else ffi.contacts(source.ffi())
    }

    /** Who knows facts about accounts. Without it they are what [Guard.setAccountFacts] said. */
    public fun accountFacts(source: AccountFactSource): Unit = calling { ffi.accountFacts(source.ffi()) }

    /** The list of covered hotlines. Without it, customers' call logs are withheld. */
    public fun hotlines(source: HotlineSource): Unit = calling { ffi.hotlines(source.ffi()) }

    /** Who sends to customers. Without it nothing is sent and no code goes out. */
    public fun delivery(delivery: Delivery): Unit = calling { ffi.delivery(delivery.ffi()) }

    /** Who queues notices. Without it they wait in the library's own queue. */
    public fun notifier(notifier: Notifier): Unit = calling { ffi.notifier(notifier.ffi()) }

    /** The host's fraud systems. Without them every device is new, every account young, and no handset is unlocked. */
    public fun risks(source: RiskSource): Unit = calling { ffi.risks(source.ffi()) }

    /** The carrier's rules of risk for transactions, in place of the library's own. */
    public fun transactionRules(rules: TransactionRules): Unit = calling { ffi.transactionRules(rules.ffi) }

    /** The text of a file of watch rules, in place of the built-in ones. [checkWatch] checks one. */
    public fun watch(name: String, toml: String): Unit = calling { ffi.watch(name, toml) }

    /** Who is told when a rule of the watch trips. */
    public fun alarms(sink: AlarmSink): Unit = calling { ffi.alarms(sink.ffi()) }

    /** The clock of the host. */
    public fun clock(clock: GuardClock): Unit = calling {
        if (clock is ManualClock) ffi.manualClock(clock.ffi) else ffi.clock(clock.ffi())
    }

    /** After how long interactions end by themselves: without a call to them, and in any case. In whole seconds. */
    public fun timeLimits(idle: Duration, absolute: Duration): Unit =
        calling { ffi.timeLimits(idle.wholeSeconds(), absolute.wholeSeconds()) }

    /**
     * If a new audit log begins, it says that it does in the place of this one, which was refused and set aside.
     * [cause]: the code by which it was refused; `null`: not known. [decidedBy]: who decided to begin another one.
     */
    public fun inPlaceOf(aside: SetAsideLog, cause: ErrorCode? = null, decidedBy: AgentProfile? = null): Unit =
        calling { ffi.inPlaceOf(aside.log, (cause?.number ?: 0).toUShort(), decidedBy?.ffi) }

    /**
     * Who signs checkpoints of the audit log. Without it, a key of the audit root's does. The key is asked for now:
     * [ErrorCode.AUDIT_NOT_SIGNED] if the signer cannot say it.
     */
    public fun checkpointSigner(signer: CheckpointSigner): Unit = calling { ffi.checkpointSigner(signer.ffi()) }

    /** Takes checkpoints of the audit log outside the machine. There may be several. */
    public fun checkpointSink(sink: CheckpointSink): Unit = calling { ffi.checkpointSink(sink.ffi()) }

    /** Publishes checkpoints into a folder, which should be a mount from another machine. */
    public fun checkpointFolder(path: String): Unit = calling { ffi.checkpointFolder(path) }

    /** Makes a checkpoint after so many events (at least one), or after so long if there are new ones. */
    public fun checkpointEvery(events: ULong, time: Duration): Unit =
        calling { ffi.checkpointEvery(events, time.wholeSeconds()) }

    /** An agent who may ask which accounts an incident touched, by name. There may be several. */
    public fun breachOfficer(agent: String): Unit = calling { ffi.breachOfficer(agent) }

    private fun Duration.wholeSeconds(): ULong = seconds.coerceAtLeast(0).toULong()
}

/** Agents in memory, for samples and tests. A guard asks them without leaving the library. */
public class MemoryAgents : AgentDirectory, AutoCloseable {
    internal val ffi = calling { dev.cpniguard.ffi.MemoryAgents() }

    /** Signs an agent in under a token. */
    public fun signIn(token: String, profile: AgentProfile): Unit = calling { ffi.signIn(token, profile.ffi) }

    /** Signs an agent out. */
    public fun signOut(token: String): Unit = calling { ffi.signOut(token) }

    /** Nobody asks this: the guard asks the library. */
    override fun agent(session: String): AgentProfile? = null

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "MemoryAgents(..)"
}

/** Contacts in memory, for samples and tests. */
public class MemoryContacts : ContactSource, AutoCloseable {
    internal val ffi = calling { dev.cpniguard.ffi.MemoryContacts() }

    /** Starts or changes a contact. */
    public fun put(id: String, state: ContactState): Unit = calling { ffi.put(id, state.ffi) }

    /** Ends a contact. */
    public fun finish(id: String): Unit = calling { ffi.finish(id) }

    /** Nobody asks this: the guard asks the library. */
    override fun contact(id: String): ContactState? = null

    override fun close(): Unit = ffi.close()
}

/** A clock that stands still until it is moved, for samples and tests. */
public class ManualClock(start: Instant) : GuardClock, AutoCloseable {
    internal val ffi = calling { dev.cpniguard.ffi.ManualClock(start.micros()) }

    /** Moves it forward. */
    public fun advance(by: Duration): Unit = calling { ffi.advance((by.toNanos() / 1_000).coerceAtLeast(0).toULong()) }

    override fun now(): Instant = instantOfMicros(calling { ffi.micros() }.toLong())

    override fun close(): Unit = ffi.close()
}
